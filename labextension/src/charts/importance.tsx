/** Which parameters made the difference. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ABSENT, formatNumber } from '../parts/format';
import { Empty, ErrorNote, Skeleton } from '../parts/Notes';
import { SortedTable } from '../parts/SortedTable';
import type { IColumn } from '../parts/tableProps';
import type { Importance, ImportanceRow } from '../wire';
import type { ChartsModel } from './chartsModel';
import { textName } from './fieldChoice';

interface IImportanceProps {
  model: ChartsModel;
  trans: TranslationBundle;
}

/** A bar for each field, with its correlation, and how they were computed. */
export function ImportanceRows(props: IImportanceProps): React.ReactElement {
  const { model, trans } = props;
  const { answer, error } = model.importance;
  if (model.chosen('importance', 'target').length === 0) {
    return <Empty text={trans.__('No metric has been logged yet.')} />;
  }
  return (
    <>
      {error && (
        <ErrorNote
          error={error}
          trans={trans}
          onRetry={() => model.importance.refresh()}
        />
      )}
      {answer ? (
        <Answer {...props} importance={answer} />
      ) : (
        !error && (
          <Skeleton label={trans.__('Computing the importance')} rows={6} />
        )
      )}
    </>
  );
}

function Answer(
  props: IImportanceProps & { importance: Importance }
): React.ReactElement {
  const { model, importance, trans } = props;
  const { rows, warning } = importance;
  return (
    <div
      className="jp-Labdeck-importance"
      aria-busy={model.importance.isLoading}
    >
      {warning !== '' && (
        <p className="jp-Labdeck-notice" role="status">
          {warning}
        </p>
      )}
      {rows.length === 0 ? (
        <Empty
          text={trans.__(
            'The trials differ in no parameter, so none can have made the difference.'
          )}
        />
      ) : (
        <SortedTable
          label={trans.__('Importance')}
          columns={columnsOf(props)}
          rows={rows}
          rowId={row => row.field}
        />
      )}
      <Method {...props} />
    </div>
  );
}

/** How the numbers came about, and what was left out. */
function Method(
  props: IImportanceProps & { importance: Importance }
): React.ReactElement {
  const { model, importance, trans } = props;
  const { explained, constant, trials, left_out: leftOut } = importance;
  const names = constant.map(text => textName(model.fields, text, trans));
  const sentences = [
    explained !== null &&
      trans.__(
        'Explained of trials not seen before: %1 %.',
        formatNumber(Math.round(explained * 1000) / 10)
      ),
    trans._n('%1 trial was used.', '%1 trials were used.', trials, trials),
    leftOut > 0 &&
      trans._n(
        '%1 has no number there.',
        '%1 have no number there.',
        leftOut,
        leftOut
      ),
    names.length > 0 &&
      trans.__('The same in all of them: %1.', names.join(', ')),
    importance.method
  ];
  return (
    <p className="jp-Labdeck-remark">{sentences.filter(Boolean).join(' ')}</p>
  );
}

function columnsOf({
  model,
  trans
}: IImportanceProps): IColumn<ImportanceRow>[] {
  return [
    {
      id: 'field',
      label: trans.__('field'),
      value: row => textName(model.fields, row.field, trans),
      render: row => textName(model.fields, row.field, trans),
      hover: row => row.field
    },
    {
      id: 'importance',
      label: trans.__('importance'),
      value: row => row.importance,
      render: row => (
        <Bar share={row.importance} text={percent(row.importance)} />
      )
    },
    {
      id: 'correlation',
      label: trans.__('correlation'),
      title: trans.__(
        "Spearman's rank correlation with the target, from −1 to 1"
      ),
      value: row => row.correlation,
      render: row =>
        row.correlation === null ? (
          ABSENT
        ) : (
          <Bar
            share={Math.abs(row.correlation)}
            text={formatNumber(Number(row.correlation.toFixed(3)))}
            isNegative={row.correlation < 0}
          />
        )
    },
    {
      id: 'count',
      label: trans.__('trials'),
      numeric: true,
      value: row => row.count,
      render: row => row.count
    }
  ];
}

/** A number with a bar as long as its share. */
function Bar(props: {
  share: number;
  text: string;
  isNegative?: boolean;
}): React.ReactElement {
  return (
    <span
      className="jp-Labdeck-share"
      data-negative={props.isNegative === true || undefined}
    >
      <span className="jp-Labdeck-share-text">{props.text}</span>
      <span className="jp-Labdeck-share-track" aria-hidden="true">
        <span style={{ width: `${Math.min(1, props.share) * 100}%` }} />
      </span>
    </span>
  );
}

function percent(share: number): string {
  return `${formatNumber(Math.round(share * 1000) / 10)} %`;
}
