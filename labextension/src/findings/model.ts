/** What watches one trial, what was found in it, and what was asked of it. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { FindingsFeed } from '../client/debugging';
import { type LabdeckError, toLabdeckError } from '../client/errors';
import { Refresher } from '../refresher';
import type { AnyEvent, ILabdeckClient } from '../tokens';
import type { DebuggerDetail } from '../wire';
import type { Wish } from './words';

/** Milliseconds between two readings. */
const INTERVAL = 400;
/** How long a training may take to do what was asked, in milliseconds, before its button can be pressed again. */
const PATIENCE = 15_000;
/** Findings shown before the reader asks for more. */
const FIRST_SHOWN = 20;
/** Findings that are shown further each time; a card costs more than a row. */
const MORE_SHOWN = 200;

/** Something that was asked and has not been seen to be done. */
interface IAsked {
  wish: Wish;
  argument: string;
  before: DebuggerDetail | null;
  until: ReturnType<typeof setTimeout>;
}

/** The watching of one trial. */
export class WatchModel implements IDisposable {
  constructor(client: ILabdeckClient, id: string) {
    this.client = client;
    this.id = id;
    this.feed = new FindingsFeed(client, { trial: id, dismissed: true });
    this.#refresher = new Refresher(() => this.#read(), INTERVAL);
    this.feed.changed.connect(this.#tell, this);
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
  }

  readonly client: ILabdeckClient;
  readonly id: string;
  /** What was found, dismissed findings included. */
  readonly feed: FindingsFeed;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** Models and rules; null before the first answer. */
  get detail(): DebuggerDetail | null {
    return this.#detail;
  }

  /** Why they could not be read; what was last known stays. */
  get error(): LabdeckError | null {
    return this.#error;
  }

  /** Whether the trial runs and is watched, so that something can be asked of it. */
  get isLive(): boolean {
    return (
      this.#detail?.trial.state === 'running' &&
      this.#detail.watches.some(({ state }) => isLive(state))
    );
  }

  /** Whether the training waits for the reader. */
  get isPaused(): boolean {
    return this.#detail?.watches.some(w => w.state === 'paused') ?? false;
  }

  /** How many findings are shown. */
  get shown(): number {
    return this.#shown;
  }

  /** Show more findings. */
  showMore(): void {
    this.#shown += MORE_SHOWN;
    if (this.#shown > this.feed.findings.length && this.feed.hasMore) {
      this.feed.more();
    }
    this.#tell();
  }

  /** Say whether anybody looks; nothing is read while nobody does. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible && this.#outdated) {
      this.#refresher.request();
    }
  }

  /** Read what watches the trial anew. */
  refresh(): void {
    this.#outdated = true;
    if (this.#visible) {
      this.#refresher.request();
    }
  }

  /** Whether something was asked and has not been seen to be done. */
  isAsked(wish: Wish, argument = ''): boolean {
    return this.#asked.has(key(wish, argument));
  }

  /** Remember that something is asked until it is seen to be done. */
  ask(wish: Wish, argument = ''): void {
    const name = key(wish, argument);
    this.#forget(name);
    const until = setTimeout(() => {
      this.#forget(name);
      this.#tell();
    }, PATIENCE);
    this.#asked.set(name, { wish, argument, before: this.#detail, until });
    this.#tell();
  }

  dispose(): void {
    this.#refresher.dispose();
    this.feed.dispose();
    this.client.events.disconnect(this.#onEvents, this);
    this.client.stale.disconnect(this.#onStale, this);
    [...this.#asked.keys()].forEach(name => this.#forget(name));
    Signal.clearData(this);
  }

  #onStale(): void {
    this.refresh();
  }

  async #read(): Promise<void> {
    this.#outdated = false;
    try {
      const detail = await this.client.debugger(this.id);
      this.#error = null;
      this.#detail = detail;
      for (const [name, asked] of this.#asked) {
        if (isDone(asked, detail)) {
          this.#forget(name);
        }
      }
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#tell();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    const concerned = events.some(
      event =>
        (event.event === 'debugger-changed' && event.trial_id === this.id) ||
        (event.event === 'trial-changed' && event.trial.id === this.id)
    );
    if (concerned) {
      this.refresh();
    }
  }

  #forget(name: string): void {
    clearTimeout(this.#asked.get(name)?.until);
    this.#asked.delete(name);
  }

  #tell(): void {
    if (!this.isDisposed) {
      this.#changed.emit();
    }
  }

  #detail: DebuggerDetail | null = null;
  #error: LabdeckError | null = null;
  #visible = false;
  #outdated = true;
  #shown = FIRST_SHOWN;
  readonly #asked = new Map<string, IAsked>();
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher: Refresher;
}

function key(wish: Wish, argument: string): string {
  return `${wish} ${argument}`;
}

function isLive(state: DebuggerDetail['watches'][number]['state']): boolean {
  return state === 'on' || state === 'paused';
}

/** Whether what is known now shows that a wish was fulfilled, or has become pointless. */
function isDone(asked: IAsked, now: DebuggerDetail): boolean {
  const { wish, argument, before } = asked;
  if (now.trial.state !== 'running') {
    return true;
  }
  const recordings = (detail: DebuggerDetail | null): number =>
    detail?.watches.reduce((sum, watch) => sum + watch.recordings, 0) ?? 0;
  const ruleState = now.rules.find(({ name }) => name === argument)?.state;
  switch (wish) {
    case 'stop':
      return false;
    case 'pause':
      return now.watches.some(({ state }) => state === 'paused');
    case 'go-on':
      return now.watches.every(({ state }) => state !== 'paused');
    case 'record':
      return recordings(now) > recordings(before);
    case 'rule-off':
      return ruleState === undefined || ruleState === 'off';
    case 'rule-on':
      return ruleState !== 'off';
    case 'lower-learning-rate':
      // Nothing that is read here tells of it: the next word from the training says that it has gone on.
      return now.watches.some(
        ({ name, steps }) =>
          steps > (before?.watches.find(w => w.name === name)?.steps ?? 0)
      );
  }
}
