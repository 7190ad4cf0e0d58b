/** What the columns of a comparison are called, and what their cells say. */
import type { TranslationBundle } from '@jupyterlab/translation';

import {
  ABSENT,
  formatDuration,
  formatNumber,
  formatTime
} from '../parts/format';
import type { SortValue } from '../parts/sorting';
import { stateLabel } from '../parts/StateIcon';
import type { TrialRecord } from '../wire';
import {
  factName,
  type IDifference,
  type IFactColumn,
  type Statistic
} from './columns';
import { toCsv } from './csv';
import type { ITableSettings, TableModel } from './tableModel';

/** What a column is called. */
export function columnName(
  column: IFactColumn,
  trans: TranslationBundle
): string {
  switch (column.kind) {
    case 'name':
      return trans.__('trial');
    case 'state':
      return trans.__('state');
    case 'experiment':
      return trans.__('experiment');
    case 'duration':
      return trans.__('duration');
    case 'started':
      return trans.__('started');
    default:
      return factName(column);
  }
}

/** What a statistic is called; "at" by its step, where one is chosen. */
export function statisticName(
  statistic: Statistic,
  trans: TranslationBundle,
  step: number | null = null
): string {
  switch (statistic) {
    case 'last':
      return trans.__('last');
    case 'best':
      return trans.__('best');
    case 'min':
      return trans.__('min');
    case 'max':
      return trans.__('max');
    case 'first':
      return trans.__('first');
    case 'mean':
      return trans.__('mean');
    case 'deviation':
      return trans.__('deviation');
    case 'count':
      return trans.__('count');
    case 'at':
      return step === null ? trans.__('at step') : trans.__('step %1', step);
  }
}

/** Which of a metric's numbers a column shows, or that it shows a tag. */
export function columnDetail(
  column: IFactColumn,
  trans: TranslationBundle,
  step: number | null
): string | undefined {
  if (column.kind === 'tag') {
    return trans.__('tag');
  }
  return column.statistic
    ? statisticName(column.statistic, trans, step)
    : undefined;
}

/** What a cell says of a value. */
export function cellText(
  column: IFactColumn,
  value: SortValue,
  trans: TranslationBundle
): string {
  if (value === null) {
    return ABSENT;
  }
  switch (column.kind) {
    case 'duration':
      return formatDuration(Number(value));
    case 'started':
      return formatTime(Number(value));
    case 'state':
      return stateLabel(value as TrialRecord['state'], trans);
    default:
      return typeof value === 'number' ? formatNumber(value) : String(value);
  }
}

/** A difference from the baseline, with its sign, as the reader wants it written. */
export function differenceText(
  column: IFactColumn,
  difference: IDifference,
  mode: ITableSettings['difference']
): string {
  const { absolute, relative } = difference;
  const sign = absolute > 0 ? '+' : '';
  const size =
    column.kind === 'duration'
      ? `${absolute < 0 ? '−' : ''}${formatDuration(Math.abs(absolute))}`
      : formatNumber(absolute);
  const plain = `${sign}${size}`;
  if (relative === null || mode === 'absolute') {
    return plain;
  }
  const part = `${sign}${formatNumber(Number((relative * 100).toPrecision(3)))} %`;
  return mode === 'relative' ? part : `${plain} (${part})`;
}

/** The table as the reader sees it, with all digits, as comma-separated values. */
export function tableCsv(model: TableModel, trans: TranslationBundle): string {
  const { columns } = model;
  const { step } = model.settings;
  const head = columns.map(column =>
    [columnName(column, trans), columnDetail(column, trans, step)]
      .filter(Boolean)
      .join(' ')
  );
  // Groups are told by the columns of their trials, closed ones too.
  const open = model.grouping
    ? model.rows.flatMap(row =>
        row.kind === 'group'
          ? row.group.members.filter(f => f !== model.baseline)
          : row.level === 1
            ? [row.facts]
            : []
      )
    : model.rows.flatMap(row => (row.kind === 'trial' ? [row.facts] : []));
  return toCsv(
    head,
    open.map(facts =>
      columns.map(column => {
        const value = column.value(facts);
        return column.kind === 'started'
          ? new Date(Number(value) * 1000).toISOString()
          : value;
      })
    )
  );
}
