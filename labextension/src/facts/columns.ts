/** From the facts of some trials to the columns by which they are compared. Pure: no store, no React. */
import { toFloat } from '../parts/format';
import type { SortValue } from '../parts/sorting';
import {
  allSeries,
  goalOf,
  seriesId,
  seriesName,
  seriesOf,
  SYSTEM
} from '../readings';
import type { ISeriesKey } from '../tokens';
import type { MetricSummary, Param, TrialFacts } from '../wire';

/** What is told of the points of a metric; "at" is its value at a step that the reader chose. */
export const STATISTICS = [
  'last',
  'best',
  'min',
  'max',
  'first',
  'mean',
  'deviation',
  'count',
  'at'
] as const;

export type Statistic = (typeof STATISTICS)[number];

/** What a column tells of a trial. */
export type ColumnKind =
  | 'name'
  | 'state'
  | 'experiment'
  | 'param'
  | 'metric'
  | 'tag'
  | 'duration'
  | 'started';

/** One thing by which trials are compared. */
export interface IFactColumn {
  /** Unique within a table, and the same tomorrow: saved views name columns by it. */
  id: string;
  kind: ColumnKind;
  /** The parameter, metric or tag; "" for the facts every trial has. */
  name: string;
  /** The component of the parameter or metric; "" is the trial itself. */
  component: string;
  /** Which number of a metric; null for everything else. */
  statistic: Statistic | null;
  /** Which way is better, where one way is. */
  goal: 'max' | 'min' | null;
  /** What it says of a trial. */
  value: (facts: TrialFacts) => SortValue;
}

/** Values of series at the step that the reader chose, by trial and by series. */
export type StepValues = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Columns shown before the reader chooses. */
const FIRST_COLUMNS = 40;

/**
 * All columns of some trials: name, state, experiment if there are several, parameters, metrics with each of their
 * statistics, tags, duration, start.
 *
 * @param now - The time up to which a running trial has lasted, in seconds since 1970.
 * @param at - The values at the chosen step; null leaves out their columns.
 */
export function factColumns(
  facts: readonly TrialFacts[],
  now: () => number,
  at: StepValues | null = null
): IFactColumn[] {
  const experiments = new Set(facts.map(f => f.trial.experiment_id));
  return [
    plain('name', f => f.trial.name),
    plain('state', f => f.trial.state),
    ...(experiments.size > 1
      ? [plain('experiment', f => f.trial.experiment)]
      : []),
    ...paramColumns(facts),
    ...allSeries(facts).flatMap(series => metricColumns(series, facts, at)),
    ...tagColumns(facts),
    plain('duration', f => (f.trial.ended ?? now()) - f.trial.started),
    plain('started', f => f.trial.started)
  ];
}

/** Whether the reader may leave a column out. */
export function isOptional(column: IFactColumn): boolean {
  return !['name', 'state'].includes(column.kind);
}

/** The ids of the columns shown before the reader chooses: how the trials were made, and what they reached. */
export function firstColumns(
  columns: readonly IFactColumn[],
  facts: readonly TrialFacts[]
): Set<string> {
  const curves = new Set(
    allSeries(facts)
      .filter(series => series.isCurve)
      .map(seriesId)
  );
  const wanted = columns.filter(column => {
    if (!isOptional(column) || column.component === SYSTEM) {
      return false;
    }
    switch (column.statistic) {
      case null:
      case 'last':
      case 'at':
        return true;
      case 'best':
        return curves.has(
          seriesId({ component: column.component, metric: column.name })
        );
      default:
        return false;
    }
  });
  const few = wanted.slice(0, FIRST_COLUMNS);
  // What every trial has comes last in the table, but is never crowded out.
  const always = wanted.filter(({ kind }) =>
    ['duration', 'started'].includes(kind)
  );
  return new Set([...few, ...always].map(column => column.id));
}

/** Return whether the trials differ in a column; a missing value differs from any other. */
export function differs(
  column: IFactColumn,
  facts: readonly TrialFacts[]
): boolean {
  const values = new Set(facts.map(f => column.value(f)));
  return values.size > 1;
}

/** Return the best value of a column, null where no way is better or no trial has a finite one. */
export function bestValue(
  column: IFactColumn,
  facts: readonly TrialFacts[]
): number | null {
  const values = facts
    .map(f => column.value(f))
    .filter((v): v is number => Number.isFinite(v));
  if (column.goal === null || values.length === 0) {
    return null;
  }
  return values.reduce((a, b) =>
    column.goal === 'max' ? Math.max(a, b) : Math.min(a, b)
  );
}

/** How far a trial is from the baseline. */
export interface IDifference {
  absolute: number;
  /** The difference as a part of the baseline's size; null where the baseline is zero. */
  relative: number | null;
  /** Whether that is better; null where no way is better or nothing has changed. */
  better: boolean | null;
}

