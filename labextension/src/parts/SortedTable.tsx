import * as React from 'react';

import { type ISort, nextSort, sortRows } from './sorting';
import { useSteadyRows } from './steady';
import { type ITableProps, Table } from './Table';

/** A table that keeps its own order and lets no row change places while the reader is among them. */
export function SortedTable<Row>(
  props: Omit<ITableProps<Row>, 'sort' | 'onSort'>
): React.ReactElement {
  const { columns, rows, rowId } = props;
  const [sort, setSort] = React.useState<ISort | null>(null);
  const value = columns.find(column => column.id === sort?.column)?.value;
  const steady = useSteadyRows(
    sort && value ? sortRows(rows, value, sort.descending) : rows,
    rowId,
    JSON.stringify(sort)
  );
  return (
    <div className="jp-Labdeck-scroll" {...steady.watch}>
      <Table
        {...props}
        rows={steady.rows}
        sort={sort}
        onSort={column => setSort(nextSort(sort, column))}
      />
    </div>
  );
}
