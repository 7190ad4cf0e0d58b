/** The trials of a comparison as rows, what they had and what they reached as columns. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ABSENT, formatNumber } from '../parts/format';
import { openMenu } from '../parts/menu';
import { Empty } from '../parts/Notes';
import { useNow } from '../parts/now';
import { trialColour } from '../parts/palette';
import { Swatch } from '../parts/Picker';
import { useSteadyRows } from '../parts/steady';
import { StateIcon } from '../parts/StateIcon';
import { type IColumn, Table } from '../parts/Table';
import type { TrialFacts } from '../wire';
import {
  bestValue,
  difference,
  differs,
  hasDifference,
  type IFactColumn,
  isNumeric
} from './columns';
import { commonValue, type IGroup, summarise } from './grouping';
import { cellText, columnDetail, columnName, differenceText } from './labels';
import { DIFFERENCE, type TableModel, type TableRow } from './tableModel';
import { columnMenu, type IFactsTableProps, rowMenu } from './tableMenus';

/** Room for the longest and the shortest cell, in digits. */
const WIDEST = 30;
const NARROWEST = 4;
const WIDEST_HEAD = 22;
/** The pace at which the duration of running trials is told anew, in milliseconds. */
const PACE = 5000;

/** The table itself, with what stands in its place when no trial is left. */
export function FactsTable(props: IFactsTableProps): React.ReactElement {
  const { model, trans } = props;
  if (model.matching.length > 0 || model.settings.filter === '') {
    return <Grid {...props} />;
  }
  return (
    <Empty text={trans.__('No trial matches the filter.')}>
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        onClick={() => model.set({ filter: '' })}
      >
        {trans.__('Clear Filter')}
      </button>
    </Empty>
  );
}

function Grid(props: IFactsTableProps): React.ReactElement {
  const { model, trans } = props;
  const { sort, group } = model.settings;
  const columns = useColumns(props);
  const { rows, watch } = useSteadyRows(model.rows, rowId, orderOf(model));
  const only = (act: (trial: string) => void) => (row: TableRow) => {
    if (row.kind === 'trial') {
      act(row.id);
    }
  };
  return (
    <div className="jp-Labdeck-scroll" {...watch}>
      <Table
        label={trans.__('Trials compared')}
        columns={columns}
        rows={rows}
        rowId={rowId}
        rowClass={row => (row.kind === 'group' ? 'jp-mod-group' : '')}
        windowed
        pinned={model.baseline ? 1 : 0}
        tree={group === null ? undefined : treeRow}
        onToggle={row => {
          if (row.kind === 'group') {
            model.toggleGroup(row.group.key);
          }
        }}
        sort={sort}
        onSort={column => model.sortBy(column)}
        onOpen={only(props.onOpen)}
        onRemove={only(props.onRemove)}
        onRowMenu={(row, x, y) => openMenu(rowMenu(props, row), x, y)}
        onColumnMenu={(id, x, y) => openMenu(columnMenu(props, id), x, y)}
        columnMenuLabel={trans.__('Column menu')}
      />
    </div>
  );
}

/** While this stays the same, no row changes places under the reader's pointer. */
function orderOf(model: TableModel): string {
  const { sort, filter, group, closed, baseline } = model.settings;
  // A trial that comes to a group stands with the others of it at once.
  const ids = group === null ? [] : model.rows.map(rowId).sort();
  return JSON.stringify([[sort, filter, group, [...closed], baseline], ids]);
}

function rowId(row: TableRow): string {
  return row.id;
}

function treeRow(row: TableRow): { level: number; expanded?: boolean } {
  return row.kind === 'group'
    ? { level: 1, expanded: row.open }
    : { level: row.level };
}

