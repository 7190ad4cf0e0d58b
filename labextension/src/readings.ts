/** What can be read from a trial's facts without asking again. Pure. */
import type { ISeriesKey } from './tokens';
import type { MetricSummary, MetricsAdvanced, TrialRecord } from './wire';

/** The longest title of a tab, in characters; it stands in the status bar too. */
const LONGEST_TITLE = 60;

/** The component under which a trial's machine is measured; it is shown only where it is asked for. */
export const SYSTEM = 'system';

/** Whatever holds a trial with its metrics: a row of a comparison, a trial's page. */
export interface ITrialMetrics {
  trial: TrialRecord;
  metrics: MetricSummary[];
}

/** Metrics of which less is better, by their usual names. */
const LESS_IS_BETTER =
  /(loss|errors?|err|mse|mae|rmse|nll|perplexity|ppl|divergence|latency|duration|time|seconds)\b/i;

/** A series that some trials have. */
export interface ISeries extends ISeriesKey {
  /** Whether any trial has more than one point of it, so that a curve tells something. */
  isCurve: boolean;
}

/** A text that identifies a series among others. */
export function seriesId(series: ISeriesKey): string {
  return JSON.stringify([series.component, series.metric]);
}

/** How a series is called where its component is not shown beside it. */
export function seriesName(series: ISeriesKey): string {
  return series.component
    ? `${series.component} / ${series.metric}`
    : series.metric;
}

/** The series that a summary sums up. */
export function seriesOf(metric: MetricSummary): ISeriesKey {
  return { component: metric.component, metric: metric.name };
}

/**
 * Every metric of some trials: first the objective of most of them, then those that have curves, then those with a
 * single point; among equals in the order in which they are met.
 */
export function allSeries(facts: readonly ITrialMetrics[]): ISeries[] {
  const found = new Map<string, { series: ISeries; rank: number }>();
  const add = (metric: MetricSummary, rank: number): void => {
    const key = seriesOf(metric);
    const known = found.get(seriesId(key));
    const isCurve = metric.count > 1 || known?.series.isCurve === true;
    found.set(seriesId(key), {
      series: { ...key, isCurve },
      rank: Math.max(rank, known?.rank ?? 0)
    });
  };
  for (const metric of facts.flatMap(f => f.metrics)) {
    add(metric, metric.count > 1 ? 1 : 0);
  }
  for (const { objective } of facts.map(f => f.trial)) {
    if (objective) {
      // One more for every trial that is judged by it.
      add(objective, (found.get(seriesId(seriesOf(objective)))?.rank ?? 1) + 1);
    }
  }
  return [...found.values()]
    .sort((a, b) => b.rank - a.rank)
    .map(({ series }) => series);
}

/** The metrics of one trial in that order. */
export function orderMetrics(facts: ITrialMetrics): MetricSummary[] {
  const order = allSeries([facts]).map(seriesId);
  const place = new Map(order.map((id, index) => [id, index]));
  const placeOf = (metric: MetricSummary): number =>
    place.get(seriesId(seriesOf(metric))) ?? order.length;
  return [...facts.metrics].sort((a, b) => placeOf(a) - placeOf(b));
}

/** A name as the title of a tab: one line, not too long. */
export function titleOf(name: string): string {
  const characters = Array.from(name.replace(/\s+/g, ' '));
  return characters.length > LONGEST_TITLE
    ? `${characters.slice(0, LONGEST_TITLE - 1).join('')}…`
    : characters.join('');
}

/** Which way a metric is better: as its experiment says where it is the objective, else as its name suggests. */
export function goalOf(
  metric: string,
  trials: readonly TrialRecord[]
): 'max' | 'min' {
  for (const trial of trials) {
    if (trial.objective?.name === metric) {
      return trial.goal;
    }
  }
  return LESS_IS_BETTER.test(metric.replace(/_/g, ' ')) ? 'min' : 'max';
}

/** Return facts with the summaries of an event in place of the older ones; sparks are kept, for events carry none. */
export function mergeMetrics<Facts extends ITrialMetrics>(
  facts: Facts,
  event: MetricsAdvanced
): Facts {
  const metrics = [...facts.metrics];
  for (const metric of event.metrics) {
    const index = metrics.findIndex(
      m => m.name === metric.name && m.component === metric.component
    );
    if (index < 0) {
      metrics.push(metric);
    } else {
      metrics[index] = { ...metric, spark: metrics[index].spark };
    }
  }
  const trial: TrialRecord = {
    ...facts.trial,
    objective: event.objective,
    goal: event.goal
  };
  return { ...facts, trial, metrics };
}
