/** Which trials are compared, what is known of them, and how the reader looks at it. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { ChartsModel } from '../charts/chartsModel';
import { type LabdeckError, toLabdeckError } from '../client/errors';
import { CurvesModel } from '../curves/model';
import { DifferenceModel } from '../difference/model';
import { TableModel } from '../facts/tableModel';
import { allSeries, mergeMetrics } from '../readings';
import { Refresher } from '../refresher';
import type { AnyEvent, ILabdeckClient } from '../tokens';
import type { Face, IViewBody } from '../views/body';
import type { Comparison, TrialFacts, TrialRecord, ViewRecord } from '../wire';

/** The server compares at most so many trials at once. */
export const MOST_TRIALS = 200;

const INTERVAL = 500;

/** One comparison: its trials in the reader's order, kept up to date from the events of the store. */
export class ComparisonModel implements IDisposable {
  /**
   * @param trials - Ids of the trials to begin with.
   * @param experiment - What the comparison is called until its trials are known.
   */
  constructor(
    client: ILabdeckClient,
    trials: readonly string[],
    experiment = ''
  ) {
    this.client = client;
    this.curves = new CurvesModel(client);
    this.table = new TableModel(client);
    this.charts = new ChartsModel(client);
    this.difference = new DifferenceModel(client);
    for (const part of [
      this.curves,
      this.table,
      this.charts,
      this.difference
    ]) {
      part.changed.connect(this.#onPart, this);
    }
    this.#ids = [...new Set(trials)];
    this.#experiment = experiment;
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
    this.refresh();
  }

  readonly client: ILabdeckClient;
  readonly curves: CurvesModel;
  readonly table: TableModel;
  readonly charts: ChartsModel;
  readonly difference: DifferenceModel;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** The trials asked for, those that do not exist included. */
  get trials(): readonly string[] {
    return this.#ids;
  }

  /** The facts of those that exist, in the order of `trials`. */
  get facts(): readonly TrialFacts[] {
    return this.#facts;
  }

  /** The facts of those that are not hidden. */
  get shown(): readonly TrialFacts[] {
    return this.#facts.filter(f => !this.#hidden.has(f.trial.id));
  }

  /** Trials left out of what is shown. */
  get hidden(): ReadonlySet<string> {
    return this.#hidden;
  }

  /** Trials that were deleted or never existed. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /** How many trials were left out because there are too many. */
  get excess(): number {
    return Math.max(0, this.#ids.length - MOST_TRIALS);
  }

  /** Why the facts could not be read; the last ones known stay. */
  get error(): LabdeckError | null {
    return this.#error;
  }

  /** Whether nothing is known yet. */
  get isLoading(): boolean {
    const isAsked = this.#ids.length > 0 || this.#follow !== null;
    return !this.#read && this.#error === null && isAsked;
  }

  get tab(): Face {
    return this.#tab;
  }

  /** The experiment whose latest trials are compared; null where the trials were chosen. */
  get follow(): string | null {
    return this.#follow;
  }

  /** The saved view that was opened or saved here. */
  get view(): ViewRecord | null {
    return this.#view;
  }

  set view(view: ViewRecord | null) {
    this.#view = view;
    this.#changed.emit();
  }

  /** The names of the experiments compared. */
  get experiment(): string {
    const names = new Set(this.#facts.map(f => f.trial.experiment));
    return names.size > 0 ? [...names].join(', ') : this.#experiment;
  }

  /** The experiment that all trials belong to; null if there are several, or none. */
  get home(): string | null {
    const ids = new Set(this.#facts.map(f => f.trial.experiment_id));
    return ids.size === 1 ? [...ids][0] : null;
  }

  /** Show another face. */
  setTab(tab: Face): void {
    this.#tab = tab;
    this.#changed.emit();
  }

  /** Hide a trial, or show it again. */
  toggleHidden(id: string): void {
    const hidden = new Set(this.#hidden);
    if (!hidden.delete(id)) {
      hidden.add(id);
    }
    this.#hidden = hidden;
    this.#update();
  }

  /** Show all trials again. */
  showAll(): void {
    this.#hidden = new Set();
    this.#update();
  }

  /** Compare exactly these trials. */
  setTrials(ids: Iterable<string>): void {
    this.#follow = null;
    this.#setIds([...new Set(ids)]);
    this.refresh();
  }

  /** Compare the latest trials of an experiment, those to come included. */
  followExperiment(id: string): void {
    this.#follow = id;
    this.refresh();
  }

  /** Take a trial out of the comparison. */
  removeTrial(id: string): void {
    this.setTrials(this.#ids.filter(other => other !== id));
  }

  /** What is compared and how, to be kept. */
  keep(): IViewBody {
    return {
      trials: this.#ids,
      follow: this.#follow,
      hidden: [...this.#hidden],
      tab: this.#tab,
      table: this.table.keep(),
      curves: this.curves.keep(),
      charts: this.charts.keep(),
      difference: this.difference.keep()
    };
  }

  /** Compare what was kept, as it was looked at. */
  restore(body: IViewBody): void {
    this.#follow = body.follow;
    this.#hidden = new Set(body.hidden);
    this.#tab = body.tab;
    this.#setIds([...new Set(body.trials)]);
    this.table.restore(body.table);
    this.curves.restore(body.curves);
    this.charts.restore(body.charts);
    this.difference.restore(body.difference);
    this.#update();
    this.refresh();
  }

  /** Read all facts anew. */
  refresh(): void {
    this.#refresher.request();
  }

  dispose(): void {
    this.#refresher.dispose();
    for (const part of [
      this.curves,
      this.table,
      this.charts,
      this.difference
    ]) {
      part.dispose();
    }
    Signal.clearData(this);
  }

  #onStale(): void {
    this.refresh();
  }

  #onPart(): void {
    this.#changed.emit();
  }

  #setIds(ids: readonly string[]): void {
    const kept = new Set(ids);
    this.#ids = ids;
    this.#facts = this.#facts.filter(f => kept.has(f.trial.id));
    this.#missing = this.#missing.filter(id => kept.has(id));
    this.#update();
  }

  async #readFacts(): Promise<void> {
    try {
      await this.#readTrials();
      const asked = this.#ids;
      const meanwhile: AnyEvent[] = [];
      this.#meanwhile = meanwhile;
      const answer =
        asked.length === 0
          ? { trials: [], missing: [] }
          : await this.client.comparison(asked.slice(0, MOST_TRIALS));
      // If the trials were changed meanwhile, they are about to be read again.
      if (asked === this.#ids) {
        this.#take(answer);
        this.#apply(meanwhile);
      }
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#meanwhile = null;
    this.#update();
  }

  /** Where an experiment is followed: which its latest trials are. */
  async #readTrials(): Promise<void> {
    const follow = this.#follow;
    if (follow === null) {
      return;
    }
    const { trials } = await this.client.trials(follow, 0, MOST_TRIALS);
    if (follow === this.#follow) {
      this.#setIds(trials.map(({ id }) => id));
    }
  }

  #take(answer: Comparison): void {
    const gone = answer.trials.filter(f => f.trial.deleted != null);
    this.#facts = answer.trials.filter(f => f.trial.deleted == null);
    this.#missing = [...answer.missing, ...gone.map(f => f.trial.id)];
    this.#error = null;
    this.#read = true;
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    // The answer on its way may be older than these: they are applied again when it is here.
    this.#meanwhile?.push(...events);
    if (this.#apply(events)) {
      this.#update();
    }
  }

  /** Take in events; returns whether any was of a trial that is compared. */
  #apply(events: readonly AnyEvent[]): boolean {
    const ids = new Set(this.#ids);
    let changed = false;
    for (const event of events) {
      if (event.event === 'trial-changed' && ids.has(event.trial.id)) {
        changed = true;
        this.#onTrial(event.trial);
      } else if (
        event.event === 'trial-changed' &&
        event.trial.experiment_id === this.#follow
      ) {
        this.refresh();
      } else if (
        event.event === 'metrics-advanced' &&
        ids.has(event.trial_id)
      ) {
        changed = true;
        this.#replace(event.trial_id, f => mergeMetrics(f, event));
        if (event.truncated) {
          this.refresh();
        }
      } else if (
        event.event === 'detail-changed' &&
        event.what === 'params' &&
        ids.has(event.trial_id)
      ) {
        this.refresh();
      }
    }
    return changed;
  }

  #onTrial(trial: TrialRecord): void {
    const known = this.#facts.some(f => f.trial.id === trial.id);
    if (known === (trial.deleted == null)) {
      this.#replace(trial.id, facts => ({ ...facts, trial }));
    } else {
      this.refresh();
    }
  }

  #replace(id: string, change: (facts: TrialFacts) => TrialFacts): void {
    this.#facts = this.#facts.map(f => (f.trial.id === id ? change(f) : f));
  }

  /** Tell the parts which trials are shown. */
  #update(): void {
    const shown = this.shown;
    this.curves.setTrials(
      shown.map(f => f.trial.id),
      allSeries(shown)
    );
    this.table.setTrials(shown);
    this.charts.setTrials(shown);
    this.difference.setTrials(shown.map(f => f.trial));
    this.#changed.emit();
  }

  #ids: readonly string[];
  #facts: readonly TrialFacts[] = [];
  #missing: readonly string[] = [];
  #error: LabdeckError | null = null;
  #read = false;
  #meanwhile: AnyEvent[] | null = null;
  #tab: Face = 'table';
  #hidden: ReadonlySet<string> = new Set();
  #follow: string | null = null;
  #view: ViewRecord | null = null;
  readonly #experiment: string;
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#readFacts(), INTERVAL);
}
