/** What a table shows, and what can be done with it. */
import type * as React from 'react';

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
  /** Room for so many digits; a windowed table needs it of each. */
  width?: number;
  /** What the column is sorted by; a column without it cannot be sorted. */
  value?: (row: Row) => SortValue;
  /** What a cell shows. */
  render: (row: Row) => React.ReactNode;
  /** What a cell says on hover. */
  hover?: (row: Row) => string;
}

/** Where a row stands among rows that open and close. */
export interface ITreeRow {
  /** From 1. */
  level: number;
  /** Undefined for a row that has nothing below it. */
  expanded?: boolean;
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
  /** Draw only the rows in sight; the element around the table scrolls and has the class "jp-Labdeck-scroll". */
  windowed?: boolean;
  /** So many rows at the top stay in sight; only where it is windowed. */
  pinned?: number;
  /** Makes the rows a tree. */
  tree?: (row: Row) => ITreeRow;
  /** Enter or Space on a row that opens and closes. */
  onToggle?: (row: Row) => void;
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
