/** Reports about one trial: asked of the server, which makes them beside its requests, and watched until they are kept. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { LabdeckError, toLabdeckError } from '../client/errors';
import type { ILabdeckClient, ReportKind } from '../tokens';
import type { ReportProgress } from '../wire';

/** All kinds of reports. */
export const REPORT_KINDS: readonly ReportKind[] = [
  'training',
  'profiler',
  'xgboost'
];
/** Milliseconds between two looks at a report that is being made. */
const PAUSE = 500;

/** The reports of a trial. */
export class ReportsModel implements IDisposable {
  constructor(
    readonly client: ILabdeckClient,
    readonly id: string
  ) {}

  isDisposed = false;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Told when a report was kept: the name of its page. */
  get kept(): ISignal<this, string> {
    return this.#kept;
  }

  /** Which one is made next. */
  get kind(): ReportKind {
    return this.#kind;
  }

  set kind(kind: ReportKind) {
    this.#kind = kind;
    this.#error = null;
    this.#tell();
  }

  /** Whether one is being made. */
  get isMaking(): boolean {
    return this.#making;
  }

  /** Why the last one could not be made. */
  get error(): LabdeckError | null {
    return this.#error;
  }

  /** Have a report made, and wait until it is kept or has failed; no effect while one is being made. */
  async make(kind: ReportKind = this.#kind): Promise<void> {
    if (this.#making) {
      return;
    }
    [this.#kind, this.#making, this.#error] = [kind, true, null];
    this.#tell();
    try {
      let progress = await this.client.makeReport(this.id, kind);
      while (progress.state === 'making' && !this.isDisposed) {
        await new Promise(resolve => setTimeout(resolve, PAUSE));
        progress = await this.client.report(this.id, kind);
      }
      this.#finish(progress);
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#making = false;
    this.#tell();
  }

  dispose(): void {
    this.isDisposed = true;
    Signal.clearData(this);
  }

  #finish({ page, problem }: ReportProgress): void {
    if (problem) {
      const { code, message, remedy } = problem;
      throw new LabdeckError(code, message, remedy);
    }
    if (page && !this.isDisposed) {
      this.#kept.emit(page.name);
    }
  }

  #tell(): void {
    if (!this.isDisposed) {
      this.#changed.emit();
    }
  }

  #kind: ReportKind = 'training';
  #making = false;
  #error: LabdeckError | null = null;
  readonly #changed = new Signal<this, void>(this);
  readonly #kept = new Signal<this, string>(this);
}
