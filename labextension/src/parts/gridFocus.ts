/** The one cell of a table that has the focus, and what the keys do there. */
import * as React from 'react';

import { clampCell, moveCell, type ICell } from './gridKeys';
import type { ITableProps } from './tableProps';

export interface IGridFocus {
  /** The cell that Tab leads to. */
  active: ICell;
  onKeyDown: React.KeyboardEventHandler<HTMLTableElement>;
  onFocus: React.FocusEventHandler<HTMLTableElement>;
}

/** Move the focus from cell to cell, and do what other keys ask for. */
export function useGridFocus<Row>(
  props: ITableProps<Row>,
  table: React.RefObject<HTMLTableElement>
): IGridFocus {
  const rows = props.rows.length;
  const columns = props.columns.length;
  const [focus, setFocus] = React.useState<ICell>({ row: 0, column: 0 });
  const active = clampCell(focus, rows, columns);
  // A cell out of sight is drawn only once it is the active one.
  const awaited = React.useRef<ICell | null>(null);
  React.useEffect(() => {
    const cell = awaited.current && cellAt(table.current, awaited.current);
    if (cell) {
      awaited.current = null;
      cell.focus();
    }
  });

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
      const there = cellAt(currentTarget, next);
      awaited.current = there ? null : next;
      there?.focus();
      setFocus(next);
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
  const opens = table.tree?.(row).expanded !== undefined;
  if (opens && (key === 'Enter' || key === ' ')) {
    table.onToggle?.(row);
    return true;
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
  table: HTMLTableElement | null,
  cell: ICell
): HTMLTableCellElement | null {
  return (
    table?.querySelector<HTMLTableCellElement>(
      `tr[aria-rowindex="${cell.row + 2}"] > [aria-colindex="${cell.column + 1}"]`
    ) ?? null
  );
}

/** Return which cell an element belongs to. */
export function cellOf(element: Element): ICell | null {
  const column = element
    .closest('[aria-colindex]')
    ?.getAttribute('aria-colindex');
  const row = rowOf(element);
  return column && row !== null ? { row, column: Number(column) - 1 } : null;
}

/** Return in which row an element is; -1 is the head. */
export function rowOf(element: Element): number | null {
  const index = element.closest('tr')?.getAttribute('aria-rowindex');
  return index ? Number(index) - 2 : null;
}
