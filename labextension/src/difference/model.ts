/** How two of the compared trials differ in code and surroundings. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { LiveReading } from '../liveReading';
import { type Kept, toFlag, toText } from '../settings';
import type { ILabdeckClient } from '../tokens';
import type {
  CodeDifference,
  EnvironmentDifference,
  TrialRecord
} from '../wire';

/** What is compared of two trials. */
export type DifferenceKind = 'code' | 'environment';

/** Two trials beside each other; read only while they are shown. */
export class DifferenceModel implements IDisposable {
  constructor(client: ILabdeckClient) {
    this.#client = client;
    this.code = new LiveReading(client);
    this.environment = new LiveReading(client);
    for (const reading of [this.code, this.environment]) {
      reading.changed.connect(this.#tell, this);
    }
  }

  readonly code: LiveReading<CodeDifference>;
  readonly environment: LiveReading<EnvironmentDifference>;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.code.isDisposed;
  }

  /** The trials that can be chosen, oldest first. */
  get trials(): readonly TrialRecord[] {
    return this.#trials;
  }

  /** The earlier one: as chosen, else the oldest. */
  get before(): TrialRecord | null {
    return this.#find(this.#before) ?? this.#trials.find(Boolean) ?? null;
  }

  /** The later one: as chosen, else the newest that is another one. */
  get after(): TrialRecord | null {
    const others = this.#trials.filter(({ id }) => id !== this.before?.id);
    return this.#find(this.#after) ?? others.reverse().find(Boolean) ?? null;
  }

  /** Whether what is the same is shown, too. */
  get equal(): boolean {
    return this.#equal;
  }

  setTrials(trials: readonly TrialRecord[]): void {
    this.#trials = [...trials].sort(
      (a, b) => a.started - b.started || a.number - b.number
    );
    this.#ask();
  }

  /** Choose a trial, or both. */
  choose(choice: { before?: string; after?: string }): void {
    this.#before = choice.before ?? this.#before;
    this.#after = choice.after ?? this.#after;
    this.#change();
  }

  /** Let the two change places. */
  swap(): void {
    const { before, after } = this;
    this.#before = after?.id ?? null;
    this.#after = before?.id ?? null;
    this.#change();
  }

  showEqual(equal: boolean): void {
    this.#equal = equal;
    this.#change();
  }

  /** Say what is looked at; null for nothing. */
  show(kind: DifferenceKind | null): void {
    this.#kind = kind;
    this.#ask();
  }

  /** The choice as JSON. */
  keep(): Kept {
    return { before: this.#before, after: this.#after, equal: this.#equal };
  }

  restore(kept: Kept): void {
    this.#before = toText(kept.before);
    this.#after = toText(kept.after);
    this.#equal = toFlag(kept.equal, false);
    this.#change();
  }

  dispose(): void {
    this.code.dispose();
    this.environment.dispose();
    Signal.clearData(this);
  }

  #find(id: string | null): TrialRecord | null {
    return this.#trials.find(trial => trial.id === id) ?? null;
  }

  #tell(): void {
    this.#changed.emit();
  }

  #change(): void {
    this.#ask();
    this.#changed.emit();
  }

  #ask(): void {
    const [a, b, equal] = [this.before?.id, this.after?.id, this.#equal];
    const isReady = a !== undefined && b !== undefined && a !== b;
    const key = JSON.stringify([a, b, equal]);
    this.code.ask(
      isReady && this.#kind === 'code'
        ? {
            key,
            trials: [a, b],
            read: () => this.#client.codeDifference(a, b, equal)
          }
        : null
    );
    this.environment.ask(
      isReady && this.#kind === 'environment'
        ? {
            key,
            trials: [a, b],
            read: () => this.#client.environmentDifference(a, b, equal)
          }
        : null
    );
  }

  #kind: DifferenceKind | null = null;
  #trials: TrialRecord[] = [];
  #before: string | null = null;
  #after: string | null = null;
  #equal = false;
  readonly #client: ILabdeckClient;
  readonly #changed = new Signal<this, void>(this);
}
