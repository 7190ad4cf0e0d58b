/** Python, packages and machine of two trials, value by value. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ABSENT } from '../parts/format';
import { Empty } from '../parts/Notes';
import { SortedTable } from '../parts/SortedTable';
import type { IColumn } from '../parts/tableProps';
import type {
  DifferenceRow,
  EnvironmentDifference,
  TrialRecord
} from '../wire';
import { namesOf } from './missing';

interface IEnvironmentProps {
  difference: EnvironmentDifference;
  trials: readonly TrialRecord[];
  trans: TranslationBundle;
}

/** What differs in the surroundings of two trials. */
export function EnvironmentRows(props: IEnvironmentProps): React.ReactElement {
  const { difference, trials, trans } = props;
  const { rows, status, missing, equal } = difference;
  const shownEqual = rows.filter(row => row.before === row.after).length;
  if (status === 'unrecorded') {
    return (
      <Empty
        text={trans.__(
          'No environment was recorded for %1.',
          namesOf(missing, trials)
        )}
      />
    );
  }
  return (
    <>
      {status === 'same' && (
        <Empty text={trans.__('Both trials ran in the same environment.')} />
      )}
      {rows.length > 0 && (
        <RowsTable label={trans.__('Environment')} rows={rows} trans={trans} />
      )}
      {equal > shownEqual && (
        <p className="jp-Labdeck-remark">
          {trans._n(
            '%1 value is the same.',
            '%1 values are the same.',
            equal - shownEqual,
            equal - shownEqual
          )}
        </p>
      )}
    </>
  );
}

/** What a row is about. */
function kindName(
  kind: DifferenceRow['kind'],
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'git':
      return trans.__('git');
    case 'machine':
      return trans.__('machine');
    case 'metric':
      return trans.__('metric');
    case 'package':
      return trans.__('package');
    case 'parameter':
      return trans.__('parameter');
    case 'python':
      return trans.__('Python');
  }
}

/** Values before and after, one to a row; those that differ say so in words as well as in colour. */
export function RowsTable(props: {
  label: string;
  rows: readonly DifferenceRow[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { label, rows, trans } = props;
  const changeOf = (row: DifferenceRow): string => {
    if (row.before === row.after) {
      return trans.__('the same');
    }
    return row.before === null
      ? trans.__('added')
      : row.after === null
        ? trans.__('removed')
        : trans.__('changed');
  };
  const text = (
    id: string,
    name: string,
    read: (row: DifferenceRow) => string
  ): IColumn<DifferenceRow> => ({
    id,
    label: name,
    value: read,
    render: read,
    hover: read
  });
  return (
    <SortedTable
      label={label}
      columns={[
        text('name', trans.__('name'), row => row.name),
        text('kind', trans.__('kind'), row => kindName(row.kind, trans)),
        text('before', trans.__('before'), row => row.before ?? ABSENT),
        text('after', trans.__('after'), row => row.after ?? ABSENT),
        text('change', trans.__('change'), changeOf)
      ]}
      rows={rows}
      rowId={row => JSON.stringify([row.kind, row.name])}
      rowClass={row =>
        row.before === row.after ? 'jp-mod-same' : 'jp-mod-changed'
      }
    />
  );
}
