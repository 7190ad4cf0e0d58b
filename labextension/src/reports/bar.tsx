import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { describeError } from '../parts/Notes';
import { useSignal } from '../parts/useSignal';
import type { ReportKind } from '../tokens';
import { REPORT_KINDS, type ReportsModel } from './model';

/** Has a report made, and says how that goes. */
export function ReportBar(props: {
  model: ReportsModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  return (
    <div
      className="jp-Labdeck-toolbar jp-Labdeck-report-bar"
      role="toolbar"
      aria-label={trans.__('Report')}
    >
      <select
        aria-label={trans.__('What the report is about')}
        value={model.kind}
        disabled={model.isMaking}
        onChange={event => {
          model.kind = event.target.value as ReportKind;
        }}
      >
        {REPORT_KINDS.map(kind => (
          <option key={kind} value={kind}>
            {kindLabel(kind, trans)}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        title={trans.__(
          'Make a report of what is stored by now, and keep it with the trial as a page and as a notebook'
        )}
        disabled={model.isMaking}
        onClick={() => void model.make()}
      >
        {trans.__('Make report')}
        {model.isMaking && '…'}
      </button>
      {model.isMaking && (
        <progress aria-label={trans.__('The report is being made')} />
      )}
      <Failure {...props} />
    </div>
  );
}

function Failure({
  model,
  trans
}: {
  model: ReportsModel;
  trans: TranslationBundle;
}): React.ReactElement | null {
  if (!model.error) {
    return null;
  }
  const { message, remedy } = describeError(model.error, trans);
  return (
    <span className="jp-Labdeck-report-problem" role="alert">
      {[message, remedy].filter(Boolean).join(' – ')}
    </span>
  );
}

function kindLabel(kind: ReportKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'training':
      return trans.__('Training: loss, layers, findings');
    case 'profiler':
      return trans.__('Profile: times of steps, the machine');
    case 'xgboost':
      return trans.__('Boosted trees');
  }
}
