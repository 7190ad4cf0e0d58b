/** Lines above a comparison that say what is not shown, and why. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { describeError, ErrorNote } from '../parts/Notes';
import { type ComparisonModel, MOST_TRIALS } from './model';

interface INoticesProps {
  model: ComparisonModel;
  trans: TranslationBundle;
}

/** What went wrong, what is missing, and what was left out. */
export function Notices(props: INoticesProps): React.ReactElement {
  const { model, trans } = props;
  const { error: stepError } = model.table;
  return (
    <>
      {model.error && (
        <ErrorNote
          error={model.error}
          trans={trans}
          onRetry={() => model.refresh()}
        />
      )}
      {stepError && (
        <Notice text={describeError(stepError, trans).message} isError />
      )}
      <LeftOut {...props} />
    </>
  );
}

function LeftOut(props: INoticesProps): React.ReactElement {
  const { model, trans } = props;
  const { missing, excess, hidden } = model;
  return (
    <>
      {missing.length > 0 && (
        <Notice
          text={trans._n(
            '%1 trial was deleted or does not exist.',
            '%1 trials were deleted or do not exist.',
            missing.length
          )}
          action={trans.__('Remove from comparison')}
          onAction={() =>
            model.setTrials(model.trials.filter(id => !missing.includes(id)))
          }
        />
      )}
      {excess > 0 && (
        <Notice
          text={trans.__(
            'Only the first %1 of %2 trials are compared.',
            MOST_TRIALS,
            MOST_TRIALS + excess
          )}
        />
      )}
      {hidden.size > 0 && (
        <Notice
          text={trans._n(
            '%1 trial is hidden.',
            '%1 trials are hidden.',
            hidden.size
          )}
          action={trans.__('Show all')}
          onAction={() => model.showAll()}
        />
      )}
    </>
  );
}

function Notice(props: {
  text: string;
  isError?: boolean;
  action?: string;
  onAction?: () => void;
}): React.ReactElement {
  return (
    <p
      className={`jp-Labdeck-notice${props.isError ? ' jp-mod-error' : ''}`}
      role={props.isError ? 'alert' : 'status'}
    >
      {props.text}{' '}
      {props.onAction && (
        <button
          type="button"
          className="jp-Labdeck-link"
          onClick={props.onAction}
        >
          {props.action}
        </button>
      )}
    </p>
  );
}
