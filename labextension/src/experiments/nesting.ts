/** Putting trials below those that they are part of. */
import type { TrialRecord } from '../wire';

/** Trials by what they are part of. */
export interface INested {
  /** Trials that are part of none of the others. */
  roots: readonly TrialRecord[];
  /** By the id of a trial, those that are part of it, in their order. */
  below: ReadonlyMap<string, readonly TrialRecord[]>;
}

/** Nest trials that all are here; one whose whole is not among them stands by itself. */
export function nest(trials: readonly TrialRecord[]): INested {
  const here = new Set(trials.map(({ id }) => id));
  const roots: TrialRecord[] = [];
  const below = new Map<string, TrialRecord[]>();
  for (const trial of trials) {
    const whole = trial.parent_id;
    if (whole === null || !here.has(whole) || whole === trial.id) {
      roots.push(trial);
    } else {
      const parts = below.get(whole) ?? [];
      parts.push(trial);
      below.set(whole, parts);
    }
  }
  return { roots, below };
}
