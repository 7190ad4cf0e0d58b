/** The lists of trials that the sidebar shows: those of every experiment, and what a query finds. */
import type { IDisposable } from '@lumino/disposable';

import type { ILabdeckClient } from '../tokens';
import type { TrialRecord } from '../wire';
import { type IJudge, type SortKey, sortText } from './order';
import { TrialSearch } from './search';
import { type ITrialSlice, type ITrialSource, PAGE, TrialList } from './trials';

/** How trials are listed. */
export interface IListing {
  sort: SortKey;
  /** With those that are archived. */
  archived: boolean;
}

/** Makes the lists, in one order for all of them, and hands events to those that they concern. */
export class Listings implements IDisposable {
  /**
   * @param client - Where trials come from.
   * @param experiments - Ids of all experiments in the order in which they are shown.
   * @param changed - Called after every change that reading makes.
   */
  constructor(
    client: Pick<ILabdeckClient, 'trials' | 'search'>,
    experiments: () => readonly string[],
    changed: () => void
  ) {
    this.#client = client;
    this.#experiments = experiments;
    this.#changed = changed;
  }

  /** How trials are listed; another way reads them anew. */
  get listing(): IListing {
    return this.#listing;
  }

  set listing(listing: IListing) {
    const { sort, archived } = this.#listing;
    if (listing.sort === sort && listing.archived === archived) {
      return;
    }
    this.#listing = { ...listing };
    for (const [experiment, old] of this.#lists) {
      const list = this.#newList(experiment);
      this.#lists.set(experiment, list);
      void list.show(0, old.sight[1] - old.sight[0]);
      old.dispose();
    }
    this.search(this.#wanted?.query ?? '');
    this.#changed();
  }

  /** While the reader is in the list, what is ordered by values that change keeps its places. */
  get held(): boolean {
    return this.#held;
  }

  set held(held: boolean) {
    this.#held = held;
    if (!held) {
      this.#lists.forEach(list => list.release());
      this.#wanted?.release();
    }
  }

  /** What is known of an experiment's trials; nothing is read by asking. */
  of(experiment: string): TrialList {
    let list = this.#lists.get(experiment);
    if (!list) {
      list = this.#newList(experiment);
      this.#lists.set(experiment, list);
    }
    return list;
  }

  /** What the latest query that was answered has found; null without a query. */
  get found(): TrialSearch | null {
    return this.#found;
  }

  /** The latest query, answered or not. */
  get wanted(): TrialSearch | null {
    return this.#wanted;
  }

  /** Search for trials; what was found before stays until the answer has come. "" ends the search. */
  search(query: string): void {
    if (this.#wanted !== this.#found) {
      this.#wanted?.dispose();
    }
    this.#wanted = query === '' ? null : this.#newSearch(query);
    if (this.#wanted === null) {
      this.#found?.dispose();
      this.#found = null;
      this.#changed();
    }
  }

  /** Find a trial among those that are here. */
  find(id: string): TrialRecord | undefined {
    for (const list of this.#all) {
      const trial = list.get(id);
      if (trial) {
        return trial;
      }
    }
    return undefined;
  }

  /** Take in a record that an event brought. */
  put(trial: TrialRecord): void {
    this.replace(trial, this.#found?.lists ?? []);
    this.of(trial.experiment_id).put(trial);
    this.touch(trial.experiment_id);
  }

  /** Take in newer facts of a trial that is here. */
  replace(trial: TrialRecord, lists: Iterable<TrialList> = this.#all): void {
    for (const list of lists) {
      if (list.get(trial.id)) {
        list.put(trial);
      }
    }
  }

  /** Facts that a query may ask for have changed in an experiment. */
  touch(experiment: string): void {
    this.#wanted?.touch(experiment);
  }

  /** Forget the trials of an experiment that is gone. */
  drop(experiment: string): void {
    this.#lists.get(experiment)?.dispose();
    this.#lists.delete(experiment);
  }

  /** Read anew what was read. */
  reload(): void {
    for (const list of this.#lists.values()) {
      void list.reload();
    }
    this.#wanted?.reload();
  }

  /** Read what could not be read while there was no connection. */
  makeUp(): void {
    for (const list of this.#lists.values()) {
      if (list.problem) {
        void list.reload();
      }
    }
    if (this.#wanted?.problem) {
      this.#wanted.reload();
    }
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    this.#disposed = true;
    this.#lists.forEach(list => list.dispose());
    this.#found?.dispose();
    this.#wanted?.dispose();
  }

  get #all(): TrialList[] {
    return [...(this.#found?.lists ?? []), ...this.#lists.values()];
  }

  #newList(experiment: string): TrialList {
    const { sort, archived } = this.#listing;
    const newest = sort === 'newest';
    const shown = { archived, roots: true };
    return this.#list({
      read: (offset, limit) =>
        newest
          ? this.#client.trials(experiment, offset, limit, shown)
          : this.#readSorted(experiment, '', offset, limit),
      takes: trial => !newest || trial.parent_id === null,
      keeps: trial => archived || !trial.archived,
      newestFirst: newest,
      isHeld: () => this.#held
    });
  }

