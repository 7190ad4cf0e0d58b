/** The trials of one experiment in some order: each has its place, those in sight are read, events keep them true. */
import type { IDisposable } from '@lumino/disposable';

import { Refresher } from '../refresher';
import type { TrialRecord } from '../wire';
import { type LabdeckError, toLabdeckError } from './errors';

/** Trials read at once. */
export const PAGE = 200;
/** Trials the server gives at most at once. */
const LARGEST_PAGE = 500;
/** Trials kept in memory, those in sight among them. */
export const MOST_KEPT = 2000;
/** Milliseconds between two readings that events ask for. */
const PAUSE = 500;

/** Some trials, from a place on. */
export interface ITrialSlice {
  total: number;
  trials: readonly TrialRecord[];
}

/** What a list of trials needs. */
export interface ITrialSource {
  /** Read trials from a place on. */
  read(offset: number, limit: number): Promise<ITrialSlice>;
  /** Whether a trial that is here may stay. */
  keeps(trial: TrialRecord): boolean;
  /** Whether a trial that an event brought may belong into the list. */
  takes(trial: TrialRecord): boolean;
  /** Whether the newest come first, so that a trial's place follows from its number. */
  readonly newestFirst: boolean;
  /** Whether places must not change now, because the reader is among them. */
  readonly held: boolean;
  /** Called after every change that reading has made. */
  changed(): void;
}

/** A window onto an experiment's trials. */
export class TrialList implements IDisposable {
  constructor(source: ITrialSource) {
    this.#source = source;
    this.#doubts = new Refresher(() => this.reload(), PAUSE);
  }

  /** How many trials there are, read or not. */
  get length(): number {
    return this.#items.length;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  /** Whether anything was read. */
  get known(): boolean {
    return this.#known;
  }

  /** Whether all trials are here. */
  get complete(): boolean {
    return this.#known && this.#byId.size === this.#items.length;
  }

  /** The trials that are here, in order. */
  get items(): readonly TrialRecord[] {
    return this.#items.filter(trial => trial !== undefined);
  }

  /** Why the last page did not come. */
  get problem(): LabdeckError | null {
    return this.#problem;
  }

  get isDisposed(): boolean {
    return this.#doubts.isDisposed;
  }

  /** The places that were asked for last, from the first up to but without the last. */
  get sight(): readonly [number, number] {
    return this.#sight;
  }

  at(place: number): TrialRecord | undefined {
    return this.#items[place];
  }

  get(id: string): TrialRecord | undefined {
    return this.#byId.get(id);
  }

  /** Read what is missing at some places; what was asked for before and is not on its way yet is forgotten. */
  show(first: number, last: number): Promise<void> {
    this.#sight = [first, last];
    return this.#problem ? Promise.resolve() : this.#start();
  }

  /** Read anew what is in sight; it stays until the answer has come. */
  async reload(): Promise<void> {
    if (this.#sight[1] === 0 && !this.#known) {
      return;
    }
    this.#problem = null;
    this.#stale = true;
    await this.#start();
  }

  /** Read the ids of all trials, in order. */
  async ids(): Promise<string[]> {
    const ids = new Set<string>();
    for (let offset = 0; ; offset += LARGEST_PAGE) {
      const page = await this.#source.read(offset, LARGEST_PAGE);
      page.trials.forEach(({ id }) => ids.add(id));
      if (page.trials.length === 0 || offset + LARGEST_PAGE >= page.total) {
        return [...ids];
      }
    }
  }

  /** Take over all trials from somewhere else. */
  seed(trials: readonly TrialRecord[]): void {
    this.#problem = null;
    this.#accept(0, { total: trials.length, trials });
  }

  /** Take in a record that an event brought: new, changed, archived or deleted. */
  put(trial: TrialRecord): void {
    this.#missed?.push(trial);
    this.#place(trial);
  }

  /** Places may change again. */
  release(): void {
    if (this.#doubtful) {
      this.#doubts.request();
    }
  }

  dispose(): void {
    this.#doubts.dispose();
  }

  #place(trial: TrialRecord): void {
    const old = this.#byId.get(trial.id);
    const gone =
      typeof trial.deleted === 'number' || !this.#source.keeps(trial);
    if (old === undefined) {
      const mayBeIn = this.#known && !(gone && this.complete);
      if (mayBeIn && this.#source.takes(trial)) {
        this.#insert(trial, gone);
      }
      return;
    }
    const place = this.#items.indexOf(old);
    this.#version++;
    if (gone) {
      this.#byId.delete(trial.id);
      this.#items.splice(place, 1);
      return;
    }
    this.#items[place] = trial;
    this.#byId.set(trial.id, trial);
    if (!this.#source.newestFirst) {
      this.#doubt();
    }
  }

