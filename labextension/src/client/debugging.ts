/** What rules found, as last heard of: read once, newest first, then kept true by events. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { Refresher } from '../refresher';
import type { AnyEvent, IFindingsRequest, ILabdeckClient } from '../tokens';
import type { FindingPage, FindingRecord, TrialRecord } from '../wire';
import { type LabdeckError, toLabdeckError } from './errors';

/** Findings read at once. */
export const PAGE = 500;
/** Milliseconds between two readings that events ask for. */
const PAUSE = 500;

/** Which findings a feed has. */
export type FindingsWanted = Pick<
  IFindingsRequest,
  'trial' | 'experiment' | 'dismissed'
>;

/** A finding that was made or has changed, and what was known of it before. */
export interface IHeard {
  finding: FindingRecord;
  /** Null where it was not here. */
  before: FindingRecord | null;
}

/** A live list of findings. */
export class FindingsFeed implements IDisposable {
  /** Reads at once. */
  constructor(
    readonly client: ILabdeckClient,
    readonly wanted: FindingsWanted
  ) {
    this.#refresher = new Refresher(() => this.#read(), PAUSE);
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
    client.stateChanged.connect(this.#onState, this);
    this.refresh();
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Findings that were made or have changed while the page is open. */
  get heard(): ISignal<this, readonly IHeard[]> {
    return this.#heard;
  }

  /** Newest first. */
  get findings(): readonly FindingRecord[] {
    return (this.#sorted ??= [...this.#byId.values()].sort(newestFirst));
  }

  /** How many there are, here or not. */
  get total(): number {
    return this.#total;
  }

  /** How many of them are not dismissed. */
  get open(): number {
    return this.#open;
  }

  /** Whether there are more than those that are here. */
  get hasMore(): boolean {
    return this.#byId.size < this.#total;
  }

  /** Whether anything was read. */
  get known(): boolean {
    return this.#known;
  }

  /** Why the findings could not be read; what was last known stays. */
  get problem(): LabdeckError | null {
    return this.#problem;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  get(id: string): FindingRecord | undefined {
    return this.#byId.get(id);
  }

  /** The trial in which something was found, as far as it is known. */
  trial(id: string): TrialRecord | undefined {
    return this.#trials.get(id);
  }

  /** How many findings of a trial that are here are not dismissed. */
  count(trial: string): number {
    this.#counts ??= countOpen(this.#byId.values());
    return this.#counts.get(trial) ?? 0;
  }

  /** Read those that follow. */
  more(): void {
    this.#limit += PAGE;
    this.refresh();
  }

  /** Read everything anew; what is shown stays until the answer has come. */
  refresh(): void {
    this.#refresher.request();
  }

  dispose(): void {
    this.#refresher.dispose();
    this.client.events.disconnect(this.#onEvents, this);
    this.client.stale.disconnect(this.#onStale, this);
    this.client.stateChanged.disconnect(this.#onState, this);
    Signal.clearData(this);
  }

  #onStale(): void {
    this.refresh();
  }

  async #read(): Promise<void> {
    const missed: AnyEvent[] = [];
    this.#missed = missed;
    try {
      const pages = await this.#pages();
      if (!this.isDisposed) {
        this.#accept(pages);
        this.#problem = null;
        missed
          .filter(event => event.seq > pages[0].seq)
          .forEach(event => this.#apply(event));
      }
    } catch (reason) {
      this.#problem = toLabdeckError(reason);
    }
    this.#missed = null;
    this.#tell();
  }

  async #pages(): Promise<FindingPage[]> {
    const pages: FindingPage[] = [];
    for (let offset = 0; offset < this.#limit; offset += PAGE) {
      const page = await this.client.findings({
        ...this.wanted,
        offset,
        limit: PAGE
      });
      pages.push(page);
      if (offset + PAGE >= page.total) {
        break;
      }
    }
    return pages;
  }

  #accept(pages: readonly FindingPage[]): void {
    const [{ total, open }] = pages;
    this.#total = total;
    this.#open = open;
    this.#byId = new Map(
      pages.flatMap(({ findings }) => findings).map(one => [one.id, one])
    );
    this.#trials = new Map(
      pages.flatMap(({ trials }) => trials).map(one => [one.id, one])
    );
    this.#known = true;
    this.#forgetOrder();
  }

  /** Read what could not be read while there was no connection. */
  #onState(): void {
    if (this.client.state === 'connected' && (!this.#known || this.#problem)) {
      this.refresh();
    }
    this.#tell();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    this.#missed?.push(...events);
    const heard: IHeard[] = [];
    let changed = false;
    for (const event of events) {
      if (event.event === 'finding-changed' && this.#belongs(event)) {
        const { finding } = event;
        heard.push({ finding, before: this.#byId.get(finding.id) ?? null });
      }
      changed = this.#apply(event) || changed;
    }
    if (changed) {
      this.#tell();
    }
    if (heard.length > 0) {
      this.#heard.emit(heard);
    }
  }

  /** Take in an event; returns whether anything has changed. */
  #apply(event: AnyEvent): boolean {
    switch (event.event) {
      case 'finding-changed':
        return this.#belongs(event) && this.#put(event.finding);
      case 'trial-changed':
        return this.#putTrial(event.trial);
      case 'experiment-changed':
        // Its trials go and come with it, without events of their own.
        if (typeof event.experiment.deleted === 'number' || this.#gone) {
          this.#gone = typeof event.experiment.deleted === 'number';
          this.refresh();
        }
        return false;
      default:
        return false;
    }
  }

  #belongs(event: AnyEvent & { event: 'finding-changed' }): boolean {
    const { trial, experiment } = this.wanted;
    return (
      (trial === undefined || event.finding.trial_id === trial) &&
      (experiment === undefined || event.experiment_id === experiment)
    );
  }

  #put(finding: FindingRecord): boolean {
    if (!this.#known) {
      return false;
    }
    const old = this.#byId.get(finding.id);
    const isListed = this.wanted.dismissed || !finding.dismissed;
    if (old === undefined && !isListed) {
      return false;
    }
    const isOpen = (one: FindingRecord | undefined): number =>
      one === undefined || one.dismissed ? 0 : 1;
    this.#total += (isListed ? 1 : 0) - (old === undefined ? 0 : 1);
    this.#open += isOpen(finding) - isOpen(old);
    if (old === undefined && this.#total > this.#byId.size + 1) {
      // It may be an old one that is not here: only the store can count.
      this.refresh();
    }
    if (isListed) {
      this.#byId.set(finding.id, finding);
    } else {
      this.#byId.delete(finding.id);
    }
    if (!this.#trials.has(finding.trial_id)) {
      this.refresh();
    }
    this.#forgetOrder();
    return true;
  }

