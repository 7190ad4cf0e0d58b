/** Parameters and metrics as the server's figures name them: `params.lr`, `metrics."train:loss".best`. Pure. */
import { type IFactColumn, factColumns, factName } from '../facts/columns';
import { SYSTEM } from '../readings';
import type { TrialFacts } from '../wire';

/** The statistics of a metric that a field can name. */
export const FIELD_STATISTICS = [
  'last',
  'best',
  'min',
  'max',
  'first',
  'mean',
  'std',
  'count'
] as const;

export type FieldStatistic = (typeof FIELD_STATISTICS)[number];

/** Something of a trial that a chart can show. */
export interface IField {
  /** What the server calls it; that of a metric without its statistic. */
  text: string;
  kind: 'param' | 'metric' | 'duration' | 'started' | 'number';
  /** Its name, with its component; "" for the facts every trial has. */
  name: string;
  /** Whether every trial that has it has a number. */
  numeric: boolean;
  /** How many different values there are. */
  variety: number;
  /** It measures the machine rather than the training. */
  isSystem: boolean;
}

/** What a name may be made of without quotation marks. */
const PLAIN = /^[\p{L}\p{N}_:\-/.@%+]+$/u;

/** A name as it stands in a field: in quotation marks if it has other characters, or ends as a statistic does. */
export function quoteName(
  kind: 'params' | 'metrics',
  component: string,
  name: string
): string {
  const whole = component ? `${component}/${name}` : name;
  const end = whole.slice(whole.lastIndexOf('.') + 1);
  const isOdd =
    kind === 'metrics' && FIELD_STATISTICS.some(word => word === end);
  return PLAIN.test(whole) && !isOdd
    ? whole
    : `"${whole.replace(/["\\]/g, '\\$&')}"`;
}

/** The text of a field; that of a metric says which of its numbers, unless that is the last. */
export function fieldText(field: IField, statistic: FieldStatistic): string {
  return field.kind === 'metric' && statistic !== 'last'
    ? `${field.text}.${statistic}`
    : field.text;
}

/** Everything of some trials that a chart can show, in the order of the table's columns. */
export function listFields(facts: readonly TrialFacts[]): IField[] {
  const columns = factColumns(facts, () => 0).filter(
    column =>
      column.kind === 'param' ||
      (column.kind === 'metric' && column.statistic === 'last')
  );
  const fields = columns.map(column => fieldOf(column, facts));
  const always = (['duration', 'started', 'number'] as const).map(kind => ({
    text: kind,
    kind,
    name: '',
    numeric: true,
    variety: facts.length,
    isSystem: false
  }));
  return [...fields, ...always];
}

function fieldOf(column: IFactColumn, facts: readonly TrialFacts[]): IField {
  const isMetric = column.kind === 'metric';
  const values = facts.map(f => column.value(f)).filter(v => v !== null);
  const group = isMetric ? 'metrics' : 'params';
  return {
    text: `${group}.${quoteName(group, column.component, column.name)}`,
    kind: isMetric ? 'metric' : 'param',
    name: factName(column),
    numeric: isMetric || values.every(value => typeof value === 'number'),
    variety: new Set(values).size,
    isSystem: column.component === SYSTEM
  };
}

/** The field of the metric that most trials are judged by; the first metric without one, null without any. */
export function objectiveField(facts: readonly TrialFacts[]): IField | null {
  // Metrics come in the order of `allSeries`: the objective first.
  const metrics = listFields(facts).filter(field => field.kind === 'metric');
  return metrics.find(field => !field.isSystem) ?? null;
}

/** The parameters in which trials differ: numbers first, those with the most different values first of all. */
export function varyingParams(facts: readonly TrialFacts[]): IField[] {
  return listFields(facts)
    .filter(field => field.kind === 'param' && field.variety > 1)
    .sort(
      (a, b) => Number(b.numeric) - Number(a.numeric) || b.variety - a.variety
    );
}
