/** Words about trials of which something was not recorded. */
import type { TrialRecord } from '../wire';

/** The names of trials; ids for those that are not known. */
export function namesOf(
  ids: readonly string[],
  trials: readonly TrialRecord[]
): string {
  return ids
    .map(id => trials.find(trial => trial.id === id)?.name ?? id)
    .join(', ');
}
