import * as React from 'react';

import { rowOf, useGridFocus } from './gridFocus';
import { type ITableWindow, runsOf, useTableWindow } from './rowWindow';
import type { IColumn, ITableProps, ITreeRow } from './tableProps';

export type { IColumn, ITableProps } from './tableProps';

const CLASS = 'jp-Labdeck-table';
/** Room in a cell beside its text, in pixels. */
const PADDING = 22;

/** A sortable table with a head that stays in sight; one cell has the focus and the arrow keys move it. */
export function Table<Row>(props: ITableProps<Row>): React.ReactElement {
  const { columns, rows, label, windowed = false } = props;
  const table = React.useRef<HTMLTableElement>(null);
  const { active, ...listeners } = useGridFocus(props, table);
  const widths = columns.map(({ width }) => width ?? 0);
  const size = { rows: rows.length, widths, padding: PADDING };
  const view = useTableWindow(table, size, windowed);
  const key = JSON.stringify(
    runsOf(view.columns, columns.length, 1, active.column)
  );
  // The same as long as the columns in sight are: a row that has not changed is not drawn again.
  const shown = React.useMemo(
    () => cellsOf(columns, JSON.parse(key) as [number, number][]),
    [columns, key]
  );
  return (
    <table
      {...listeners}
      {...rowListeners(props)}
      ref={table}
      className={CLASS}
      role={props.tree ? 'treegrid' : 'grid'}
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      style={windowed ? tableWidth(columns) : undefined}
    >
      {windowed && <Widths columns={columns} />}
      <thead>
        <tr aria-rowindex={1}>
          {shown.map(cell =>
            cell.column ? (
              <HeadCell
                key={cell.column.id}
                column={cell.column}
                place={cell.place}
                tabbable={active.row === -1 && active.column === cell.place}
                table={props}
              />
            ) : (
              <th key={cell.place} colSpan={cell.count} aria-hidden="true" />
            )
          )}
        </tr>
      </thead>
      <Body table={props} shown={shown} view={view} active={active} />
    </table>
  );
}

/** A column that is drawn, or so many that are not. */
interface IShown<Row> {
  place: number;
  count: number;
  column: IColumn<Row> | null;
}

/** Return what a row consists of: the columns of some runs, and gaps in place of the others. */
function cellsOf<Row>(
  columns: readonly IColumn<Row>[],
  runs: readonly [number, number][]
): IShown<Row>[] {
  const cells: IShown<Row>[] = [];
  let next = 0;
  for (const [first, end] of [...runs, [columns.length, columns.length]]) {
    if (first > next) {
      cells.push({ place: next, count: first - next, column: null });
    }
    for (next = first; next < end; next++) {
      cells.push({ place: next, count: 1, column: columns[next] });
    }
  }
  return cells;
}

/** The columns of a windowed table do not change their width with the rows that happen to be drawn. */
function tableWidth<Row>(
  columns: readonly IColumn<Row>[]
): React.CSSProperties {
  const digits = columns.reduce((sum, { width }) => sum + (width ?? 0), 0);
  return {
    tableLayout: 'fixed',
    width: `calc(${digits}ch + ${columns.length * PADDING}px)`
  };
}

function Widths<Row>(props: {
  columns: readonly IColumn<Row>[];
}): React.ReactElement {
  return (
    <colgroup>
      {props.columns.map(({ id, width }) => (
        <col
          key={id}
          style={{ width: `calc(${width ?? 0}ch + ${PADDING}px)` }}
        />
      ))}
    </colgroup>
  );
}

/** What the pointer asks for, told once for all rows: a row that has not changed is not drawn again. */
function rowListeners<Row>(
  table: ITableProps<Row>
): Pick<React.HTMLAttributes<HTMLElement>, 'onDoubleClick' | 'onContextMenu'> {
  const rowAt = (event: React.MouseEvent): Row | undefined =>
    table.rows[rowOf(event.target as Element) ?? -1];
  return {
    onDoubleClick: event => {
      const row = rowAt(event);
      if (row !== undefined && table.tree?.(row).expanded === undefined) {
        table.onOpen?.(row);
      }
    },
    onContextMenu: event => {
      const row = rowAt(event);
      if (row !== undefined && table.onRowMenu) {
        event.preventDefault();
        event.stopPropagation();
        table.onRowMenu(row, event.clientX, event.clientY);
      }
    }
  };
}