/** The columns; made anew only when the table has changed, so that no row is drawn for nothing. */
function useColumns(props: IFactsTableProps): IColumn<TableRow>[] {
  const { model, trans, onOpen } = props;
  const isRunning = model.facts.some(f => f.trial.state === 'running');
  const time = useNow(PACE);
  const { revision } = model;
  return React.useMemo(
    () => tableColumns({ model, trans, onOpen }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the model is another one with each revision
    [model, trans, revision, isRunning ? time : 0]
  );
}

type IColumnProps = Pick<IFactsTableProps, 'model' | 'trans' | 'onOpen'>;

function tableColumns(props: IColumnProps): IColumn<TableRow>[] {
  const { baseline, columns } = props.model;
  return columns.flatMap(column => {
    const cell = valueColumn(props, column);
    return baseline && hasDifference(column)
      ? [cell, differenceColumn(props, column, baseline)]
      : [cell];
  });
}

function valueColumn(
  props: IColumnProps,
  column: IFactColumn
): IColumn<TableRow> {
  const { model, trans } = props;
  const { facts, baseline } = model;
  const best = differs(column, facts) ? bestValue(column, facts) : null;
  const name = columnName(column, trans);
  const detail = columnDetail(column, trans, model.settings.step);
  const base = column.kind === 'param' && baseline && column.value(baseline);
  const isMarked = (value: unknown): boolean =>
    (best !== null && value === best) ||
    (baseline !== null && column.kind === 'param' && value !== base);
  return {
    id: column.id,
    label: name,
    detail,
    title: detail ? `${name} (${detail})` : name,
    numeric: isNumeric(column, facts),
    width: widthOf(props, column, `${name} ${detail ?? ''}`),
    value: row => (row.kind === 'trial' ? column.value(row.facts) : null),
    hover: row => hoverText(props, column, row),
    render: row => {
      if (row.kind === 'group') {
        return groupCell(props, column, row);
      }
      if (column.kind === 'name') {
        return <NameCell {...props} facts={row.facts} />;
      }
      if (column.kind === 'state') {
        return <StateIcon state={row.facts.trial.state} trans={trans} />;
      }
      const value = column.value(row.facts);
      const text = cellText(column, value, trans);
      return isMarked(value) ? <strong>{text}</strong> : text;
    }
  };
}

function groupCell(
  props: IColumnProps,
  column: IFactColumn,
  row: TableRow & { kind: 'group' }
): React.ReactNode {
  if (column.kind === 'name') {
    return <GroupName {...props} row={row} />;
  }
  const { members } = row.group;
  const common = commonValue(column, members);
  if (common !== undefined && !hasDifference(column)) {
    return column.kind === 'state'
      ? null
      : cellText(column, common, props.trans);
  }
  const found = hasDifference(column) ? summarise(column, members) : null;
  return found ? groupText(column, found, props.trans) : '';
}

/** Mean ± deviation. */
function groupText(
  column: IFactColumn,
  found: { mean: number; deviation: number },
  trans: TranslationBundle
): string {
  const text = (value: number): string => cellText(column, value, trans);
  return `${text(found.mean)} ± ${text(found.deviation)}`;
}

function hoverText(
  { model, trans }: IColumnProps,
  column: IFactColumn,
  row: TableRow
): string {
  if (row.kind === 'group') {
    const found = hasDifference(column)
      ? summarise(column, row.group.members)
      : null;
    return found
      ? trans.__(
          'mean %1, deviation %2, of %3 trials',
          found.mean,
          found.deviation,
          found.count
        )
      : '';
  }
  const value = column.value(row.facts);
  if (column.kind === 'started' || column.kind === 'state') {
    return cellText(column, value, trans);
  }
  const best = bestValue(column, model.facts);
  const words = [
    value === null ? '' : String(value),
    best !== null && value === best && differs(column, model.facts)
      ? trans.__('best of those shown')
      : ''
  ];
  return words.filter(Boolean).join(' – ');
}

/** Room for the longest text of a column, so that it is as wide whichever rows are drawn. */
function widthOf(
  props: IColumnProps,
  column: IFactColumn,
  head: string
): number {
  const { model, trans } = props;
  if (column.kind === 'state') {
    return head.length;
  }
  const cells = model.facts.map(
    facts => cellText(column, column.value(facts), trans).length
  );
  // A long head is cut rather than the table made wide: hovering tells it in full.
  const widest = Math.max(
    NARROWEST,
    Math.min(WIDEST_HEAD, head.length + 1),
    ...cells
  );
  if (column.kind === 'name') {
    return (
      Math.min(WIDEST, Math.max(widest + 6, groupWidth(props))) +
      (model.baseline ? 6 : 0)
    );
  }
  const isGrouped = model.grouping !== null && hasDifference(column);
  return Math.min(WIDEST, isGrouped ? Math.max(widest, 17) : widest);
}

/** Room for the longest name of a group, with its count. */
function groupWidth({ model, trans }: IColumnProps): number {
  const lengths = model.rows.map(row =>
    row.kind === 'group' && model.grouping
      ? groupName(model.grouping, row.group, trans).length + 14
      : 0
  );
  return Math.max(0, ...lengths);
}

function differenceColumn(
  { model, trans }: IColumnProps,
  column: IFactColumn,
  baseline: TrialFacts
): IColumn<TableRow> {
  const mode = model.settings.difference;
  const textOf = (facts: TrialFacts): string => {
    const found = difference(column, facts, baseline);
    return found ? differenceText(column, found, mode) : ABSENT;
  };
  const verdicts = column.goal ? 8 : 0;
  const widest = Math.max(...model.facts.map(f => textOf(f).length));
  return {
    id: `${DIFFERENCE}${column.id}`,
    label: trans.__('Δ'),
    title: trans.__(
      '%1: difference from %2',
      columnName(column, trans),
      baseline.trial.name
    ),
    numeric: true,
    width: Math.max(NARROWEST, widest + verdicts),
    value: row =>
      row.kind === 'trial'
        ? (difference(column, row.facts, baseline)?.absolute ?? null)
        : null,
    render: row =>
      row.kind === 'group' || row.facts === baseline ? (
        ''
      ) : (
        <DifferenceCell
          text={textOf(row.facts)}
          better={difference(column, row.facts, baseline)?.better ?? null}
          trans={trans}
        />
      )
  };
}

/** A difference; whether it is better stands there in words as well as in colour. */
function DifferenceCell(props: {
  text: string;
  better: boolean | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { text, better, trans } = props;
  return (
    <span className="jp-Labdeck-difference" data-better={better ?? undefined}>
      {text}
      {better !== null && (
        <span className="jp-Labdeck-verdict">
          {' '}
          {better ? trans.__('better') : trans.__('worse')}
        </span>
      )}
    </span>
  );
}

function NameCell(
  props: IColumnProps & { facts: TrialFacts }
): React.ReactElement {
  const { model, facts, trans } = props;
  const { trial } = facts;
  const isPinned = model.settings.baseline === trial.id;
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
      {isPinned && (
        <span className="jp-Labdeck-pin">{trans.__('baseline')}</span>
      )}
    </span>
  );
}

function GroupName(
  props: IColumnProps & { row: TableRow & { kind: 'group' } }
): React.ReactElement {
  const { model, row, trans } = props;
  const by = model.grouping;
  const count = row.group.members.length;
  return (
    <button
      type="button"
      tabIndex={-1}
      className="jp-Labdeck-group"
      onClick={() => model.toggleGroup(row.group.key)}
    >
      <span aria-hidden="true">{row.open ? '▾' : '▸'}</span>
      <span className="jp-Labdeck-group-name">
        {by && groupName(by, row.group, trans)}
      </span>
      <span className="jp-Labdeck-faint">
        {trans._n('%1 trial', '%1 trials', count, count)}
      </span>
    </button>
  );
}

function groupName(
  by: IFactColumn,
  group: IGroup,
  trans: TranslationBundle
): string {
  const value =
    group.value === null
      ? trans.__('none')
      : typeof group.value === 'number'
        ? formatNumber(group.value)
        : cellText(by, group.value, trans);
  return `${columnName(by, trans)} = ${value}`;
}
