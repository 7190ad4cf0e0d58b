/** An answer of the server that is kept true while somebody looks at it. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from './client/errors';
import { Refresher } from './refresher';
import type { AnyEvent, ILabdeckClient } from './tokens';

/** How often an answer is read anew at most, in milliseconds. */
const INTERVAL = 400;

/** What to read. */
export interface IQuestion<T> {
  /** Two questions of one key have one answer. */
  key: string;
  read: () => Promise<T>;
  /** Trials whose changes make the answer old. */
  trials: readonly string[];
}

/** The latest answer to the latest question; the last one stays until the next is here. */
export class LiveReading<T> implements IDisposable {
  constructor(client: ILabdeckClient) {
    this.#client = client;
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Null before the first answer. */
  get answer(): T | null {
    return this.#answer;
  }

  /** Why the answer is missing or out of date. */
  get error(): LabdeckError | null {
    return this.#error;
  }

  /** Whether the answer is one to an earlier question, or there is none yet. */
  get isLoading(): boolean {
    return (
      this.#question !== null &&
      this.#error === null &&
      this.#answered !== this.#question.key
    );
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** Ask a question, or none; the same one again is not asked twice. */
  ask(question: IQuestion<T> | null): void {
    const before = this.#question?.key;
    this.#question = question;
    if (before === question?.key) {
      return;
    }
    this.#error = null;
    if (question === null) {
      this.#answer = null;
      this.#answered = null;
      this.#changed.emit();
    } else {
      this.refresh();
    }
  }

  /** Read the answer anew. */
  refresh(): void {
    if (this.#question !== null) {
      this.#refresher.request();
    }
  }

  dispose(): void {
    this.#refresher.dispose();
    this.#client.events.disconnect(this.#onEvents, this);
    this.#client.stale.disconnect(this.#onStale, this);
    Signal.clearData(this);
  }

  #onStale(): void {
    this.refresh();
  }

  async #read(): Promise<void> {
    const question = this.#question;
    if (question === null) {
      return;
    }
    let answer: T | null = null;
    let error: LabdeckError | null = null;
    try {
      answer = await question.read();
    } catch (reason) {
      error = toLabdeckError(reason);
    }
    // Another question may have been asked meanwhile: its own answer is on the way.
    if (this.isDisposed || this.#question?.key !== question.key) {
      return;
    }
    this.#error = error;
    if (error === null) {
      this.#answer = answer;
      this.#answered = question.key;
    }
    this.#changed.emit();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    const trials = new Set(this.#question?.trials);
    if (events.some(event => concerns(event, trials))) {
      this.refresh();
    }
  }

  #question: IQuestion<T> | null = null;
  #answer: T | null = null;
  #answered: string | null = null;
  #error: LabdeckError | null = null;
  readonly #client: ILabdeckClient;
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#read(), INTERVAL);
}

function concerns(event: AnyEvent, trials: ReadonlySet<string>): boolean {
  switch (event.event) {
    case 'trial-changed':
      return trials.has(event.trial.id);
    case 'metrics-advanced':
    case 'detail-changed':
      return trials.has(event.trial_id);
    default:
      return false;
  }
}
