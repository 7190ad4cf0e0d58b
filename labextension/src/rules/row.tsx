/** One finding in the sidebar: two lines, three where it is narrow, so that the name of the rule has its room. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { findingLines, firstStepText, measured } from '../findings/words';
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
        <div className="jp-Labdeck-finding-head">
          <span className="jp-Labdeck-name">{finding.rule}</span>
          <span className="jp-Labdeck-finding-where">
            {trial && (
              <span className="jp-Labdeck-finding-trial" title={trial.name}>
                <Swatch colour={trialColour(trial.number)} /> {trial.name}
              </span>
            )}
            <span>{firstStepText(finding, trans)}</span>
            <span className="jp-Labdeck-age" title={formatTime(finding.time)}>
              {formatAge(now - finding.time)}
            </span>
          </span>
        </div>
        <div className="jp-Labdeck-finding-judged">
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
