import type { IDisposable } from '@lumino/disposable';

/**
 * Runs a job when asked to: at once, but not more often than once an interval and never twice at the same time. What
 * is asked for while the job runs makes it run again afterwards, so that the last word is never lost.
 *
 * (Lumino's Throttler drops calls made while its job runs, and would leave a finished trial one reading behind.)
 */
export class Refresher implements IDisposable {
  /**
   * @param job - What to run; it handles its own errors.
   * @param interval - Milliseconds from one start to the next, at least.
   */
  constructor(job: () => Promise<void>, interval: number) {
    this.#job = job;
    this.#interval = interval;
  }

  /** Whether the job will never run again. */
  isDisposed = false;

  /** Ask for a run. */
  request(): void {
    if (this.#running) {
      this.#again = true;
    } else if (this.#timer === undefined && !this.isDisposed) {
      const wait = Math.max(
        0,
        this.#started + this.#interval - performance.now()
      );
      this.#timer = setTimeout(() => void this.#run(), wait);
    }
  }

  /** Cancel what was asked for. */
  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#started = performance.now();
    this.#running = true;
    this.#again = false;
    try {
      await this.#job();
    } finally {
      this.#running = false;
      this.#onEnd();
    }
  }

  #onEnd(): void {
    if (this.#again) {
      this.request();
    }
  }

  readonly #job: () => Promise<void>;
  readonly #interval: number;
  #again = false;
  #running = false;
  #started = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
}
