/** What a query finds: the matching trials of every experiment, kept true while the store changes. */
import type { IDisposable } from '@lumino/disposable';

import { Refresher } from '../refresher';
import type { ILabdeckClient } from '../tokens';
import type { TrialRecord } from '../wire';
import { type LabdeckError, toLabdeckError } from './errors';
import { compareTrials, type SortKey } from './order';
import { PAGE, type TrialList } from './trials';

/** Milliseconds from one asking to the next while events come in. */
const PAUSE = 700;

/** What a search needs of whoever shows it. */
export interface ISearchHost {
  client: Pick<ILabdeckClient, 'search'>;
  query: string;
  sort: SortKey;
  archived: boolean;
  /** Whether places must not change now, because the reader is among them. */
  readonly held: boolean;
  /** Ids of the experiments in the order in which they are shown. */
  experiments(): readonly string[];
  /** Make the list of the matching trials of an experiment. */
  list(experiment: string): TrialList;
  changed(): void;
}

/**
 * One query over all experiments. Its first page is often all there is, and then no more is asked; otherwise every
 * experiment reads its own pages as they come into sight.
 */
export class TrialSearch implements IDisposable {
  constructor(host: ISearchHost) {
    this.#host = host;
    this.#refresher = new Refresher(() => this.#run(), PAUSE);
    this.#refresher.request();
  }

  get query(): string {
    return this.#host.query;
  }

  /** How many trials match; null before the first answer. */
  get total(): number | null {
    return this.#total;
  }

  /** Which name of the query no trial has; "" where all are known. */
  get hint(): string {
    return this.#hint;
  }

  /** Why there is no answer. */
  get problem(): LabdeckError | null {
    return this.#problem;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** The matching trials of an experiment. */
  list(experiment: string): TrialList {
    let list = this.#lists.get(experiment);
    if (!list) {
      list = this.#host.list(experiment);
      this.#lists.set(experiment, list);
      if (this.#whole) {
        list.seed([]);
      }
    }
    return list;
  }

  /** All lists that were asked for. */
  get lists(): Iterable<TrialList> {
    return this.#lists.values();
  }

  /** A trial of an experiment may have begun or ceased to match. */
  touch(experiment: string): void {
    this.#touched.add(experiment);
    this.release();
  }

  /** Ask again for what was touched, unless places must not change now. */
  release(): void {
    const { held, sort } = this.#host;
    if (this.#touched.size > 0 && !(held && sort !== 'newest')) {
      this.#refresher.request();
    }
  }

  /** Ask anew. */
  reload(): void {
    this.#host.experiments().forEach(id => this.#touched.add(id));
    this.#refresher.request();
  }

  dispose(): void {
    this.#refresher.dispose();
    for (const list of this.#lists.values()) {
      list.dispose();
    }
  }

  async #run(): Promise<void> {
    const touched = [...this.#touched];
    this.#touched.clear();
    const { client, query, archived } = this.#host;
    try {
      const sort = '-number';
      const page = await client.search({ query, sort, archived, limit: PAGE });
      if (this.isDisposed) {
        return;
      }
      this.#total = page.total;
      this.#hint = page.hint;
      this.#problem = null;
      const trials = page.trials.map(facts => facts.trial);
      const grown = this.#whole && trials.length < page.total;
      this.#whole = trials.length >= page.total;
      if (this.#whole) {
        this.#distribute(trials);
      } else {
        const known = [...this.#lists.keys()];
        await this.#readLists(trials, grown ? known : touched);
      }
    } catch (reason) {
      this.#problem = toLabdeckError(reason);
    }
    this.#host.changed();
  }

  /** Give each experiment its part of the only page there is. */
  #distribute(trials: readonly TrialRecord[]): void {
    const parts = new Map<string, TrialRecord[]>();
    for (const id of [...this.#host.experiments(), ...this.#lists.keys()]) {
      parts.set(id, []);
    }
    for (const trial of trials) {
      const part = parts.get(trial.experiment_id) ?? [];
      parts.set(trial.experiment_id, [...part, trial]);
    }
    for (const [id, part] of parts) {
      this.list(id).seed(part.sort(compareTrials(this.#host.sort)));
    }
  }

  /** Let each experiment read its first page, those that are known to match before the others. */
  async #readLists(
    trials: readonly TrialRecord[],
    touched: readonly string[]
  ): Promise<void> {
    const matching = trials.map(trial => trial.experiment_id);
    for (const id of new Set([...matching, ...this.#host.experiments()])) {
      const list = this.list(id);
      if (!list.known) {
        await list.show(0, 1);
      } else if (touched.includes(id)) {
        await list.reload();
      }
      if (this.isDisposed) {
        return;
      }
    }
  }

  readonly #host: ISearchHost;
  readonly #refresher: Refresher;
  readonly #lists = new Map<string, TrialList>();
  readonly #touched = new Set<string>();
  #total: number | null = null;
  #hint = '';
  #problem: LabdeckError | null = null;
  /** Whether the first page held all that match. */
  #whole = false;
}
