/** Trials that share a value, and what their numbers come to together. Pure: no store, no React. */
import { sortRows, type SortValue } from '../parts/sorting';
import type { TrialFacts } from '../wire';
import type { IFactColumn } from './columns';

/** The trials that share one value. */
export interface IGroup {
  /** Unique among the groups of one table. */
  key: string;
  /** What they share; null for trials that have none. */
  value: SortValue;
  /** In the order in which they were given. */
  members: readonly TrialFacts[];
}

/** What the finite numbers of some trials come to. */
export interface ISummary {
  /** How many trials have a finite number. */
  count: number;
  mean: number;
  /** Population deviation. */
  deviation: number;
}

/** Return the groups that trials make by one column, smallest value first, those without a value last. */
export function groupTrials(
  facts: readonly TrialFacts[],
  by: IFactColumn
): IGroup[] {
  const found = new Map<string, { value: SortValue; members: TrialFacts[] }>();
  for (const trial of facts) {
    const value = by.value(trial);
    // 1 and "1" are two values, and so are two groups.
    const key = JSON.stringify([typeof value, String(value)]);
    const group = found.get(key);
    if (group) {
      group.members.push(trial);
    } else {
      found.set(key, { value, members: [trial] });
    }
  }
  const groups = [...found].map(([key, group]) => ({ key, ...group }));
  return sortRows(groups, group => group.value, false);
}

/** Return the mean and deviation of a column over some trials; null where none has a finite number. */
export function summarise(
  column: IFactColumn,
  members: readonly TrialFacts[]
): ISummary | null {
  const values = members
    .map(member => column.value(member))
    .filter((v): v is number => Number.isFinite(v));
  const count = values.length;
  if (count === 0) {
    return null;
  }
  const mean = values.reduce((sum, value) => sum + value / count, 0);
  const variance = values.reduce(
    (sum, value) => sum + (value - mean) ** 2 / count,
    0
  );
  return { count, mean, deviation: Math.sqrt(variance) };
}

/** Return what all members say of a column; undefined where they differ. */
export function commonValue(
  column: IFactColumn,
  members: readonly TrialFacts[]
): SortValue | undefined {
  const values = new Set(members.map(member => column.value(member)));
  return values.size === 1 ? [...values][0] : undefined;
}
