import type * as React from 'react';

/** What a list needs from whoever shows it. */
export interface IVirtualListProps<Row> {
  /** The list's name for screen readers. */
  label: string;
  /** Whether it is a plain list, of which one row can be chosen, rather than a tree. */
  isFlat?: boolean;
  /** Whether only one row of a tree can be chosen. */
  isSingle?: boolean;
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Classes, data and aria attributes of a row. */
  rowProps: (row: Row) => React.HTMLAttributes<HTMLDivElement>;
  renderRow: (row: Row) => React.ReactNode;
  /** The key of the row that has the focus when the list has it. */
  active: string | null;
  /** The reader moves to a row; `extend` when Shift is held. */
  onMove: (row: Row, extend: boolean) => void;
  /** A key the list has no use for. */
  onKey: (event: React.KeyboardEvent, row: Row | null) => void;
  onClick: (event: React.MouseEvent, row: Row) => void;
  onDoubleClick: (event: React.MouseEvent, row: Row) => void;
  /** Before a context menu opens on a row. */
  onContextMenu: (row: Row) => void;
  /** Rows from first up to, but without, last are drawn. */
  onVisible: (first: number, last: number) => void;
  /** Pointer or focus has come into the list, or both have left it. */
  onEngaged: (engaged: boolean) => void;
}