  #putTrial(trial: TrialRecord): boolean {
    const concerns =
      this.wanted.trial === undefined || this.wanted.trial === trial.id;
    const isGone = typeof trial.deleted === 'number';
    const old = this.#trials.get(trial.id);
    if (isGone ? old !== undefined : concerns && this.#deleted.has(trial.id)) {
      this.#deleted[isGone ? 'add' : 'delete'](trial.id);
      this.refresh();
    }
    if (old === undefined) {
      return false;
    }
    this.#trials.set(trial.id, trial);
    return true;
  }

  #forgetOrder(): void {
    this.#sorted = null;
    this.#counts = null;
  }

  #tell(): void {
    if (!this.isDisposed) {
      this.#changed.emit();
    }
  }

  readonly #changed = new Signal<this, void>(this);
  readonly #heard = new Signal<this, readonly IHeard[]>(this);
  readonly #refresher: Refresher;
  #byId = new Map<string, FindingRecord>();
  #trials = new Map<string, TrialRecord>();
  /** Trials that were deleted while the page is open; they may come back. */
  readonly #deleted = new Set<string>();
  /** Whether an experiment was deleted a moment ago; it may come back. */
  #gone = false;
  #sorted: FindingRecord[] | null = null;
  #counts: Map<string, number> | null = null;
  #total = 0;
  #open = 0;
  #limit = PAGE;
  #known = false;
  #problem: LabdeckError | null = null;
  /** Events that arrive while a reading is on its way, which may not hold them yet. */
  #missed: AnyEvent[] | null = null;
}

function newestFirst(a: FindingRecord, b: FindingRecord): number {
  return b.time - a.time || (a.id < b.id ? 1 : -1);
}

function countOpen(findings: Iterable<FindingRecord>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { trial_id, dismissed } of findings) {
    if (!dismissed) {
      counts.set(trial_id, (counts.get(trial_id) ?? 0) + 1);
    }
  }
  return counts;
}
