/** What a cell of a table is sorted by. */
export type SortValue = number | string | boolean | null;

/** Which column a table is sorted by, and which way. */
export interface ISort {
  column: string;
  descending: boolean;
}

/**
 * Return the rows in the order of one column. The sort is stable; absent values and NaN come last in both directions,
 * because a trial that lacks a number is neither the best nor the worst.
 */
export function sortRows<Row>(
  rows: readonly Row[],
  value: (row: Row) => SortValue,
  descending: boolean
): Row[] {
  const keyed = rows.map(row => ({ row, key: value(row) }));
  keyed.sort((a, b) => {
    const absent = Number(isAbsent(a.key)) - Number(isAbsent(b.key));
    if (absent !== 0 || isAbsent(a.key) || isAbsent(b.key)) {
      return absent;
    }
    const order = compareValues(a.key, b.key);
    return descending ? -order : order;
  });
  return keyed.map(item => item.row);
}

/** Return the sort after a click on a column: ascending, then descending, then none. */
export function nextSort(current: ISort | null, column: string): ISort | null {
  if (current?.column !== column) {
    return { column, descending: false };
  }
  return current.descending ? null : { column, descending: true };
}

function isAbsent(value: SortValue): value is null {
  return value === null || Number.isNaN(value);
}

function compareValues(a: SortValue, b: SortValue): number {
  const rank = typeRank(a) - typeRank(b);
  if (rank !== 0) {
    return rank;
  }
  if (typeof a === 'string' && typeof b === 'string') {
    return a.localeCompare(b, undefined, { numeric: true });
  }
  return Number(a) - Number(b) || 0;
}

/** Numbers before booleans before texts, where one column mixes them. */
function typeRank(value: SortValue): number {
  return ['number', 'boolean', 'string'].indexOf(typeof value);
}
