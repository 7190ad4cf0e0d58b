/** What the sidebar's tree shows: which rows, which of them open, active, selected, being renamed. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { StoreMirror } from '../client/mirror';
import { PAGE } from '../client/trials';
import { Selection, type SelectMode } from '../parts/selection';
import type { ExperimentRecord } from '../wire';
import { buildRows, type Row } from './rows';

/** The state of the tree; all facts come from the mirror. */
export class ExperimentsModel implements IDisposable {
  constructor(readonly mirror: StoreMirror) {
    mirror.changed.connect(this.#onMirror, this);
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  get rows(): readonly Row[] {
    return (this.#rows ??= buildRows(this.#ordered(), this.mirror, {
      open: this.#open,
      shut: this.#shut,
      needle: this.#needle
    }));
  }

  get filter(): string {
    return this.#filter;
  }

  /** Show only experiments and trials whose names contain a text; reads all trials to find them. */
  set filter(text: string) {
    this.#filter = text;
    this.#shut.clear();
    if (this.#needle !== '') {
      void this.#search();
    }
    this.#tell();
  }

  /** Trials read and to read while the filter searches; null when all are read. */
  get searching(): { read: number; all: number } | null {
    if (this.#needle === '') {
      return null;
    }
    let [read, all, done] = [0, 0, true];
    for (const { id, trials } of this.mirror.experiments) {
      const list = this.mirror.trials(id);
      read += list.items.length;
      all += Math.max(trials, list.items.length);
      done &&= list.complete || list.problem !== null;
    }
    return done ? null : { read, all };
  }

  /** The selected trials. */
  readonly selection = new Selection();

  /** The key of the row that commands act on. */
  get active(): string | null {
    return this.#active;
  }

  set active(key: string | null) {
    this.#active = key;
    this.#place = this.rows.findIndex(row => row.key === key);
    this.#renaming = null;
    this.#tell();
  }