/** Return how far a trial is from the baseline, null where either has no finite number. */
export function difference(
  column: IFactColumn,
  facts: TrialFacts,
  baseline: TrialFacts
): IDifference | null {
  const value = column.value(facts);
  const base = column.value(baseline);
  if (
    typeof value !== 'number' ||
    typeof base !== 'number' ||
    !Number.isFinite(value - base)
  ) {
    return null;
  }
  const absolute = value - base;
  return {
    absolute,
    relative: base === 0 ? null : absolute / Math.abs(base),
    better:
      column.goal === null || absolute === 0
        ? null
        : absolute > 0 === (column.goal === 'max')
  };
}

/** Whether differences are counted in a column. */
export function hasDifference(column: IFactColumn): boolean {
  return column.kind === 'metric' || column.kind === 'duration';
}

/** Whether a column holds numbers, so that they stand one below the other. */
export function isNumeric(
  column: IFactColumn,
  facts: readonly TrialFacts[]
): boolean {
  return (
    hasDifference(column) ||
    (column.kind === 'param' &&
      facts.some(f => typeof column.value(f) === 'number') &&
      facts.every(f => ['number', 'object'].includes(typeof column.value(f))))
  );
}

function plain(
  kind: ColumnKind,
  value: (facts: TrialFacts) => SortValue
): IFactColumn {
  return {
    id: kind,
    kind,
    name: '',
    component: '',
    statistic: null,
    goal: null,
    value
  };
}

function paramColumns(facts: readonly TrialFacts[]): IFactColumn[] {
  const found = new Map<string, IFactColumn>();
  for (const { name, component } of facts.flatMap(f => f.params)) {
    const key = paramId(component, name);
    found.set(key, {
      id: `param ${key}`,
      kind: 'param',
      name,
      component,
      statistic: null,
      goal: null,
      value: f => indexOf(f).params.get(key) ?? null
    });
  }
  return [...found.values()];
}

function tagColumns(facts: readonly TrialFacts[]): IFactColumn[] {
  const names = new Set(facts.flatMap(f => Object.keys(f.trial.tags)));
  return [...names].map(name => ({
    id: `tag ${name}`,
    kind: 'tag',
    name,
    component: '',
    statistic: null,
    goal: null,
    // A tag may be called like something that every object has.
    value: f => new Map(Object.entries(f.trial.tags)).get(name) ?? null
  }));
}

function metricColumns(
  series: ISeriesKey,
  facts: readonly TrialFacts[],
  at: StepValues | null
): IFactColumn[] {
  const goal = goalOf(
    series.metric,
    facts.map(f => f.trial)
  );
  const key = seriesId(series);
  return STATISTICS.filter(statistic => statistic !== 'at' || at !== null).map(
    statistic => ({
      id: `metric ${statistic} ${key}`,
      kind: 'metric',
      name: series.metric,
      component: series.component,
      statistic,
      // More points or a wider spread are neither better nor worse.
      goal: ['deviation', 'count'].includes(statistic) ? null : goal,
      value: f => {
        if (statistic === 'at') {
          return at?.get(f.trial.id)?.get(key) ?? null;
        }
        const metric = indexOf(f).metrics.get(key);
        return metric ? readStatistic(metric, statistic, goal) : null;
      }
    })
  );
}

/** Return one number of a metric's summary. */
export function readStatistic(
  metric: MetricSummary,
  statistic: Exclude<Statistic, 'at'>,
  goal: 'max' | 'min'
): number {
  switch (statistic) {
    case 'best':
      return toFloat(metric[goal]);
    case 'deviation':
      return toFloat(metric.std);
    default:
      return toFloat(metric[statistic]);
  }
}

/** How a parameter or metric is called where its component is not shown beside it. */
export function factName(column: IFactColumn): string {
  return seriesName({ component: column.component, metric: column.name });
}

/** A trial's parameters and metrics by their ids. */
interface IIndex {
  params: Map<string, Param['value']>;
  metrics: Map<string, MetricSummary>;
}

/** Made once for each record: a wide table looks up every cell. */
const indices = new WeakMap<TrialFacts, IIndex>();

function indexOf(facts: TrialFacts): IIndex {
  let index = indices.get(facts);
  if (!index) {
    index = {
      params: new Map(
        facts.params.map(p => [paramId(p.component, p.name), p.value])
      ),
      metrics: new Map(facts.metrics.map(m => [seriesId(seriesOf(m)), m]))
    };
    indices.set(facts, index);
  }
  return index;
}

function paramId(component: string, name: string): string {
  return JSON.stringify([component, name]);
}
