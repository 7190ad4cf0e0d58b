/** Code and surroundings of two trials, side by side. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { LabdeckError } from '../client/errors';
import { Empty, ErrorNote, Skeleton } from '../parts/Notes';
import { useSignal } from '../parts/useSignal';
import type { TrialRecord } from '../wire';
import { CodeParts } from './codeParts';
import { EnvironmentRows } from './environmentRows';
import type { DifferenceKind, DifferenceModel } from './model';

/** What the faces of a difference share. */
export interface IDifferenceProps {
  model: DifferenceModel;
  trans: TranslationBundle;
}

/** Two trials to choose, and how they differ; read only while it is mounted. */
export function Difference(
  props: IDifferenceProps & { kind: DifferenceKind }
): React.ReactElement {
  const { model, kind, trans } = props;
  useSignal(model.changed);
  React.useEffect(() => {
    model.show(kind);
    return () => model.show(null);
  }, [model, kind]);
  if (model.trials.length < 2) {
    return (
      <Empty
        text={trans.__('Take a second trial into the comparison to see this.')}
      />
    );
  }
  return (
    <div className="jp-Labdeck-differences">
      <DifferenceControls {...props} />
      {model.before?.id === model.after?.id ? (
        <Empty text={trans.__('Choose two different trials.')} />
      ) : (
        <DifferenceFace {...props} />
      )}
    </div>
  );
}

function DifferenceControls(props: IDifferenceProps): React.ReactElement {
  const { model, trans } = props;
  return (
    <div
      className="jp-Labdeck-toolbar"
      role="toolbar"
      aria-label={trans.__('Difference')}
    >
      <TrialChoice
        label={trans.__('before')}
        trials={model.trials}
        value={model.before}
        onChange={before => model.choose({ before })}
      />
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        title={trans.__('Let the two trials change places')}
        aria-label={trans.__('Swap')}
        onClick={() => model.swap()}
      >
        ⇄
      </button>
      <TrialChoice
        label={trans.__('after')}
        trials={model.trials}
        value={model.after}
        onChange={after => model.choose({ after })}
      />
      <label className="jp-Labdeck-control">
        <input
          type="checkbox"
          checked={model.equal}
          onChange={event => model.showEqual(event.target.checked)}
        />
        {trans.__('show what is the same')}
      </label>
    </div>
  );
}

function TrialChoice(props: {
  label: string;
  trials: readonly TrialRecord[];
  value: TrialRecord | null;
  onChange: (trial: string) => void;
}): React.ReactElement {
  return (
    <label className="jp-Labdeck-control">
      {props.label}
      <HTMLSelect
        value={props.value?.id ?? ''}
        onChange={event => props.onChange(event.target.value)}
        options={props.trials.map(({ id, name }) => ({
          value: id,
          label: name
        }))}
      />
    </label>
  );
}

function DifferenceFace(
  props: IDifferenceProps & { kind: DifferenceKind }
): React.ReactElement {
  const { model, kind, trans } = props;
  const reading = kind === 'code' ? model.code : model.environment;
  return (
    <>
      {reading.error && (
        <Trouble
          error={reading.error}
          trans={trans}
          onRetry={() => reading.refresh()}
        />
      )}
      {reading.answer === null && reading.error === null && (
        <Skeleton label={trans.__('Loading the difference')} rows={8} />
      )}
      <div className="jp-Labdeck-difference-body" aria-busy={reading.isLoading}>
        {kind === 'code' && model.code.answer && (
          <CodeParts
            difference={model.code.answer}
            trials={model.trials}
            trans={trans}
          />
        )}
        {kind === 'environment' && model.environment.answer && (
          <EnvironmentRows
            difference={model.environment.answer}
            trials={model.trials}
            trans={trans}
          />
        )}
      </div>
    </>
  );
}

function Trouble(props: {
  error: LabdeckError;
  trans: TranslationBundle;
  onRetry: () => void;
}): React.ReactElement {
  return <ErrorNote {...props} />;
}
