/** The trials that run, and what watches each of them. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import { WatchModel } from '../findings/model';
import { Refresher } from '../refresher';
import type { AnyEvent, ILabdeckClient } from '../tokens';
import type { TrialRecord } from '../wire';

/** Trials shown at most: more cannot be looked after by one person. */
export const MOST_RUNNING = 50;
const INTERVAL = 500;

/** A trial that runs, or ran when the page was opened. */
export interface IRunning {
  trial: TrialRecord;
  watch: WatchModel;
}

/** The running trials, newest first; one that has ended stays until it is closed, so that its end can be read. */
export class RunningModel implements IDisposable {
  constructor(readonly client: ILabdeckClient) {
    this.#refresher = new Refresher(() => this.#read(), INTERVAL);
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
    client.stateChanged.connect(this.#onState, this);
    this.refresh();
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** Whether anything was read. */
  get known(): boolean {
    return this.#known;
  }

  /** Why the trials could not be read; what was last known stays. */
  get problem(): LabdeckError | null {
    return this.#problem;
  }

  /** How many trials run, shown or not. */
  get total(): number {
    return this.#total;
  }

  get trials(): readonly IRunning[] {
    return [...this.#trials.values()].sort(
      (a, b) => b.trial.started - a.trial.started
    );
  }

  refresh(): void {
    this.#refresher.request();
  }

  /** Show a trial that has ended no longer. */
  close(id: string): void {
    this.#drop(id);
    this.#tell();
  }

  dispose(): void {
    this.#refresher.dispose();
    this.client.events.disconnect(this.#onEvents, this);
    this.client.stale.disconnect(this.#onStale, this);
    this.client.stateChanged.disconnect(this.#onState, this);
    [...this.#trials.keys()].forEach(id => this.#drop(id));
    Signal.clearData(this);
  }

  #onStale(): void {
    this.refresh();
  }

  async #read(): Promise<void> {
    try {
      const page = await this.client.search({
        query: 'state = running',
        limit: MOST_RUNNING,
        archived: true
      });
      if (this.isDisposed) {
        return;
      }
      this.#total = page.total;
      page.trials.forEach(({ trial }) => this.#put(trial));
      this.#known = true;
      this.#problem = null;
    } catch (reason) {
      this.#problem = toLabdeckError(reason);
    }
    this.#tell();
  }

  #onState(): void {
    if (this.client.state === 'connected' && (!this.#known || this.#problem)) {
      this.refresh();
    }
    this.#tell();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    let changed = false;
    for (const event of events) {
      if (event.event === 'trial-changed') {
        const { trial } = event;
        const isHere = this.#trials.has(trial.id);
        if (typeof trial.deleted === 'number') {
          this.#drop(trial.id);
        } else if (isHere || trial.state === 'running') {
          this.#put(trial);
        }
        changed = true;
        if (isHere !== (trial.state === 'running')) {
          this.refresh();
        }
      }
    }
    if (changed) {
      this.#tell();
    }
  }

  #put(trial: TrialRecord): void {
    const known = this.#trials.get(trial.id);
    if (known) {
      this.#trials.set(trial.id, { ...known, trial });
      return;
    }
    if (this.#trials.size >= MOST_RUNNING) {
      const over = this.trials.filter(one => one.trial.state !== 'running');
      over.slice(-1).forEach(one => this.#drop(one.trial.id));
    }
    if (this.#trials.size < MOST_RUNNING) {
      const watch = new WatchModel(this.client, trial.id);
      watch.changed.connect(this.#tell, this);
      watch.setVisible(true);
      this.#trials.set(trial.id, { trial, watch });
    }
  }

  #drop(id: string): void {
    this.#trials.get(id)?.watch.dispose();
    this.#trials.delete(id);
  }

  #tell(): void {
    if (!this.isDisposed) {
      this.#changed.emit();
    }
  }

  readonly #trials = new Map<string, IRunning>();
  readonly #refresher: Refresher;
  readonly #changed = new Signal<this, void>(this);
  #known = false;
  #total = 0;
  #problem: LabdeckError | null = null;
}