  get activeRow(): Row | null {
    return this.rows.find(({ key }) => key === this.#active) ?? null;
  }

  /** The key of the row whose name is being edited. */
  get renaming(): string | null {
    return this.#renaming;
  }

  set renaming(key: string | null) {
    this.#renaming = key;
    this.#tell();
  }

  /** While the reader is in the list, experiments keep their order. */
  set engaged(engaged: boolean) {
    if (this.#engaged !== engaged) {
      this.#engaged = engaged;
      if (!engaged) {
        this.#tell();
      }
    }
  }

  /** Experiments or trials that a command without arguments acts on: the selection, or else the active row. */
  get targets(): readonly string[] {
    const row = this.activeRow;
    const alone =
      row?.kind === 'experiment' ||
      (row?.kind === 'trial' && !this.selection.has(row.key));
    return alone ? [row.key] : this.selection.keys;
  }

  /** Open or close an experiment or trial. */
  toggle(key: string, open: boolean): void {
    this.#shut.delete(key);
    if (open) {
      this.#open.add(key);
      this.#read(key);
    } else {
      this.#open.delete(key);
      if (this.#needle !== '') {
        this.#shut.add(key);
      }
    }
    this.#tell();
  }

  collapseAll(): void {
    this.#open.clear();
    this.#tell();
  }

  /** Keys of the open rows, to be kept across a reload of the page. */
  get open(): readonly string[] {
    return [...this.#open];
  }

  set open(keys: readonly string[]) {
    keys.forEach(key => this.#open.add(key));
    this.#onMirror();
  }

  /** Select a trial and make it active. */
  select(key: string, mode: SelectMode): void {
    this.selection.select(key, mode, this.#trialKeys);
    this.active = key;
  }

  /** Select all trials in the list. */
  selectAll(): void {
    this.selection.replace(this.#trialKeys);
    this.#tell();
  }

  clearSelection(): void {
    this.selection.clear();
    this.#tell();
  }

  /** Make the row above an active one in the tree active. */
  activateParent(): void {
    const row = this.activeRow;
    if (row?.kind === 'trial') {
      this.active = row.trial.experiment_id;
    } else if (row?.kind === 'component') {
      this.active = row.trial;
    }
  }

  /** Read the trials that came into sight. */
  show(first: number, last: number): void {
    const wanted = new Map<string, number>();
    for (const row of this.rows.slice(first, last)) {
      if (row.kind === 'pending' && row.place >= 0) {
        wanted.set(row.of, row.place);
      }
    }
    for (const [experiment, place] of wanted) {
      void this.mirror.trials(experiment).load(place + PAGE);
    }
  }

  /** Read anew what is below a row. */
  retry(key: string): void {
    if (this.mirror.findTrial(key)) {
      void this.mirror.loadDetail(key);
    } else {
      void this.mirror.trials(key).reload();
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.mirror.changed.disconnect(this.#onMirror, this);
    Signal.clearData(this);
  }

  get #trialKeys(): string[] {
    return this.rows.flatMap(row => (row.kind === 'trial' ? row.key : []));
  }

  get #needle(): string {
    return this.#filter.trim().toLowerCase();
  }

  /** Read what an opened row shows. */
  #read(key: string): void {
    if (this.mirror.experiments.some(({ id }) => id === key)) {
      void this.mirror.trials(key).load(PAGE);
    } else if (this.mirror.findTrial(key)) {
      this.mirror.needDetail(key);
    }
  }

  async #search(): Promise<void> {
    const needle = this.#needle;
    for (const { id } of [...this.mirror.experiments]) {
      if (this.#needle !== needle || this.#disposed) {
        return;
      }
      await this.mirror.trials(id).load(Infinity);
    }
  }

  #onMirror(): void {
    this.#openNew();
    this.selection.keep(id => this.mirror.findTrial(id) !== undefined);
    this.#rows = null;
    this.#holdActive();
    this.#tell();
  }

  /** When the active row is gone, what took its place becomes active. */
  #holdActive(): void {
    const { rows } = this;
    const place = rows.findIndex(({ key }) => key === this.#active);
    if (place >= 0) {
      this.#place = place;
    } else if (this.#place >= 0) {
      this.#active = rows[Math.min(this.#place, rows.length - 1)]?.key ?? null;
    }
  }

  /** Open what a newcomer wants to see: the latest experiment at first, later each that begins. */
  #openNew(): void {
    const { experiments, phase } = this.mirror;
    if (phase !== 'ready') {
      return;
    }
    const fresh = experiments.filter(({ id }) => !this.#known.has(id));
    fresh.forEach(({ id }) => this.#known.add(id));
    const wanted = this.#begun
      ? fresh
      : fresh.slice(0, this.#open.size ? 0 : 1);
    this.#begun = true;
    for (const { id } of wanted) {
      this.#open.add(id);
    }
    this.#open.forEach(key => this.#read(key));
  }

  #tell(): void {
    this.#rows = null;
    if (!this.#disposed) {
      this.#changed.emit();
    }
  }

  /** Latest activity first; while the reader is in the list, new experiments on top and the others where they were. */
  #ordered(): readonly ExperimentRecord[] {
    let experiments = this.mirror.experiments;
    if (this.#engaged) {
      const place = new Map(this.#order.map((id, index) => [id, index]));
      experiments = [...experiments].sort(
        (a, b) => (place.get(a.id) ?? -1) - (place.get(b.id) ?? -1)
      );
    }
    this.#order = experiments.map(({ id }) => id);
    return experiments;
  }

  readonly #changed = new Signal<this, void>(this);
  readonly #open = new Set<string>();
  /** Experiments that the reader has closed while the filter holds them open. */
  readonly #shut = new Set<string>();
  readonly #known = new Set<string>();
  #filter = '';
  #active: string | null = null;
  /** Where the active row was last seen; -1 when it was not. */
  #place = -1;
  #renaming: string | null = null;
  #engaged = false;
  #begun = false;
  #order: string[] = [];
  #rows: Row[] | null = null;
  #disposed = false;
}
