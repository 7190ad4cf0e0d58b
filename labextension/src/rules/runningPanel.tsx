/** The rules over all trainings that run, in the main area. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IFindingActions } from '../findings/actions';
import { Watching } from '../findings/view';
import { formatCount, formatDuration } from '../parts/format';
import { Empty, ErrorNote, Skeleton } from '../parts/Notes';
import { useNow } from '../parts/now';
import { trialColour } from '../parts/palette';
import { Swatch } from '../parts/Picker';
import { StateIcon, stateLabel } from '../parts/StateIcon';
import { StoreNote } from '../parts/StoreNote';
import { useSignal } from '../parts/useSignal';
import type { IRunning, RunningModel } from './running';

/** What the panel can ask of the application. */
export interface IRunningActions extends IFindingActions {
  onOpenTrial: (trial: string) => void;
}

interface IRunningProps extends IRunningActions {
  model: RunningModel;
  trans: TranslationBundle;
}

/** The panel's widget. */
export class RunningPanel extends ReactWidget {
  constructor(
    model: RunningModel,
    trans: TranslationBundle,
    actions: IRunningActions
  ) {
    super();
    this.#model = model;
    this.#trans = trans;
    this.#actions = actions;
    this.addClass('jp-Labdeck-page');
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.#model.dispose();
    }
    super.dispose();
  }

  protected override render(): React.ReactElement {
    return <Page model={this.#model} trans={this.#trans} {...this.#actions} />;
  }

  readonly #model: RunningModel;
  readonly #trans: TranslationBundle;
  readonly #actions: IRunningActions;
}

function Page(props: IRunningProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const { trials } = model;
  if (!model.known) {
    return model.problem ? (
      <ErrorNote
        error={model.problem}
        trans={trans}
        onRetry={() => model.refresh()}
      />
    ) : (
      <Skeleton label={trans.__('Loading the trials')} rows={6} />
    );
  }
  return (
    <>
      <StoreNote client={model.client} trans={trans} />
      <header className="jp-Labdeck-page-head">
        <h2>{trans.__('Rules')}</h2>
        <span className="jp-Labdeck-page-facts">
          <span>
            {trans._n(
              '%1 trial runs',
              '%1 trials run',
              model.total,
              formatCount(model.total)
            )}
          </span>
        </span>
      </header>
      <div className="jp-Labdeck-page-body">
        {trials.length === 0 ? (
          <Empty
            text={trans.__(
              'No trial runs. When one does, its rules are shown here.'
            )}
          />
        ) : (
          trials.map(running => (
            <Running key={running.trial.id} running={running} {...props} />
          ))
        )}
      </div>
    </>
  );
}

/** One trial: its name as a link, then what watches it. */
function Running(
  props: IRunningProps & { running: IRunning }
): React.ReactElement {
  const { model, running, trans } = props;
  const { trial, watch } = running;
  const now = useNow(1000);
  const ended = trial.state !== 'running';
  return (
    <section className="jp-Labdeck-running-trial" aria-label={trial.name}>
      <h3>
        <StateIcon state={trial.state} trans={trans} />
        <Swatch colour={trialColour(trial.number)} />
        <button
          type="button"
          className="jp-Labdeck-link"
          title={trial.name}
          onClick={() => props.onOpenTrial(trial.id)}
        >
          {trial.name}
        </button>
        <span className="jp-Labdeck-faint">{trial.experiment}</span>
        <span className="jp-Labdeck-faint">
          {formatDuration((trial.ended ?? now) - trial.started)}
        </span>
        {ended && (
          <>
            <span>{stateLabel(trial.state, trans)}</span>
            <button
              type="button"
              className="jp-Labdeck-link"
              onClick={() => model.close(trial.id)}
            >
              {trans.__('Close')}
            </button>
          </>
        )}
      </h3>
      <Watching {...props} model={watch} rulesOpen />
    </section>
  );
}
