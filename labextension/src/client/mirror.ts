/** Experiments and their trials as last heard of: read once, then kept true by events. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { AnyEvent, ILabdeckClient } from '../tokens';
import type {
  ExperimentRecord,
  MetricsAdvanced,
  TrialDetail,
  TrialRecord
} from '../wire';
import { Details } from './details';
import { type LabdeckError, toLabdeckError } from './errors';
import { Listings } from './listings';
import type { TrialList } from './trials';

/** How far the list of experiments is: not read yet, read, or it could not be read. */
export type MirrorPhase = 'loading' | 'ready' | 'failed';

/** A live copy of the lists that the sidebar shows. */
export class StoreMirror implements IDisposable {
  constructor(client: ILabdeckClient) {
    this.#client = client;
    this.#details = new Details(client, () => this.#tell());
    this.lists = new Listings(
      client,
      () => this.#experiments.map(({ id }) => id),
      () => this.#tell()
    );
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
    client.stateChanged.connect(this.#onState, this);
    this.#onState();
  }

  /** The trials of the experiments, and what a query finds. */
  readonly lists: Listings;

  /** Something below has changed. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Ids of trials and experiments that were deleted. */
  get removed(): ISignal<this, readonly string[]> {
    return this.#removed;
  }

  get phase(): MirrorPhase {
    return this.#phase;
  }

  /** Why the experiments could not be read. */
  get problem(): LabdeckError | null {
    return this.#problem;
  }

  /** All experiments, latest activity first, archived ones included. */
  get experiments(): readonly ExperimentRecord[] {
    return this.#experiments;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** What is known of an experiment's trials; nothing is read by asking. */
  trials(experiment: string): TrialList {
    return this.lists.of(experiment);
  }

  /** Everything known of a trial, if it was read. */
  detail(trial: string): TrialDetail | LabdeckError | undefined {
    return this.#details.get(trial);
  }

  /** Grows with every change of what `detail` tells. */
  get detailsVersion(): number {
    return this.#details.version;
  }

  /** Find a trial among those that are here. */
  findTrial(id: string): TrialRecord | undefined {
    return this.lists.find(id) ?? this.#details.find(id);
  }

  /** Read everything of a trial unless that was begun before. */
  needDetail(trial: string): void {
    this.#details.need(trial);
  }

  /** Read everything of a trial anew. */
  loadDetail(trial: string): Promise<void> {
    return this.#details.load(trial);
  }

  /** Read anew all that was read; what is shown stays until the answers come. */
  refresh(): void {
    void this.#loadExperiments();
    this.lists.reload();
    this.#details.reload();
  }

  dispose(): void {
    this.#disposed = true;
    this.#client.events.disconnect(this.#onEvents, this);
    this.#client.stale.disconnect(this.#onStale, this);
    this.#client.stateChanged.disconnect(this.#onState, this);
    this.lists.dispose();
    Signal.clearData(this);
  }

  #loadExperiments(): Promise<void> {
    this.#running ??= this.#readExperiments().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #readExperiments(): Promise<void> {
    const missed: AnyEvent[] = [];
    this.#recorders.add(missed);
    try {
      const { experiments, seq } = await this.#client.experiments();
      this.#experiments = [...experiments];
      for (const event of missed) {
        if (event.seq > seq) {
          this.#apply(event);
        }
      }
      this.#phase = 'ready';
      this.#problem = null;
    } catch (reason) {
      this.#problem = toLabdeckError(reason);
      this.#phase = this.#phase === 'ready' ? 'ready' : 'failed';
    }
    this.#recorders.delete(missed);
    this.#sort();
    this.#tell();
  }

  #onStale(): void {
    this.refresh();
  }

  #onState(): void {
    if (this.#client.state === 'connected') {
      this.#makeUp();
    }
    // Without a connection nobody asks for the lists; the reason must be shown all the same.
    if (this.#phase !== 'ready' && this.#client.problem) {
      this.#phase = 'failed';
      this.#problem = this.#client.problem;
    }
    this.#tell();
  }

  /** Read what could not be read while there was no connection. */
  #makeUp(): void {
    if (this.#phase !== 'ready') {
      void this.#loadExperiments();
    }
    this.lists.makeUp();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    for (const recorder of this.#recorders) {
      recorder.push(...events);
    }
    for (const event of events) {
      this.#apply(event);
    }
    this.#sort();
    this.#tell();
  }

  #apply(event: AnyEvent): void {
    switch (event.event) {
      case 'experiment-changed':
        this.#putExperiment(event.experiment);
        return;
      case 'trial-changed':
        this.#putTrial(event.trial);
        return;
      case 'detail-changed':
        if (event.what === 'components') {
          this.#details.renew(event.trial_id);
        }
        this.lists.touch(event.experiment_id);
        return;
      case 'metrics-advanced':
        this.#advance(event);
        return;
      case 'views-changed':
      case 'lineage-changed':
      case 'finding-changed':
      case 'debugger-changed':
      case 'training-asked':
    }
  }

  #putExperiment(experiment: ExperimentRecord): void {
    const old = this.#experiments.find(({ id }) => id === experiment.id);
    const others = this.#experiments.filter(each => each !== old);
    const gone = typeof experiment.deleted === 'number';
    this.#experiments = gone ? others : [...others, experiment];
    if (gone) {
      this.lists.drop(experiment.id);
      this.#removed.emit([experiment.id]);
    } else if (old && old.archived !== experiment.archived) {
      void this.lists.of(experiment.id).reload();
    }
    if (gone !== (old === undefined) || old?.name !== experiment.name) {
      this.lists.touch(experiment.id);
    }
  }

  #putTrial(trial: TrialRecord): void {
    this.lists.put(trial);
    this.#details.put(trial);
    this.#details.renew(trial.id);
    if (typeof trial.deleted === 'number') {
      this.#removed.emit([trial.id]);
    }
  }

  #advance(event: MetricsAdvanced): void {
    const trial = this.findTrial(event.trial_id);
    if (trial && event.objective) {
      const { objective, goal } = event;
      const moved = { ...trial, objective, goal };
      this.lists.replace(moved);
      this.#details.put(moved);
    }
    this.lists.touch(event.experiment_id);
  }

  #sort(): void {
    this.#experiments.sort((a, b) => b.updated - a.updated);
  }

  #tell(): void {
    if (!this.#disposed) {
      this.#changed.emit();
    }
  }

  readonly #client: ILabdeckClient;
  readonly #details: Details;
  readonly #changed = new Signal<this, void>(this);
  readonly #removed = new Signal<this, readonly string[]>(this);
  /** Events that arrive while a list is on its way, which may not hold them yet. */
  readonly #recorders = new Set<AnyEvent[]>();
  #experiments: ExperimentRecord[] = [];
  #running: Promise<void> | null = null;
  #phase: MirrorPhase = 'loading';
  #problem: LabdeckError | null = null;
  #disposed = false;
}
