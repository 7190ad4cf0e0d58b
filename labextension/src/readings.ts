/** How facts that are shown take in what the store tells. */
import type { MetricSummary, MetricsAdvanced, TrialRecord } from './wire';

/** Whatever holds a trial with its metrics: a row of a comparison, a trial's page. */
interface ITrialMetrics {
  trial: TrialRecord;
  metrics: MetricSummary[];
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
