/** From the facts of some trials to the columns by which they are compared. Pure: no store, no React. */
import { toFloat } from '../parts/format';
import type { SortValue } from '../parts/sorting';
import { allSeries, goalOf, seriesId, seriesName, seriesOf } from '../readings';
import type { ISeriesKey } from '../tokens';
import type { MetricSummary, Param, TrialFacts } from '../wire';

/** What a column tells of a trial. */
export type ColumnKind =
  'name' | 'state' | 'experiment' | 'param' | 'last' | 'best' | 'duration';

/** One thing by which trials are compared. */
export interface IFactColumn {
  /** Unique within a table. */
  id: string;
  kind: ColumnKind;
  /** The parameter or metric; "" for the facts every trial has. */
  name: string;
  /** Which way is better, where one way is. */
  goal: 'max' | 'min' | null;
  /** What it says of a trial. */
  value: (facts: TrialFacts) => SortValue;
}

/** All columns of some trials: name, state, experiment if there are several, parameters, metrics, duration. */
export function factColumns(
  facts: readonly TrialFacts[],
  now: () => number
): IFactColumn[] {
  const experiments = new Set(facts.map(f => f.trial.experiment_id));
  return [
    plain('name', f => f.trial.name),
    plain('state', f => f.trial.state),
    ...(experiments.size > 1
      ? [plain('experiment', f => f.trial.experiment)]
      : []),
    ...paramColumns(facts),
    ...allSeries(facts).flatMap(series => metricColumns(series, facts)),
    plain('duration', f => (f.trial.ended ?? now()) - f.trial.started)
  ];
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

/** Return how far a trial is from the baseline, null where either has no finite number. */
export function difference(
  column: IFactColumn,
  facts: TrialFacts,
  baseline: TrialFacts
): number | null {
  const value = column.value(facts);
  const base = column.value(baseline);
  return typeof value === 'number' &&
    typeof base === 'number' &&
    Number.isFinite(value - base)
    ? value - base
    : null;
}

function plain(
  kind: ColumnKind,
  value: (facts: TrialFacts) => SortValue
): IFactColumn {
  return { id: kind, kind, name: '', goal: null, value };
}

function paramColumns(facts: readonly TrialFacts[]): IFactColumn[] {
  const found = new Map<string, IFactColumn>();
  for (const { name, component } of facts.flatMap(f => f.params)) {
    const id = `param ${paramId(component, name)}`;
    found.set(id, {
      id,
      kind: 'param',
      name: component ? `${component} / ${name}` : name,
      goal: null,
      value: f => indexOf(f).params.get(paramId(component, name)) ?? null
    });
  }
  return [...found.values()];
}

function metricColumns(
  series: ISeriesKey,
  facts: readonly TrialFacts[]
): IFactColumn[] {
  const goal = goalOf(
    series.metric,
    facts.map(f => f.trial)
  );
  const key = seriesId(series);
  const column = (
    kind: 'last' | 'best',
    read: (metric: MetricSummary) => number
  ): IFactColumn => ({
    id: `${kind} ${key}`,
    kind,
    name: seriesName(series),
    goal,
    value: f => {
      const metric = indexOf(f).metrics.get(key);
      return metric ? read(metric) : null;
    }
  });
  return [
    column('last', m => toFloat(m.last)),
    column('best', m => toFloat(goal === 'max' ? m.max : m.min))
  ];
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