  #newSearch(query: string): TrialSearch {
    const { sort, archived } = this.#listing;
    const isHeld = (): boolean => this.#held;
    const search = new TrialSearch({
      client: this.#client,
      query,
      sort,
      archived,
      get held() {
        return isHeld();
      },
      experiments: this.#experiments,
      list: experiment =>
        this.#list({
          read: (offset, limit) =>
            this.#readSorted(experiment, query, offset, limit),
          takes: () => false,
          keeps: () => true,
          newestFirst: false,
          // The search says when to read anew.
          isHeld: () => true
        }),
      changed: () => this.#onFound(search)
    });
    return search;
  }

  #list(kind: {
    read: ITrialSource['read'];
    takes: ITrialSource['takes'];
    keeps: ITrialSource['keeps'];
    newestFirst: boolean;
    isHeld: () => boolean;
  }): TrialList {
    const { read, takes, keeps, newestFirst, isHeld } = kind;
    return new TrialList({
      read,
      takes,
      keeps,
      newestFirst,
      get held() {
        return isHeld();
      },
      changed: () => this.#changed()
    });
  }

  async #readSorted(
    experiment: string,
    query: string,
    offset: number,
    limit: number
  ): Promise<ITrialSlice> {
    const { sort, archived } = this.#listing;
    const judge = sort === 'objective' ? await this.#judge(experiment) : null;
    const asked = { query, experiment, archived, offset, limit };
    const page = await this.#client.search({
      ...asked,
      sort: sortText(sort, judge)
    });
    return { total: page.total, trials: page.trials.map(each => each.trial) };
  }

  /** The metric an experiment's trials are judged by, as the newest that has one says. */
  async #judge(experiment: string): Promise<IJudge | null> {
    const isJudged = (trial: TrialRecord): boolean => trial.objective !== null;
    const known = this.#lists.get(experiment)?.items.find(isJudged);
    const trial =
      known ??
      (await this.#client.trials(experiment, 0, PAGE)).trials.find(isJudged);
    return trial?.objective ? { ...trial.objective, goal: trial.goal } : null;
  }

  #onFound(search: TrialSearch): void {
    if (
      search === this.#wanted &&
      search !== this.#found &&
      search.total !== null
    ) {
      this.#found?.dispose();
      this.#found = search;
    }
    this.#changed();
  }

  readonly #client: Pick<ILabdeckClient, 'trials' | 'search'>;
  readonly #experiments: () => readonly string[];
  readonly #changed: () => void;
  readonly #lists = new Map<string, TrialList>();
  #listing: IListing = { sort: 'newest', archived: false };
  #found: TrialSearch | null = null;
  #wanted: TrialSearch | null = null;
  #held = false;
  #disposed = false;
}
