/** What is below the open trials: their components, and the trials that are part of them. */
import type { ILabdeckClient } from '../tokens';
import type { TrialDetail, TrialRecord } from '../wire';
import { LabdeckError, toLabdeckError } from './errors';

/** Everything known of the trials that were asked for. */
export class Details {
  /**
   * @param client - Where they come from.
   * @param changed - Called after every change that reading makes.
   */
  constructor(client: Pick<ILabdeckClient, 'trial'>, changed: () => void) {
    this.#client = client;
    this.#changed = changed;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get(trial: string): TrialDetail | LabdeckError | undefined {
    return this.#known.get(trial);
  }

  /** Find a trial among the parts of others. */
  find(id: string): TrialRecord | undefined {
    for (const detail of this.#known.values()) {
      const children = detail instanceof LabdeckError ? [] : detail.children;
      const found = children.find(child => child.id === id);
      if (found) {
        return found;
      }
    }
    return undefined;
  }

  /** Read everything of a trial unless that was begun before. */
  need(trial: string): void {
    if (!this.#asked.has(trial)) {
      void this.load(trial);
    }
  }

  /** Read everything of a trial anew. */
  async load(trial: string): Promise<void> {
    this.#asked.add(trial);
    let detail: TrialDetail | LabdeckError;
    try {
      detail = await this.#client.trial(trial);
    } catch (reason) {
      detail = toLabdeckError(reason);
    }
    this.#known.set(trial, detail);
    this.#version++;
    this.#changed();
  }

  /** Read a trial anew if it was asked for. */
  renew(trial: string): void {
    if (this.#asked.has(trial)) {
      void this.load(trial);
    }
  }

  /** Read all anew that were asked for. */
  reload(): void {
    this.#asked.forEach(trial => void this.load(trial));
  }

  /** Take in a record that an event brought. */
  put(trial: TrialRecord): void {
    const whole = trial.parent_id ?? '';
    const detail = this.#known.get(whole);
    if (!detail) {
      // On its way, it may not hold this yet.
      this.renew(whole);
      return;
    }
    if (detail instanceof LabdeckError) {
      return;
    }
    const gone = typeof trial.deleted === 'number';
    const others = detail.children.filter(({ id }) => id !== trial.id);
    const children = gone ? others : [...others, trial];
    children.sort((a, b) => a.number - b.number);
    this.#known.set(whole, { ...detail, children });
    this.#version++;
  }

  readonly #client: Pick<ILabdeckClient, 'trial'>;
  readonly #changed: () => void;
  readonly #known = new Map<string, TrialDetail | LabdeckError>();
  /** Trials of which everything was asked for. */
  readonly #asked = new Set<string>();
  #version = 0;
}
