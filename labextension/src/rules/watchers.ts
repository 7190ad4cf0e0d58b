/** How many rules watch trainings at this moment: what the sidebar says while nothing was found. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { Refresher } from '../refresher';
import type { AnyEvent, ILabdeckClient } from '../tokens';

/** Milliseconds between two readings. */
const INTERVAL = 1000;
/** Trials that are looked at: a sentence counts no more. */
const MOST = 5;

/** The rules over the trainings that run. */
export class Watchers implements IDisposable {
  /** Reads at once, and when a trial begins or ends or its watching changes. */
  constructor(readonly client: ILabdeckClient) {
    this.#refresher = new Refresher(() => this.#read(), INTERVAL);
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#refresh, this);
    client.stateChanged.connect(this.#refresh, this);
    this.#refresh();
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Rules that judge steps of the trials that run. */
  get rules(): number {
    return this.#rules;
  }

  /** The names of these trials, newest first. */
  get trials(): readonly string[] {
    return this.#trials;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  dispose(): void {
    this.#refresher.dispose();
    this.client.events.disconnect(this.#onEvents, this);
    this.client.stale.disconnect(this.#refresh, this);
    this.client.stateChanged.disconnect(this.#refresh, this);
    Signal.clearData(this);
  }

  #refresh(): void {
    this.#refresher.request();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    const concerned = events.some(
      ({ event }) => event === 'debugger-changed' || event === 'trial-changed'
    );
    if (concerned) {
      this.#refresh();
    }
  }

  async #read(): Promise<void> {
    if (this.client.state !== 'connected') {
      return;
    }
    try {
      const query = 'state = running';
      const page = await this.client.search({ query, limit: MOST });
      const details = await Promise.all(
        page.trials.map(({ trial }) => this.client.debugger(trial.id))
      );
      const live = details.filter(({ watches }) =>
        watches.some(({ state }) => state === 'on' || state === 'paused')
      );
      this.#trials = live.map(({ trial }) => trial.name);
      this.#rules = live
        .flatMap(({ rules }) => rules)
        .filter(
          ({ state }) => state === 'watching' || state === 'firing'
        ).length;
    } catch {
      // The list of findings says what is wrong with the store; this is one sentence below it.
      return;
    }
    if (!this.isDisposed) {
      this.#changed.emit();
    }
  }

  #rules = 0;
  #trials: readonly string[] = [];
  readonly #refresher: Refresher;
  readonly #changed = new Signal<this, void>(this);
}
