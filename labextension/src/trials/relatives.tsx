/** The trial that this one is part of, and those that are part of it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatDuration, formatNumber } from '../parts/format';
import { trialColour } from '../parts/palette';
import { Swatch } from '../parts/Picker';
import { Sparkline } from '../parts/Sparkline';
import { StateIcon } from '../parts/StateIcon';
import type { TrialDetail } from '../wire';

/** What a trial's page can ask of other pages. */
export interface IOpenTrials {
  onOpenTrial: (trial: string) => void;
  onCompare: (trials: readonly string[]) => void;
}

interface IPartsProps extends IOpenTrials {
  detail: TrialDetail;
  /** The time now, in seconds since 1970. */
  now: number;
  trans: TranslationBundle;
}

/** Trials that are part of this one, each a link to its page. */
export function Parts(props: IPartsProps): React.ReactElement {
  const { detail, now, trans, onOpenTrial, onCompare } = props;
  return (
    <>
      <ul className="jp-Labdeck-relatives">
        {detail.children.map(part => (
          <li key={part.id}>
            <StateIcon state={part.state} trans={trans} />
            <Swatch colour={trialColour(part.number)} />
            <button
              type="button"
              className="jp-Labdeck-link"
              title={part.name}
              onClick={() => onOpenTrial(part.id)}
            >
              {part.name}
            </button>
            <span className="jp-Labdeck-spacer" />
            {part.objective && (
              <>
                <Sparkline
                  values={part.objective.spark}
                  colour={trialColour(part.number)}
                />
                <span title={part.objective.name}>
                  {formatNumber(part.objective.last)}
                </span>
              </>
            )}
            <span>{formatDuration((part.ended ?? now) - part.started)}</span>
          </li>
        ))}
      </ul>
      {detail.children.length > 1 && (
        <button
          type="button"
          className="jp-Labdeck-link"
          onClick={() => onCompare(detail.children.map(({ id }) => id))}
        >
          {trans.__('Compare these trials')}
        </button>
      )}
    </>
  );
}
