/** One finding in the sidebar: two lines. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { findingLines, measured } from '../findings/words';
import { formatAge, formatCount, formatTime } from '../parts/format';
import { trialColour } from '../parts/palette';
import { Swatch } from '../parts/Picker';
import { SeverityIcon } from '../parts/SeverityIcon';
import type { FindingRecord, TrialRecord } from '../wire';

/** The cells of a row. */
export function FindingCells(props: {
  finding: FindingRecord;
  trial: TrialRecord | undefined;
  /** The time in seconds since 1970. */
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { finding, trial, now, trans } = props;
  const judged = measured(finding);
  const what = finding.tensor === '' ? finding.message : finding.tensor;
  return (
    <>
      <SeverityIcon severity={finding.severity} trans={trans} />
      <div className="jp-Labdeck-finding">
        <div>
          <span className="jp-Labdeck-name">{finding.rule}</span>
          <span className="jp-Labdeck-faint">
            {trans.__('step %1', finding.step)}
          </span>
          <span className="jp-Labdeck-age" title={formatTime(finding.time)}>
            {formatAge(now - finding.time)}
          </span>
        </div>
        <div>
          {trial && <Swatch colour={trialColour(trial.number)} />}
          {trial && (
            <span className="jp-Labdeck-finding-trial">{trial.name}</span>
          )}
          <span className="jp-Labdeck-finding-what">{what}</span>
          {judged !== '' && (
            <span className="jp-Labdeck-finding-value">{judged}</span>
          )}
          {finding.count > 1 && (
            <span className="jp-Labdeck-finding-value jp-Labdeck-faint">
              ×{formatCount(finding.count)}
            </span>
          )}
        </div>
      </div>
    </>
  );
}

/** Everything about a finding, on hover and for screen readers. */
export function rowTitle(
  finding: FindingRecord,
  trial: TrialRecord | undefined,
  trans: TranslationBundle
): string {
  return findingLines(finding, trial?.name ?? '', trans).join('\n');
}
