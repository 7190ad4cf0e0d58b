import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ABSENT, formatDuration, formatNumber } from '../parts/format';
import { type IMenuLine, openMenu } from '../parts/menu';
import { trialColour } from '../parts/palette';
import { Swatch } from '../parts/Picker';
import { type SortValue, sortRows } from '../parts/sorting';
import { useSteadyRows } from '../parts/steady';
import { StateIcon } from '../parts/StateIcon';
import { type IColumn, Table } from '../parts/Table';
import type { TrialFacts } from '../wire';
import type { ComparisonModel } from './model';
import {
  bestValue,
  difference,
  differs,
  factColumns,
  type IFactColumn
} from './tabulate';

/** Columns shown before the reader chooses. */
const FIRST_COLUMNS = 40;

/** What the views of a comparison share. */
export interface IComparisonProps {
  model: ComparisonModel;
  trans: TranslationBundle;
  /** Show a trial's page. */
  onOpen: (trial: string) => void;
}

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
    default:
      return column.name;
  }
}

/** The columns of which the reader may choose some: parameters and metrics. */
export function optionalColumns(model: ComparisonModel): IFactColumn[] {
  return factColumns(model.shown, now).filter(isOptional);
}

/** The ids of the optional columns that are shown when the trials need not differ in them. */
export function chosenColumns(
  model: ComparisonModel,
  optional: readonly IFactColumn[]
): ReadonlySet<string> {
  return (
    model.view.columns ??
    new Set(optional.slice(0, FIRST_COLUMNS).map(column => column.id))
  );
}

/** The trials as rows, what they had and what they reached as columns. */
export function ComparisonTable(props: IComparisonProps): React.ReactElement {
  const { model, trans } = props;
  const facts = model.shown;
  const shown = visibleColumns(model);
  const { sort, baseline } = model.view;
  const sorted = shown.find(column => column.id === sort?.column);
  const { rows, watch } = useSteadyRows(
    sort && sorted ? sortRows(facts, sorted.value, sort.descending) : facts,
    row => row.trial.id,
    JSON.stringify([sort, model.trials])
  );
  return (
    <div className="jp-Labdeck-scroll" {...watch}>
      <Table
        label={trans.__('Trials compared')}
        columns={tableColumns(props, shown)}
        rows={rows}
        rowId={row => row.trial.id}
        rowClass={row => (row.trial.id === baseline ? 'jp-mod-baseline' : '')}
        sort={sort}
        onSort={column => model.sortBy(column)}
        onOpen={row => props.onOpen(row.trial.id)}
        onRemove={row => model.removeTrial(row.trial.id)}
        onRowMenu={(row, x, y) => openMenu(rowMenu(props, row), x, y)}
        onColumnMenu={(id, x, y) =>
          openMenu(columnMenu(props, shown, id), x, y)
        }
        columnMenuLabel={trans.__('Column menu')}
      />
    </div>
  );
}

function visibleColumns(model: ComparisonModel): IFactColumn[] {
  const facts = model.shown;
  const all = factColumns(facts, now);
  const chosen = chosenColumns(model, all.filter(isOptional));
  const differing = model.view.differing && facts.length > 1;
  return all.filter(
    column =>
      !isOptional(column) ||
      (chosen.has(column.id) && (!differing || differs(column, facts)))
  );
}

function tableColumns(
  props: IComparisonProps,
  shown: readonly IFactColumn[]
): IColumn<TrialFacts>[] {
  const { model, trans } = props;
  const facts = model.shown;
  const baseline = facts.find(f => f.trial.id === model.view.baseline);
  return shown.flatMap(column => {
    const cell = valueColumn(props, column, facts, baseline);
    return baseline && hasDifference(column)
      ? [cell, differenceColumn(column, baseline, trans)]
      : [cell];
  });
}

function valueColumn(
  props: IComparisonProps,
  column: IFactColumn,
  facts: readonly TrialFacts[],
  baseline: TrialFacts | undefined
): IColumn<TrialFacts> {
  const { trans } = props;
  const best = differs(column, facts) ? bestValue(column, facts) : null;
  const name = columnName(column, trans);
  const detail = columnDetail(column, trans);
  const base = column.kind === 'param' && baseline && column.value(baseline);
  return {
    id: column.id,
    label: name,
    detail,
    title: detail ? `${name} (${detail})` : name,
    numeric: isNumeric(column, facts),
    value: column.value,
    hover: row => hoverText(column, row),
    render: row => {
      const value = column.value(row);
      if (column.kind === 'name') {
        return <NameCell {...props} facts={row} />;
      }
      if (column.kind === 'state') {
        return <StateIcon state={row.trial.state} trans={trans} />;
      }
      const marked =
        (best !== null && value === best && column.kind === 'best') ||
        (baseline !== undefined && column.kind === 'param' && value !== base);
      return marked ? (
        <strong>{cellText(column, value)}</strong>
      ) : (
        cellText(column, value)
      );
    }
  };
}

