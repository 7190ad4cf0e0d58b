/** The saved comparisons, read once and kept true by events. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import { newId } from '../client/ids';
import { Refresher } from '../refresher';
import type { AnyEvent, ILabdeckClient } from '../tokens';
import type { ViewRecord } from '../wire';
import { type IViewBody, writeBody } from './body';

const INTERVAL = 200;

/** All saved comparisons, by name. */
export class ViewsModel implements IDisposable {
  constructor(client: ILabdeckClient) {
    this.#client = client;
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
    this.#refresher.request();
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get views(): readonly ViewRecord[] {
    return this.#views;
  }

  /** Why the list could not be read; the last one known stays. */
  get error(): LabdeckError | null {
    return this.#error;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  get(id: string): ViewRecord | null {
    return this.#views.find(view => view.id === id) ?? null;
  }

  /** The saved comparison of that name, within an experiment or over several. */
  named(name: string, experiment: string | null): ViewRecord | null {
    return (
      this.#views.find(
        view => view.name === name && view.experiment_id === experiment
      ) ?? null
    );
  }

  /** Read a saved comparison even if it was saved a moment ago. */
  async find(id: string): Promise<ViewRecord | null> {
    if (!this.get(id)) {
      await this.#read();
    }
    return this.get(id);
  }

  /**
   * Keep a comparison under a name; one of that name in the same experiment is replaced.
   *
   * @throws LabdeckError if it cannot be kept.
   */
  async save(
    name: string,
    experiment: string | null,
    body: IViewBody
  ): Promise<ViewRecord> {
    const view: ViewRecord = {
      id: this.named(name, experiment)?.id ?? newId(),
      name,
      experiment_id: experiment,
      created: Date.now() / 1000,
      body: writeBody(body)
    };
    await this.put(view);
    return view;
  }

  /** Keep a record as it is. */
  async put(view: ViewRecord): Promise<void> {
    await this.#client.apply({ command: 'save-view', view });
    await this.#read();
  }

  /** Forget a saved comparison. */
  async remove(id: string): Promise<void> {
    await this.#client.apply({ command: 'delete-view', id });
    await this.#read();
  }

  dispose(): void {
    this.#refresher.dispose();
    this.#client.events.disconnect(this.#onEvents, this);
    this.#client.stale.disconnect(this.#onStale, this);
    Signal.clearData(this);
  }

  async #read(): Promise<void> {
    try {
      const { views } = await this.#client.views();
      this.#views = views;
      this.#error = null;
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#changed.emit();
  }

  #onStale(): void {
    this.#refresher.request();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    if (events.filter(event => this.#concerns(event)).length > 0) {
      this.#refresher.request();
    }
  }

  /** The views of an experiment go when it is deleted, and come back with it. */
  #concerns(event: AnyEvent): boolean {
    if (event.event === 'experiment-changed') {
      const { id, deleted } = event.experiment;
      const wasGone = this.#gone.delete(id);
      if (deleted !== null) {
        this.#gone.add(id);
      }
      return wasGone !== (deleted !== null);
    }
    return event.event === 'views-changed';
  }

  readonly #gone = new Set<string>();
  #views: readonly ViewRecord[] = [];
  #error: LabdeckError | null = null;
  readonly #client: ILabdeckClient;
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#read(), INTERVAL);
}
