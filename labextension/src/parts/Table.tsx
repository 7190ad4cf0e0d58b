import * as React from 'react';

import { clampCell, moveCell, type ICell } from './gridKeys';
import type { ISort, SortValue } from './sorting';

/** One column of a table. */
export interface IColumn<Row> {
  /** Unique within the table. */
  id: string;
  /** What the head shows. */
  label: string;
  /** A second, fainter word in the head, "last" for example. */
  detail?: string;
  /** What the head says on hover; the label where absent. */
  title?: string;
  /** Numbers are right-aligned, in tabular figures. */
  numeric?: boolean;
  /** What the column is sorted by; a column without it cannot be sorted. */
  value?: (row: Row) => SortValue;
  /** What a cell shows. */
  render: (row: Row) => React.ReactNode;
  /** What a cell says on hover. */
  hover?: (row: Row) => string;
}

/** What a table needs from whoever shows it. */
export interface ITableProps<Row> {
  /** The table's name for screen readers. */
  label: string;
  columns: readonly IColumn<Row>[];
  /** The rows in the order in which they are shown. */
  rows: readonly Row[];
  rowId: (row: Row) => string;
  rowClass?: (row: Row) => string;
  sort?: ISort | null;
  onSort?: (column: string) => void;
  /** Enter or a double click on a row. */
  onOpen?: (row: Row) => void;
  /** Delete on a row. */
  onRemove?: (row: Row) => void;
  /** A context menu for a row, opened at a place of the window. */
  onRowMenu?: (row: Row, x: number, y: number) => void;
  /** A menu for a column, opened at a place of the window. */
  onColumnMenu?: (column: string, x: number, y: number) => void;
  columnMenuLabel?: string;
}

const CLASS = 'jp-Labdeck-table';

/** A sortable table with a head that stays in sight; one cell has the focus and the arrow keys move it. */
export function Table<Row>(props: ITableProps<Row>): React.ReactElement {
  const { columns, rows, label } = props;
  const { active, ...listeners } = useGridFocus(props);
  return (
    <table
      {...listeners}
      className={CLASS}
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
    >
      <thead>
        <tr>
          {columns.map((column, index) => (
            <HeadCell
              key={column.id}
              column={column}
              tabbable={active.row === -1 && active.column === index}
              table={props}
            />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <BodyRow
            key={props.rowId(row)}
            row={row}
            table={props}
            tabbable={active.row === index ? active.column : -1}
          />
        ))}
      </tbody>
    </table>
  );
}

interface IGridFocus {
  /** The cell that Tab leads to. */
  active: ICell;
  onKeyDown: React.KeyboardEventHandler<HTMLTableElement>;
  onFocus: React.FocusEventHandler<HTMLTableElement>;
}

/** Move the focus from cell to cell, and do what other keys ask for. */
function useGridFocus<Row>(props: ITableProps<Row>): IGridFocus {
  const rows = props.rows.length;
  const columns = props.columns.length;
  const [focus, setFocus] = React.useState<ICell>({ row: 0, column: 0 });
  const active = clampCell(focus, rows, columns);

  const onKeyDown = (event: React.KeyboardEvent<HTMLTableElement>): void => {
    const { key, target, currentTarget } = event;
    // Rows may have changed places since the cell got the focus: where it is now counts.
    const cell = target instanceof HTMLTableCellElement ? cellOf(target) : null;
    if (!cell) {
      return;
    }
    const ctrl = event.ctrlKey || event.metaKey;
    const next = event.altKey ? null : moveCell(cell, key, ctrl, rows, columns);
    if (next) {
      cellAt(currentTarget, next)?.focus();
    }
    if (next || handleKey(props, cell, event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const onFocus = (event: React.FocusEvent<HTMLTableElement>): void => {
    setFocus(cellOf(event.target) ?? active);
  };
  return { active, onKeyDown, onFocus };
}

function HeadCell<Row>(props: {
  column: IColumn<Row>;
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

function BodyRow<Row>(props: {
  row: Row;
  table: ITableProps<Row>;
  tabbable: number;
}): React.ReactElement {
  const { row, table } = props;
  return (
    <tr
      className={table.rowClass?.(row)}
      onDoubleClick={table.onOpen && (() => table.onOpen?.(row))}
      onContextMenu={
        table.onRowMenu &&
        (event => {
          event.preventDefault();
          event.stopPropagation();
          table.onRowMenu?.(row, event.clientX, event.clientY);
        })
      }
    >
      {table.columns.map((column, index) => (
        <td
          key={column.id}
          role="gridcell"
          tabIndex={props.tabbable === index ? 0 : -1}
          className={column.numeric ? 'jp-mod-numeric' : undefined}
          title={column.hover?.(row)}
        >
          {column.render(row)}
        </td>
      ))}
    </tr>
  );
}

/** Do what a key that moves nothing asks for; returns whether it asked for anything. */
function handleKey<Row>(
  table: ITableProps<Row>,
  cell: ICell,
  event: React.KeyboardEvent
): boolean {
  const box = (event.target as HTMLElement).getBoundingClientRect();
  const wantsMenu =
    event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
  if (cell.row === -1) {
    const column = table.columns[cell.column];
    if ((event.key === 'Enter' || event.key === ' ') && column.value) {
      table.onSort?.(column.id);
      return true;
    }
    if (
      (wantsMenu || (event.key === 'ArrowDown' && event.altKey)) &&
      table.onColumnMenu
    ) {
      table.onColumnMenu(column.id, box.left, box.bottom);
      return true;
    }
    return false;
  }
  return handleRowKey(table, table.rows[cell.row], event.key, wantsMenu, box);
}

function handleRowKey<Row>(
  table: ITableProps<Row>,
  row: Row | undefined,
  key: string,
  wantsMenu: boolean,
  box: DOMRect
): boolean {
  if (row === undefined) {
    return false;
  }
  if (key === 'Enter' && table.onOpen) {
    table.onOpen(row);
    return true;
  }
  if (key === 'Delete' && table.onRemove) {
    table.onRemove(row);
    return true;
  }
  if (wantsMenu && table.onRowMenu) {
    table.onRowMenu(row, box.left, box.bottom);
    return true;
  }
  return false;
}

function cellAt(
  table: HTMLTableElement,
  cell: ICell
): HTMLTableCellElement | null {
  return table.rows.item(cell.row + 1)?.cells.item(cell.column) ?? null;
}

function cellOf(element: Element): ICell | null {
  const cell = element.closest('td, th');
  if (
    !(cell instanceof HTMLTableCellElement) ||
    !(cell.parentElement instanceof HTMLTableRowElement)
  ) {
    return null;
  }
  return { row: cell.parentElement.rowIndex - 1, column: cell.cellIndex };
}
