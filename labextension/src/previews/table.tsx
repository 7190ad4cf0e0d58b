import * as React from 'react';

import { ABSENT, formatCount } from '../parts/format';
import type { IColumn } from '../parts/Table';
import { Table } from '../parts/Table';
import type { TablePreview } from '../wire';
import { type IPreviewProps, Reading } from './reading';
import { useRead } from './useRead';

/** Rows on a page. */
const ROWS = 100;

/** The rows of a table that was kept with a trial, page by page. */
export function TablePreviewView(props: IPreviewProps): React.ReactElement {
  const { client, trial, artifact, trans } = props;
  const [offset, setOffset] = React.useState(0);
  const reading = useRead(`${trial} ${artifact.id} ${offset}`, () =>
    client.table(trial, artifact.id, offset, ROWS)
  );
  return (
    <Reading reading={reading} trans={trans}>
      {page => <Page {...props} page={page} onMove={setOffset} />}
    </Reading>
  );
}

interface IPageProps extends IPreviewProps {
  page: TablePreview;
  onMove: (offset: number) => void;
}

function Page(props: IPageProps): React.ReactElement {
  const { page, artifact } = props;
  const rows = page.rows.map((cells, index) => ({
    number: page.offset + index + 1,
    cells
  }));
  return (
    <div className="jp-Labdeck-tablepreview">
      <Pager {...props} />
      <div className="jp-Labdeck-tablepreview-rows">
        <Table
          label={artifact.name}
          rows={rows}
          rowId={row => String(row.number)}
          columns={page.columns.map((name, index) =>
            columnOf(name, page.types[index], index)
          )}
        />
      </div>
    </div>
  );
}

function Pager(props: IPageProps): React.ReactElement {
  const { page, trans, onMove } = props;
  const last = page.offset + page.rows.length;
  return (
    <div className="jp-Labdeck-toolbar">
      <span>
        {trans.__(
          'rows %1 to %2 of %3',
          formatCount(Math.min(page.offset + 1, last)),
          formatCount(last),
          formatCount(page.total)
        )}
      </span>
      <button
        type="button"
        className="jp-Labdeck-link"
        disabled={page.offset === 0}
        onClick={() => onMove(Math.max(0, page.offset - ROWS))}
      >
        {trans.__('Previous')}
      </button>
      <button
        type="button"
        className="jp-Labdeck-link"
        disabled={last >= page.total}
        onClick={() => onMove(page.offset + ROWS)}
      >
        {trans.__('Next')}
      </button>
      {page.left_out > 0 && (
        <span>
          {trans.__('columns not shown: %1', formatCount(page.left_out))}
        </span>
      )}
    </div>
  );
}

interface INumberedRow {
  number: number;
  cells: TablePreview['rows'][number];
}

function columnOf(
  name: string,
  type: string,
  index: number
): IColumn<INumberedRow> {
  return {
    id: String(index),
    label: name,
    title: type ? `${name}: ${type}` : name,
    numeric: /int|float|double|decimal/i.test(type),
    render: row => row.cells[index] ?? ABSENT
  };
}
