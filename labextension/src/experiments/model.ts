/** What the sidebar's tree shows: which rows, which of them open, active, selected, being renamed. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { StoreMirror } from '../client/mirror';
import type { TrialList } from '../client/trials';
import { Selection, type SelectMode } from '../parts/selection';
import type { SearchModel } from '../search/model';
import type { ExperimentRecord } from '../wire';
import { type Row, TreeRows } from './rows';

/** Places asked for when an experiment is opened, before it is known which are in sight. */
const FIRST_SIGHT = 60;

/** The state of the tree; all facts come from the mirror. */
export class ExperimentsModel implements IDisposable {
  /**
   * @param mirror - The lists.
   * @param search - What is asked for.
   */
  constructor(
    readonly mirror: StoreMirror,
    readonly search: SearchModel
  ) {
    this.#maker = new TreeRows(mirror);
    mirror.changed.connect(this.#onMirror, this);
    mirror.removed.connect(this.#onRemoved, this);
    search.asked.connect(this.#onAsked, this);
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  get rows(): readonly Row[] {
    return (this.#rows ??= this.#maker.build(this.#ordered(), {
      open: this.#open,
      shut: this.#shut,
      version: this.#version,
      words: this.mirror.lists.found ? this.search.query.words : null
    }));
  }

  /** Whether an answer to the query is on its way. */
  get searching(): boolean {
    const { wanted, found } = this.mirror.lists;
    return wanted !== null && wanted !== found && !wanted.problem;
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
    const { rows } = this;
    const place = this.#place;
    const isThere =
      place >= 0 && place < rows.length && rows[place].key === this.#active;
    return isThere
      ? rows[place]
      : (rows.find(({ key }) => key === this.#active) ?? null);
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
    if (this.mirror.lists.held !== engaged) {
      this.mirror.lists.held = engaged;
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
      if (this.mirror.lists.found !== null) {
        this.#shut.add(key);
      }
    }
    this.#tell(true);
  }

  collapseAll(): void {
    this.#open.clear();
    this.#tell(true);
  }

  /** Keys of the open rows, to be kept across a reload of the page. */
  get open(): readonly string[] {
    return [...this.#open];
  }

  set open(keys: readonly string[]) {
    keys.forEach(key => this.#open.add(key));
    this.#version++;
    this.#onMirror();
  }

  /** Select a trial and make it active. */
  select(key: string, mode: SelectMode): void {
    const from = this.selection.pivot;
    this.selection.select(key, mode, this.#trialKeys);
    this.active = key;
    if (mode === 'range' && from !== null) {
      void this.#fillSpan(from, key);
    }
  }

  /** Select all trials of the active row's experiment, those that were not read included. */
  async selectAll(): Promise<void> {
    const experiment = this.#experimentOf(this.activeRow);
    const shown = this.rows.filter(
      row => row.kind === 'trial' && this.#experimentOf(row) === experiment
    );
    this.selection.replace(shown.map(({ key }) => key));
    this.#tell();
    const list = experiment === null ? null : this.#listOf(experiment);
    if (list && !list.complete) {
      const ids = await list.ids();
      this.selection.replace([...ids, ...this.selection.keys]);
      this.#tell();
    }
  }

  clearSelection(): void {
    this.selection.clear();
    this.#tell();
  }

  /** Make the row above an active one in the tree active. */
  activateParent(): void {
    const { rows } = this;
    const row = this.activeRow;
    const above = row
      ? rows
          .slice(0, rows.indexOf(row))
          .reverse()
          .find(other => other.level < row.level)
      : undefined;
    if (above) {
      this.active = above.key;
    }
  }

  /** Read the trials that came into sight. */
  show(first: number, last: number): void {
    const wanted = new Map<string, [number, number]>();
    for (const row of this.rows.slice(first, last)) {
      const of = this.#experimentOf(row);
      if ('place' in row && row.place >= 0 && of !== null) {
        const [from, to] = wanted.get(of) ?? [row.place, row.place];
        wanted.set(of, [Math.min(from, row.place), Math.max(to, row.place)]);
      }
    }
    for (const [experiment, [from, to]] of wanted) {
      void this.#listOf(experiment).show(from, to + 1);
    }
  }

  /** Read anew what is below a row. */
  retry(key: string): void {
    if (this.#isExperiment(key)) {
      void this.#listOf(key).reload();
    } else {
      void this.mirror.loadDetail(key);
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.mirror.changed.disconnect(this.#onMirror, this);
    this.mirror.removed.disconnect(this.#onRemoved, this);
    this.search.asked.disconnect(this.#onAsked, this);
    Signal.clearData(this);
  }

  get #trialKeys(): string[] {
    return this.rows.flatMap(row => (row.kind === 'trial' ? row.key : []));
  }

  /** Put the trials between two rows that were not read yet into the selection too. */
  async #fillSpan(from: string, to: string): Promise<void> {
    const { rows } = this;
    const ends = [from, to].map(end => rows.findIndex(row => row.key === end));
    const [first, last] = [Math.min(...ends), Math.max(...ends)];
    const span = rows.slice(Math.max(0, first), last + 1);
    const unread = span.filter(row => row.kind === 'pending' && row.place >= 0);
    const lists = new Set(unread.map(row => this.#experimentOf(row) ?? ''));
    const ids = new Map<string, string[]>();
    for (const experiment of lists) {
      ids.set(experiment, await this.#listOf(experiment).ids());
    }
    if (unread.length > 0) {
      const keys = span.flatMap(row => {
        if (row.kind === 'pending' && row.place >= 0) {
          return ids.get(row.of)?.[row.place] ?? [];
        }
        return row.kind === 'trial' ? row.key : [];
      });
      this.selection.replace(keys);
      this.#tell();
    }
  }

  #experimentOf(row: Row | null): string | null {
    switch (row?.kind) {
      case 'experiment':
        return row.key;
      case 'trial':
        return row.trial.experiment_id;
      case 'component':
        return this.mirror.findTrial(row.trial)?.experiment_id ?? null;
      case 'pending':
        return row.place < 0 ? null : row.of;
      default:
        return null;
    }
  }

  /** The trials that are listed below an experiment. */
  #listOf(experiment: string): TrialList {
    const { lists } = this.mirror;
    const found = lists.found?.list(experiment);
    return found && found.length > 0 ? found : lists.of(experiment);
  }

  #isExperiment(key: string): boolean {
    return this.mirror.experiments.some(({ id }) => id === key);
  }

  /** Read what an opened row shows. */
  #read(key: string): void {
    if (this.#isExperiment(key)) {
      const list = this.mirror.trials(key);
      if (!list.known) {
        void list.show(0, FIRST_SIGHT);
      }
    } else if (this.mirror.findTrial(key)) {
      this.mirror.needDetail(key);
    }
  }

  #onAsked(): void {
    this.#shut.clear();
    this.#version++;
    this.mirror.lists.search(this.search.query.query);
    this.#tell();
  }

  #onRemoved(_: StoreMirror, ids: readonly string[]): void {
    this.selection.keep(id => !ids.includes(id));
  }

  #onMirror(): void {
    this.#openNew();
    this.search.problem = this.mirror.lists.wanted?.problem ?? null;
    this.#rows = null;
    this.#holdActive();
    this.#tell();
  }

  /** When the active row is gone, what took its place becomes active. */
  #holdActive(): void {
    const { rows } = this;
    if (rows[this.#place]?.key === this.#active) {
      return;
    }
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
      this.#version++;
    }
    this.#open.forEach(key => this.#read(key));
  }

  /** @param reopened - Rows were opened or closed. */
  #tell(reopened = false): void {
    this.#version += Number(reopened);
    this.#rows = null;
    if (!this.#disposed) {
      this.#changed.emit();
    }
  }

  /** Latest activity first; while the reader is in the list, new experiments on top and the others where they were. */
  #ordered(): readonly ExperimentRecord[] {
    const { lists } = this.mirror;
    let experiments = this.mirror.experiments.filter(
      ({ archived }) => lists.listing.archived || !archived
    );
    if (lists.held) {
      const place = new Map(this.#order.map((id, index) => [id, index]));
      experiments = [...experiments].sort(
        (a, b) => (place.get(a.id) ?? -1) - (place.get(b.id) ?? -1)
      );
    }
    this.#order = experiments.map(({ id }) => id);
    return experiments;
  }

  readonly #maker: TreeRows;
  readonly #changed = new Signal<this, void>(this);
  readonly #open = new Set<string>();
  /** What the reader has closed while a search holds it open. */
  readonly #shut = new Set<string>();
  readonly #known = new Set<string>();
  #active: string | null = null;
  /** Where the active row was last seen; -1 when it was not. */
  #place = -1;
  #renaming: string | null = null;
  #version = 0;
  #begun = false;
  #order: string[] = [];
  #rows: Row[] | null = null;
  #disposed = false;
}
