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
import { type LabdeckError, toLabdeckError } from './errors';
import { TrialList } from './trials';

/** How far the list of experiments is: not read yet, read, or it could not be read. */
export type MirrorPhase = 'loading' | 'ready' | 'failed';

/** A live copy of the lists that the sidebar shows. */
export class StoreMirror implements IDisposable {
  constructor(client: ILabdeckClient) {
    this.#client = client;
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
    client.stateChanged.connect(this.#onState, this);
    this.#onState();
  }

  /** Something below has changed. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get phase(): MirrorPhase {
    return this.#phase;
  }

  /** Why the experiments could not be read. */
  get problem(): LabdeckError | null {
    return this.#problem;
  }

  /** All experiments, latest activity first. */
  get experiments(): readonly ExperimentRecord[] {
    return this.#experiments;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** What is known of an experiment's trials; nothing is read by asking. */
  trials(experiment: string): TrialList {
    let list = this.#lists.get(experiment);
    if (!list) {
      list = new TrialList(this.#client, experiment, () => this.#tell());
      this.#lists.set(experiment, list);
    }
    return list;
  }

  /** Everything known of a trial, if it was read. */
  detail(trial: string): TrialDetail | LabdeckError | undefined {
    return this.#details.get(trial);
  }

  /** Find a trial among those that were read. */
  findTrial(id: string): TrialRecord | undefined {
    for (const list of this.#lists.values()) {
      const trial = list.get(id);
      if (trial) {
        return trial;
      }
    }
    return undefined;
  }

  /** Read everything of a trial unless that was begun before. */
  needDetail(trial: string): void {
    if (!this.#asked.has(trial)) {
      void this.loadDetail(trial);
    }
  }

  /** Read everything of a trial anew. */
  async loadDetail(trial: string): Promise<void> {
    this.#asked.add(trial);
    let detail: TrialDetail | LabdeckError;
    try {
      detail = await this.#client.trial(trial);
    } catch (reason) {
      detail = toLabdeckError(reason);
    }
    this.#details.set(trial, detail);
    this.#tell();
  }

  /** Read anew all that was read; what is shown stays until the answers come. */
  refresh(): void {
    void this.#loadExperiments();
    for (const list of this.#lists.values()) {
      void list.reload();
    }
    for (const trial of this.#asked) {
      void this.loadDetail(trial);
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#client.events.disconnect(this.#onEvents, this);
    this.#client.stale.disconnect(this.#onStale, this);
    this.#client.stateChanged.disconnect(this.#onState, this);
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
    for (const list of this.#lists.values()) {
      if (list.problem) {
        void list.reload();
      }
    }
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
        this.trials(event.trial.experiment_id).put(event.trial);
        this.#renewDetail(event.trial.id);
        return;
      case 'detail-changed':
        if (event.what === 'components') {
          this.#renewDetail(event.trial_id);
        }
        return;
      case 'metrics-advanced':
        this.#advance(event);
    }
  }

  #putExperiment(experiment: ExperimentRecord): void {
    const others = this.#experiments.filter(({ id }) => id !== experiment.id);
    const gone = typeof experiment.deleted === 'number';
    this.#experiments = gone ? others : [...others, experiment];
    if (gone) {
      this.#lists.delete(experiment.id);
    }
  }

  #advance(event: MetricsAdvanced): void {
    const list = this.trials(event.experiment_id);
    const trial = list.get(event.trial_id);
    if (trial && event.objective) {
      const { objective, goal } = event;
      list.put({ ...trial, objective, goal });
    }
  }

  #renewDetail(trial: string): void {
    if (this.#asked.has(trial)) {
      void this.loadDetail(trial);
    }
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
  readonly #changed = new Signal<this, void>(this);
  readonly #lists = new Map<string, TrialList>();
  readonly #details = new Map<string, TrialDetail | LabdeckError>();
  /** Trials of which everything was asked for. */
  readonly #asked = new Set<string>();
  /** Events that arrive while a list is on its way, which may not hold them yet. */
  readonly #recorders = new Set<AnyEvent[]>();
  #experiments: ExperimentRecord[] = [];
  #running: Promise<void> | null = null;
  #phase: MirrorPhase = 'loading';
  #problem: LabdeckError | null = null;
  #disposed = false;
}