  /** Give a trial that was not here its place, if that can be told. */
  #insert(trial: TrialRecord, gone: boolean): void {
    const items = this.#items;
    const next = items.findIndex(
      other => other !== undefined && other.number < trial.number
    );
    const place = next < 0 ? items.length : next;
    const joins = place === 0 || items[place - 1] !== undefined;
    if (gone || !joins || !this.#source.newestFirst) {
      this.#doubt();
      return;
    }
    items.splice(place, 0, trial);
    this.#byId.set(trial.id, trial);
    this.#version++;
  }

  /** What is here may not be what the store has: read it anew before long. */
  #doubt(): void {
    this.#doubtful = true;
    if (this.#source.newestFirst || !this.#source.held) {
      this.#doubts.request();
    }
  }

  #start(): Promise<void> {
    if (this.#running === null && this.#next() !== null) {
      this.#running = this.#run().finally(() => {
        this.#running = null;
        this.#source.changed();
      });
    }
    return this.#running ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    try {
      for (let page = this.#next(); page; page = this.#next()) {
        await this.#read(page.offset, page.limit);
        this.#source.changed();
      }
    } catch (reason) {
      this.#problem = toLabdeckError(reason);
      this.#stale = false;
      this.#version++;
    }
  }

  /** The page to read next; null when everything in sight is here. */
  #next(): { offset: number; limit: number } | null {
    if (this.isDisposed) {
      return null;
    }
    const [first, last] = this.#sight;
    if (this.#stale) {
      const limit = Math.min(LARGEST_PAGE, Math.max(PAGE, last - first));
      const before = Math.floor((limit - (last - first)) / 2);
      return { offset: Math.max(0, first - Math.max(0, before)), limit };
    }
    const end = this.#known ? Math.min(last, this.#items.length) : last;
    for (let place = first; place < end; place++) {
      if (this.#items[place] === undefined) {
        return { offset: Math.floor(place / PAGE) * PAGE, limit: PAGE };
      }
    }
    return null;
  }

  async #read(offset: number, limit: number): Promise<void> {
    const anew = this.#stale || !this.#known;
    const missed: TrialRecord[] = [];
    this.#missed = missed;
    const page = await this.#source.read(offset, limit).finally(() => {
      this.#missed = null;
    });
    if (page.trials.length === 0 && page.total > 0) {
      // There are fewer than there were: what is in sight now are the last.
      const size = this.#sight[1] - this.#sight[0];
      this.#sight = [Math.max(0, page.total - size), page.total];
      this.#stale = true;
      return;
    }
    if (!anew && this.#contradicts(offset, page)) {
      this.#stale = true;
      return;
    }
    this.#stale = false;
    this.#accept(offset, page, anew);
    missed.forEach(trial => this.#place(trial));
  }

  /** Whether a page does not fit the trials that are here, since some came or went between two readings. */
  #contradicts(offset: number, page: ITrialSlice): boolean {
    return (
      page.total !== this.#items.length ||
      page.trials.some((trial, index) => {
        const here = this.#items[offset + index];
        return here
          ? here.id !== trial.id
          : this.#byId.get(trial.id) !== undefined;
      })
    );
  }

  #accept(offset: number, page: ITrialSlice, anew = true): void {
    if (anew) {
      this.#doubtful = false;
      this.#items = Array.from({ length: page.total });
      this.#byId = new Map();
    }
    this.#known = true;
    this.#version++;
    page.trials.forEach((trial, index) => {
      this.#items[offset + index] = trial;
      this.#byId.set(trial.id, trial);
    });
    if (!anew) {
      this.#forget();
    }
  }

  /** Let go of what is far out of sight. */
  #forget(): void {
    const excess = this.#byId.size - MOST_KEPT;
    if (excess <= 0) {
      return;
    }
    const middle = (this.#sight[0] + this.#sight[1]) / 2;
    const far = [...this.#items.keys()]
      .filter(place => this.#items[place] !== undefined)
      .sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle))
      .slice(0, excess);
    for (const place of far) {
      this.#byId.delete(this.#items[place]?.id ?? '');
      this.#items[place] = undefined;
    }
  }

  readonly #source: ITrialSource;
  readonly #doubts: Refresher;
  #items: (TrialRecord | undefined)[] = [];
  #byId = new Map<string, TrialRecord>();
  #known = false;
  #version = 0;
  #problem: LabdeckError | null = null;
  #sight: readonly [number, number] = [0, 0];
  #running: Promise<void> | null = null;
  /** Everything in sight has to be read anew. */
  #stale = false;
  /** An event may have changed places. */
  #doubtful = false;
  /** Records that events brought while a page is on its way, which may not hold them yet. */
  #missed: TrialRecord[] | null = null;
}
