/** The orders in which trials are listed: as the server is asked for them, and as the browser makes them itself. */
import { toFloat } from '../parts/format';
import type { TrialRecord } from '../wire';

/** What trials are ordered by. */
export type SortKey = 'newest' | 'name' | 'objective' | 'duration' | 'state';

export const SORT_KEYS: readonly SortKey[] = [
  'newest',
  'name',
  'objective',
  'duration',
  'state'
];

/** A metric that trials are judged by. */
export interface IJudge {
  name: string;
  component: string;
  goal: 'max' | 'min';
}

/** What needs attention first: what runs, then what went wrong. */
const STATES: readonly TrialRecord['state'][] = [
  'running',
  'interrupted',
  'failed',
  'crashed',
  'completed'
];

/**
 * An order in the words of the search language.
 *
 * @param judge - The metric to order by where the order is "objective"; null if none is known.
 */
export function sortText(sort: SortKey, judge: IJudge | null): string {
  switch (sort) {
    case 'newest':
      return '-number';
    case 'name':
      return 'name';
    case 'duration':
      return '-duration';
    case 'state':
      return '-state';
    case 'objective':
      return judge ? objectiveSort(judge) : '-number';
  }
}

/** Compare two trials of one experiment; ties are broken by the newest. */
export function compareTrials(
  sort: SortKey
): (a: TrialRecord, b: TrialRecord) => number {
  const newest = (a: TrialRecord, b: TrialRecord): number =>
    b.number - a.number;
  switch (sort) {
    case 'newest':
      return newest;
    case 'name':
      return (a, b) => compareText(a.name, b.name) || newest(a, b);
    case 'duration':
      return (a, b) => compareAbsent(b, a, duration) || newest(a, b);
    case 'state':
      return (a, b) =>
        STATES.indexOf(a.state) - STATES.indexOf(b.state) || newest(a, b);
    case 'objective':
      return (a, b) => compareObjectives(a, b) || newest(a, b);
  }
}

/** How a name is written in the search language. */
export function quoteName(name: string): string {
  return `"${name.replace(/(["\\])/g, '\\$1')}"`;
}

function objectiveSort({ name, component, goal }: IJudge): string {
  const full = component === '' ? name : `${component}/${name}`;
  return `${goal === 'max' ? '-' : ''}metrics.${quoteName(full)}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function duration(trial: TrialRecord): number {
  return trial.ended === null ? NaN : trial.ended - trial.started;
}

/** Smaller values first; what has none comes last in the order the caller asked for. */
function compareAbsent(
  a: TrialRecord,
  b: TrialRecord,
  value: (trial: TrialRecord) => number
): number {
  const [left, right] = [value(a), value(b)];
  if (Number.isNaN(left) || Number.isNaN(right)) {
    return Number(Number.isNaN(right)) - Number(Number.isNaN(left));
  }
  return left - right;
}

function compareObjectives(a: TrialRecord, b: TrialRecord): number {
  const value = (trial: TrialRecord): number =>
    trial.objective ? toFloat(trial.objective.last) : NaN;
  const [left, right] = [value(a), value(b)];
  if (Number.isNaN(left) || Number.isNaN(right)) {
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  }
  const better = (a.objective ? a.goal : b.goal) === 'max' ? 1 : -1;
  return better * (right - left);
}