function Body<Row>(props: {
  table: ITableProps<Row>;
  shown: readonly IShown<Row>[];
  view: ITableWindow;
  active: { row: number; column: number };
}): React.ReactElement {
  const { table, shown, view, active } = props;
  const { rows, pinned = 0 } = table;
  const drawn: React.ReactNode[] = [];
  let next = 0;
  const fill = (first: number): void => {
    if (first > next) {
      const height = (first - next) * view.height;
      drawn.push(<Gap key={`gap ${next}`} height={height} />);
    }
    next = first;
  };
  const runs = runsOf(view.rows, rows.length, pinned, active.row);
  for (const [first, end] of runs) {
    fill(first);
    for (; next < end; next++) {
      const row = rows[next];
      drawn.push(
        <BodyRow
          key={table.rowId(row)}
          row={row}
          index={next}
          shown={shown as readonly IShown<unknown>[]}
          className={rowClass(table, row, next < pinned)}
          tabbable={active.row === next ? active.column : -1}
          level={table.tree?.(row).level}
          expanded={table.tree?.(row).expanded}
        />
      );
    }
  }
  fill(rows.length);
  return <tbody>{drawn}</tbody>;
}

function rowClass<Row>(
  table: ITableProps<Row>,
  row: Row,
  pinned: boolean
): string | undefined {
  const names = [table.rowClass?.(row), pinned ? 'jp-mod-pinned' : ''];
  return names.filter(Boolean).join(' ') || undefined;
}

/** Stands for rows that are out of sight. */
function Gap(props: { height: number }): React.ReactElement {
  return (
    <tr aria-hidden="true" className={`${CLASS}-gap`}>
      <td style={{ height: props.height }} />
    </tr>
  );
}

function HeadCell<Row>(props: {
  column: IColumn<Row>;
  place: number;
  tabbable: boolean;
  table: ITableProps<Row>;
}): React.ReactElement {
  const { column, table } = props;
  const sortable = column.value !== undefined && table.onSort !== undefined;
  const sorted =
    table.sort?.column === column.id
      ? table.sort.descending
        ? 'descending'
        : 'ascending'
      : undefined;
  return (
    <th
      scope="col"
      aria-colindex={props.place + 1}
      tabIndex={props.tabbable ? 0 : -1}
      aria-sort={sorted ?? (sortable ? 'none' : undefined)}
      className={column.numeric ? 'jp-mod-numeric' : undefined}
      title={column.title ?? column.label}
      onClick={sortable ? () => table.onSort?.(column.id) : undefined}
      onContextMenu={
        table.onColumnMenu &&
        (event => {
          event.preventDefault();
          event.stopPropagation();
          table.onColumnMenu?.(column.id, event.clientX, event.clientY);
        })
      }
    >
      <span className={`${CLASS}-head`}>
        <span className={`${CLASS}-label`}>{column.label}</span>
        {column.detail && (
          <span className={`${CLASS}-detail`}>{column.detail}</span>
        )}
        {sorted && (
          <span className={`${CLASS}-arrow`} aria-hidden="true">
            {sorted === 'ascending' ? '▲' : '▼'}
          </span>
        )}
        {table.onColumnMenu && (
          <ColumnMenuButton column={column} table={table} />
        )}
      </span>
    </th>
  );
}

function ColumnMenuButton<Row>(props: {
  column: IColumn<Row>;
  table: ITableProps<Row>;
}): React.ReactElement {
  const { column, table } = props;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={`${CLASS}-menu`}
      aria-haspopup="menu"
      aria-label={`${column.label}: ${table.columnMenuLabel ?? ''}`}
      title={table.columnMenuLabel}
      onClick={event => {
        event.stopPropagation();
        const box = event.currentTarget.getBoundingClientRect();
        table.onColumnMenu?.(column.id, box.left, box.bottom);
      }}
    >
      ⋯
    </button>
  );
}

interface IBodyRowProps extends Partial<ITreeRow> {
  row: unknown;
  index: number;
  shown: readonly IShown<unknown>[];
  className: string | undefined;
  tabbable: number;
}

/** One row; drawn again only when something of it has changed. */
const BodyRow = React.memo(function BodyRow(
  props: IBodyRowProps
): React.ReactElement {
  const { row, index, shown, tabbable } = props;
  return (
    <tr
      className={props.className}
      aria-rowindex={index + 2}
      aria-level={props.level}
      aria-expanded={props.expanded}
    >
      {shown.map(({ column, place, count }) =>
        column ? (
          <td
            key={column.id}
            role="gridcell"
            aria-colindex={place + 1}
            tabIndex={tabbable === place ? 0 : -1}
            className={column.numeric ? 'jp-mod-numeric' : undefined}
            title={column.hover?.(row)}
            data-label={[column.label, column.detail].filter(Boolean).join(' ')}
          >
            {column.render(row)}
          </td>
        ) : (
          <td key={place} colSpan={count} aria-hidden="true" />
        )
      )}
    </tr>
  );
});
