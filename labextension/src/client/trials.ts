/** The trials of one experiment, read page by page from the newest on, and kept true by events. */
import type { ILabdeckClient } from '../tokens';
import type { TrialRecord } from '../wire';
import { type LabdeckError, toLabdeckError } from './errors';

/** Trials read at least at once. */
export const PAGE = 200;
/** Trials the server gives at most at once. */
const LARGEST_PAGE = 500;

/**
 * A prefix of an experiment's trials, newest first, that grows on demand and never has a hole.
 */
export class TrialList {
  /**
   * @param client - Where pages come from.
   * @param experiment - The experiment's id.
   * @param changed - Called after every change that `load` and `reload` make.
   */
  constructor(
    client: Pick<ILabdeckClient, 'trials'>,
    experiment: string,
    changed: () => void
  ) {
    this.#client = client;
    this.#experiment = experiment;
    this.#changed = changed;
  }

  /** The trials read so far. */
  get items(): readonly TrialRecord[] {
    return this.#items;
  }

  /** Whether there is none beyond `items`. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Whether a page is on its way. */
  get loading(): boolean {
    return this.#running !== null;
  }

  /** Why the last page did not come. */
  get problem(): LabdeckError | null {
    return this.#problem;
  }

  get(id: string): TrialRecord | undefined {
    return this.#byId.get(id);
  }

  /** Read on until `count` trials are there, or all; Infinity reads all. After a failure only `reload` reads on. */
  load(count: number): Promise<void> {
    if (this.#problem) {
      return Promise.resolve();
    }
    this.#wanted = Math.max(this.#wanted, count);
    if (this.#running === null && !this.#enough()) {
      this.#running = this.#run().finally(() => {
        this.#running = null;
        this.#changed();
      });
    }
    return this.#running ?? Promise.resolve();
  }

  /** Read anew as many as there are now; they stay until the answer has come. */
  async reload(): Promise<void> {
    await this.#running;
    if (this.#wanted === 0 && !this.#problem) {
      return;
    }
    this.#problem = null;
    this.#fresh = [];
    await this.load(PAGE);
  }

  /** Take in a record that an event brought: new, changed or deleted. */
  put(trial: TrialRecord): void {
    this.#missed?.push(trial);
    this.#place(trial);
  }

  #place(trial: TrialRecord): void {
    const known = this.#byId.has(trial.id);
    if (typeof trial.deleted === 'number') {
      if (known) {
        this.#set(this.#items.filter(({ id }) => id !== trial.id));
      }
      return;
    }
    if (known) {
      const place = this.#items.findIndex(({ id }) => id === trial.id);
      this.#items[place] = trial;
      this.#byId.set(trial.id, trial);
      return;
    }
    const index = this.#items.findIndex(old => isNewer(trial, old));
    if (index >= 0) {
      this.#set([
        ...this.#items.slice(0, index),
        trial,
        ...this.#items.slice(index)
      ]);
    } else if (this.#complete) {
      this.#set([...this.#items, trial]);
    }
  }

  async #run(): Promise<void> {
    try {
      while (!this.#enough()) {
        await this.#readPage();
        this.#changed();
      }
    } catch (reason) {
      this.#problem = toLabdeckError(reason);
      this.#wanted = this.#items.length;
      this.#fresh = null;
    }
  }

  /** Ask for a page that overlaps what is known by one, so that a trial deleted meanwhile leaves no hole. */
  async #readPage(): Promise<void> {
    const have = this.#fresh ?? this.#items;
    const offset = Math.max(0, have.length - 1);
    const missing = Math.max(PAGE, Math.min(this.#wanted, 1e9) - have.length);
    const limit = Math.min(LARGEST_PAGE, missing + have.length - offset);
    this.#missed = [];
    const page = await this.#client.trials(this.#experiment, offset, limit);
    const missed = this.#missed;
    this.#missed = null;
    const known = new Set(have.map(({ id }) => id));
    const joins = page.trials.length > 0 && known.has(page.trials[0].id);
    if (have.length > 0 && !joins) {
      this.#fresh = [];
      return;
    }
    const added = page.trials.filter(({ id }) => !known.has(id));
    const all = [...(this.#fresh ?? this.#items), ...added];
    this.#complete =
      page.trials.length === 0 || offset + page.trials.length >= page.total;
    this.#accept(all);
    missed.forEach(trial => this.#place(trial));
  }

  /** Show what was read, but never less than what was shown before. */
  #accept(all: TrialRecord[]): void {
    if (this.#fresh === null) {
      this.#set(all);
      return;
    }
    this.#fresh = all;
    if (this.#complete || all.length >= this.#items.length) {
      this.#fresh = null;
      this.#set(all);
    }
  }

  #enough(): boolean {
    if (this.#fresh !== null) {
      return false;
    }
    return this.#complete || this.#items.length >= this.#wanted;
  }

  #set(items: TrialRecord[]): void {
    this.#items = items;
    this.#byId = new Map(items.map(trial => [trial.id, trial]));
  }

  readonly #client: Pick<ILabdeckClient, 'trials'>;
  readonly #experiment: string;
  readonly #changed: () => void;
  #items: TrialRecord[] = [];
  #byId = new Map<string, TrialRecord>();
  #complete = false;
  #problem: LabdeckError | null = null;
  #wanted = 0;
  #running: Promise<void> | null = null;
  /** While reading anew: what has come so far. */
  #fresh: TrialRecord[] | null = null;
  /** Records that events brought while a page is on its way, which may not hold them yet. */
  #missed: TrialRecord[] | null = null;
}

function isNewer(a: TrialRecord, b: TrialRecord): boolean {
  return a.started === b.started ? a.id > b.id : a.started > b.started;
}
