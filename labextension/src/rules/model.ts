/** What the sidebar's list of findings shows: which of them, which is current, and which wait while the reader is among them. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { FindingsFeed } from '../client/debugging';
import type { ICurrentExperiment, ILabdeckClient, ISidebar } from '../tokens';
import type { FindingRecord } from '../wire';
import { Watchers } from './watchers';

/** The state of the list; all facts come from a feed. */
export class FindingsModel implements IDisposable {
  /**
   * @param all - The open findings of all trials.
   * @param sidebar - Knows which experiment is current.
   */
  constructor(
    readonly client: ILabdeckClient,
    readonly all: FindingsFeed,
    sidebar: Pick<ISidebar, 'current' | 'currentChanged'>
  ) {
    this.#sidebar = sidebar;
    this.#feed = all;
    this.watchers = new Watchers(client);
    this.watchers.changed.connect(this.#tell, this);
    all.changed.connect(this.#onFeed, this);
    client.stateChanged.connect(this.#tell, this);
    sidebar.currentChanged.connect(this.#choose, this);
  }

  /** What watches the trainings that run. */
  readonly watchers: Watchers;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** Where the listed findings come from. */
  get feed(): FindingsFeed {
    return this.#feed;
  }

  /** The findings in the order in which they are listed. */
  get rows(): readonly FindingRecord[] {
    return (this.#rows ??= this.#arrange());
  }

  /** How many new ones wait until the reader has left the list. */
  get waiting(): number {
    const held = this.#held;
    return held === null
      ? 0
      : this.#feed.findings.filter(({ id }) => !held.has(id)).length;
  }

  /** The key of the row that commands act on. */
  get active(): string | null {
    return this.#active;
  }

  set active(id: string | null) {
    this.#active = id;
    this.#tell();
  }

  get activeFinding(): FindingRecord | null {
    return this.rows.find(({ id }) => id === this.#active) ?? null;
  }

  /** The experiment whose findings alone are listed; null where all are. */
  get only(): ICurrentExperiment | null {
    return this.#only;
  }

  /** The experiment that is current in the sidebar. */
  get current(): ICurrentExperiment | null {
    return this.#sidebar.current;
  }

  /** Whether the findings of the current experiment alone are asked for. */
  get onlyCurrent(): boolean {
    return this.#onlyCurrent;
  }

  set onlyCurrent(only: boolean) {
    this.#onlyCurrent = only;
    this.#only = null;
    this.#choose();
  }

  /** Whether dismissed findings are listed too. */
  get showDismissed(): boolean {
    return this.#showDismissed;
  }

  set showDismissed(shown: boolean) {
    this.#showDismissed = shown;
    this.#choose();
  }

  /** Pointer or focus has come into the list, or both have left it. */
  set engaged(engaged: boolean) {
    if (engaged && this.#held === null) {
      this.#hold();
    } else if (!engaged) {
      this.release();
    }
  }

  /** Show what waits; the reader goes on to be among the rows. */
  showWaiting(): void {
    this.#rows = null;
    this.#held = null;
    this.#hold();
    this.#tell();
  }

  /** Let every row take its place. */
  release(): void {
    if (this.#held !== null) {
      this.#held = null;
      this.#onFeed();
    }
  }

  /** The reader puts findings away: their rows go at once, and the next becomes current. */
  forget(ids: readonly string[]): void {
    const { rows } = this;
    const place = rows.findIndex(({ id }) => id === this.#active);
    if (!this.#showDismissed) {
      ids.forEach(id => this.#held?.delete(id));
      const left = rows.filter(({ id }) => !ids.includes(id));
      if (ids.includes(this.#active ?? '')) {
        this.#active = left[Math.min(place, left.length - 1)]?.id ?? null;
      }
    }
    this.#onFeed();
  }

  dispose(): void {
    this.#disposed = true;
    this.watchers.dispose();
    this.all.changed.disconnect(this.#onFeed, this);
    this.client.stateChanged.disconnect(this.#tell, this);
    this.#sidebar.currentChanged.disconnect(this.#choose, this);
    this.#leave();
    Signal.clearData(this);
  }

  /** Take the feed of what is asked for. */
  #choose(): void {
    const { current } = this.#sidebar;
    const only = this.#onlyCurrent ? (current ?? this.#only) : null;
    const experiment = only?.id;
    this.#only = only;
    const { wanted } = this.#feed;
    if (
      wanted.experiment !== experiment ||
      wanted.dismissed !== this.#showDismissed
    ) {
      this.#leave();
      const isUsual = experiment === undefined && !this.#showDismissed;
      this.#feed = isUsual
        ? this.all
        : new FindingsFeed(this.client, {
            ...(experiment === undefined ? {} : { experiment }),
            dismissed: this.#showDismissed
          });
      if (!isUsual) {
        this.#feed.changed.connect(this.#onFeed, this);
      }
      this.#held = null;
    }
    this.#onFeed();
  }

  #leave(): void {
    if (this.#feed !== this.all) {
      this.#feed.dispose();
    }
  }

  #hold(): void {
    this.#held = new Map(this.rows.map(row => [row.id, row]));
  }

  #arrange(): readonly FindingRecord[] {
    const held = this.#held;
    if (held === null) {
      return this.#feed.findings;
    }
    // What went away meanwhile keeps its place, put away, until the reader has left.
    return [...held.values()].map(
      row => this.#feed.get(row.id) ?? { ...row, dismissed: true }
    );
  }

  #onFeed(): void {
    this.#rows = null;
    this.#tell();
  }

  #tell(): void {
    if (!this.#disposed) {
      this.#changed.emit();
    }
  }

  readonly #sidebar: Pick<ISidebar, 'current' | 'currentChanged'>;
  #feed: FindingsFeed;
  #rows: readonly FindingRecord[] | null = null;
  /** The rows that keep their places while the reader is among them; null while nobody is. */
  #held: Map<string, FindingRecord> | null = null;
  #active: string | null = null;
  #only: ICurrentExperiment | null = null;
  #onlyCurrent = false;
  #showDismissed = false;
  #disposed = false;
  readonly #changed = new Signal<this, void>(this);
}
