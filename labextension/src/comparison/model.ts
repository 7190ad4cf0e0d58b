/** Which trials are compared, what is known of them, and how the reader looks at it. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import { CurvesModel } from '../curves/model';
import { nextSort, type ISort } from '../parts/sorting';
import { allSeries, mergeMetrics } from '../readings';
import { Refresher } from '../refresher';
import type { AnyEvent, ILabdeckClient } from '../tokens';
import type { Comparison, TrialFacts, TrialRecord } from '../wire';

/** The server compares at most so many trials at once. */
export const MOST_TRIALS = 200;

const INTERVAL = 500;

/** How the reader looks at a comparison. */
export interface IComparisonView {
  tab: 'table' | 'curves';
  /** Show only columns in which the trials differ. */
  differing: boolean;
  /** The trial from which differences are counted; null for none. */
  baseline: string | null;
  sort: ISort | null;
  /** Trials left out of the table and the curves for now. */
  hidden: ReadonlySet<string>;
  /** Ids of the columns that the reader chose; null leaves the choice to the table. */
  columns: ReadonlySet<string> | null;
}

const FIRST_VIEW: IComparisonView = {
  tab: 'table',
  differing: true,
  baseline: null,
  sort: null,
  hidden: new Set(),
  columns: null
};

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
    this.#ids = [...new Set(trials)];
    this.#experiment = experiment;
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
    this.refresh();
  }

  readonly client: ILabdeckClient;
  readonly curves: CurvesModel;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Sent when trials were added or taken out, by the reader. */
  get trialsChanged(): ISignal<this, void> {
    return this.#trialsChanged;
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
    return this.#facts.filter(f => !this.#view.hidden.has(f.trial.id));
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
    return !this.#read && this.#error === null && this.#ids.length > 0;
  }

  get view(): IComparisonView {
    return this.#view;
  }

  /** The names of the experiments compared. */
  get experiment(): string {
    const names = new Set(this.#facts.map(f => f.trial.experiment));
    return names.size > 0 ? [...names].join(', ') : this.#experiment;
  }

  /** Change how the comparison is looked at. */
  setView(view: Partial<IComparisonView>): void {
    this.#view = { ...this.#view, ...view };
    this.#update();
  }

  /** Sort by a column as a click on its head does. */
  sortBy(column: string): void {
    this.setView({ sort: nextSort(this.#view.sort, column) });
  }

  /** Hide a trial, or show it again. */
  toggleHidden(id: string): void {
    const hidden = new Set(this.#view.hidden);
    if (!hidden.delete(id)) {
      hidden.add(id);
    }
    this.setView({ hidden });
  }

  /** Count differences from a trial, or from none if it is the baseline already. */
  toggleBaseline(id: string): void {
    this.setView({ baseline: this.#view.baseline === id ? null : id });
  }

  /** Compare exactly these trials. */
  setTrials(ids: Iterable<string>): void {
    const wanted = [...new Set(ids)];
    const kept = new Set(wanted);
    this.#ids = wanted;
    this.#facts = this.#facts.filter(f => kept.has(f.trial.id));
    this.#missing = this.#missing.filter(id => kept.has(id));
    this.#update();
    this.#trialsChanged.emit();
    this.refresh();
  }

  /** Take a trial out of the comparison. */
  removeTrial(id: string): void {
    this.setTrials(this.#ids.filter(other => other !== id));
  }

  /** Read all facts anew. */
  refresh(): void {
    this.#refresher.request();
  }

  dispose(): void {
    this.#refresher.dispose();
    this.curves.dispose();
    Signal.clearData(this);
  }

  #onStale(): void {
    this.refresh();
  }

  async #readFacts(): Promise<void> {
    const asked = this.#ids;
    if (asked.length === 0) {
      this.#error = null;
      this.#update();
      return;
    }
    const meanwhile: AnyEvent[] = [];
    this.#meanwhile = meanwhile;
    try {
      const answer = await this.client.comparison(asked.slice(0, MOST_TRIALS));
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

  #update(): void {
    const shown = this.shown;
    this.curves.setTrials(
      shown.map(f => f.trial.id),
      allSeries(shown)
    );
    this.#changed.emit();
  }

  #ids: readonly string[];
  #facts: readonly TrialFacts[] = [];
  #missing: readonly string[] = [];
  #error: LabdeckError | null = null;
  #read = false;
  #meanwhile: AnyEvent[] | null = null;
  #view = FIRST_VIEW;
  readonly #experiment: string;
  readonly #changed = new Signal<this, void>(this);
  readonly #trialsChanged = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#readFacts(), INTERVAL);
}

/** Return Python code that makes a comparison of these trials in a notebook; names stand in comments, escaped. */
export function comparisonCode(trials: readonly TrialRecord[]): string {
  const lines = trials.map(
    trial =>
      // JSON's escapes keep a name with a line break inside its comment.
      `    studio.find_trial("${trial.id}"),  # ${JSON.stringify(trial.name)}`
  );
  return [
    'import labdeck',
    '',
    'studio = labdeck.open()',
    'trials = [',
    ...lines,
    ']',
    'trials[0].experiment.compare(*trials)',
    ''
  ].join('\n');
}