function differenceColumn(
  column: IFactColumn,
  baseline: TrialFacts,
  trans: TranslationBundle
): IColumn<TrialFacts> {
  return {
    id: `difference ${column.id}`,
    label: trans.__('Δ'),
    title: trans.__(
      '%1: difference from %2',
      columnName(column, trans),
      baseline.trial.name
    ),
    numeric: true,
    render: row => {
      if (row === baseline) {
        return '';
      }
      const change = difference(column, row, baseline);
      if (change === null) {
        return ABSENT;
      }
      const sign = change > 0 ? '+' : '';
      const better =
        column.goal && change !== 0 && change > 0 === (column.goal === 'max');
      return (
        <span
          className="jp-Labdeck-difference"
          data-better={column.goal && change !== 0 ? better : undefined}
        >
          {sign + formatNumber(change)}
        </span>
      );
    }
  };
}

function NameCell(
  props: IComparisonProps & { facts: TrialFacts }
): React.ReactElement {
  const { model, facts, trans } = props;
  const { trial } = facts;
  const pinned = model.view.baseline === trial.id;
  return (
    <span className="jp-Labdeck-trial-name">
      <Swatch colour={trialColour(trial.number)} />
      <button
        type="button"
        tabIndex={-1}
        className="jp-Labdeck-link"
        onClick={() => props.onOpen(trial.id)}
      >
        {trial.name}
      </button>
      {pinned && <span className="jp-Labdeck-pin">{trans.__('baseline')}</span>}
    </span>
  );
}

function rowMenu(
  props: IComparisonProps,
  row: TrialFacts
): (IMenuLine | null)[] {
  const { model, trans } = props;
  const { id } = row.trial;
  return [
    { label: trans.__('Open Trial'), onSelect: () => props.onOpen(id) },
    {
      label: trans.__('Pin as Baseline'),
      isToggled: model.view.baseline === id,
      onSelect: () => model.toggleBaseline(id)
    },
    null,
    { label: trans.__('Hide Trial'), onSelect: () => model.toggleHidden(id) },
    {
      label: trans.__('Remove from Comparison'),
      onSelect: () => model.removeTrial(id)
    }
  ];
}

function columnMenu(
  props: IComparisonProps,
  shown: readonly IFactColumn[],
  id: string
): (IMenuLine | null)[] {
  const { model, trans } = props;
  const { sort } = model.view;
  const column = shown.find(c => c.id === id);
  const order = (descending: boolean, label: string): IMenuLine => ({
    label,
    isToggled: sort?.column === id && sort.descending === descending,
    isEnabled: column !== undefined,
    onSelect: () => model.setView({ sort: { column: id, descending } })
  });
  return [
    order(false, trans.__('Sort Ascending')),
    order(true, trans.__('Sort Descending')),
    {
      label: trans.__('Do Not Sort'),
      isEnabled: sort !== null,
      onSelect: () => model.setView({ sort: null })
    },
    null,
    {
      label: trans.__('Hide Column'),
      isEnabled: column !== undefined && isOptional(column),
      onSelect: () => hideColumn(model, id)
    }
  ];
}

function hideColumn(model: ComparisonModel, id: string): void {
  const columns = new Set(chosenColumns(model, optionalColumns(model)));
  columns.delete(id);
  model.setView({ columns });
}

function isOptional(column: IFactColumn): boolean {
  return ['param', 'last', 'best'].includes(column.kind);
}

function hasDifference(column: IFactColumn): boolean {
  return ['last', 'best', 'duration'].includes(column.kind);
}

function isNumeric(column: IFactColumn, facts: readonly TrialFacts[]): boolean {
  return (
    hasDifference(column) ||
    (column.kind === 'param' &&
      facts.some(f => typeof column.value(f) === 'number') &&
      facts.every(f => ['number', 'object'].includes(typeof column.value(f))))
  );
}

/** Which of a metric's numbers a column shows. */
export function columnDetail(
  column: IFactColumn,
  trans: TranslationBundle
): string | undefined {
  switch (column.kind) {
    case 'last':
      return trans.__('last');
    case 'best':
      return column.goal === 'max' ? trans.__('max') : trans.__('min');
    default:
      return undefined;
  }
}

function cellText(column: IFactColumn, value: SortValue): string {
  if (column.kind === 'duration') {
    return formatDuration(Number(value));
  }
  if (typeof value === 'number') {
    return formatNumber(value);
  }
  return value === null ? ABSENT : String(value);
}

function hoverText(column: IFactColumn, row: TrialFacts): string {
  const value = column.value(row);
  return value === null ? '' : String(value);
}

function now(): number {
  return Date.now() / 1000;
}
