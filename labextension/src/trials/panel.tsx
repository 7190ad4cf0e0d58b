import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Curves } from '../curves/view';
import type { IFindingActions } from '../findings/actions';
import { Watching } from '../findings/view';
import { type ILineageActions, Lineage } from '../lineage/view';
import { Editable } from '../parts/Editable';
import {
  formatAge,
  formatDuration,
  formatNumber,
  formatTime
} from '../parts/format';
import { describeError, ErrorNote, Skeleton } from '../parts/Notes';
import { useNow } from '../parts/now';
import { trialColour } from '../parts/palette';
import { Swatch } from '../parts/Picker';
import { StateIcon, stateLabel } from '../parts/StateIcon';
import { StoreNote } from '../parts/StoreNote';
import { Tabs } from '../parts/Tabs';
import { useSignal } from '../parts/useSignal';
import { Tensors } from '../tensors/view';
import { Output } from '../output/view';
import { Artifacts } from '../previews/artifacts';
import {
  goalOf,
  orderMetrics,
  seriesId,
  seriesName,
  seriesOf,
  SYSTEM
} from '../readings';
import { ReportBar } from '../reports/bar';
import type { TrialModel } from './model';
import { type ITrialFaceProps, Overview } from './overview';
import type { IOpenTrials } from './relatives';
import { Code, Environment, type IHighlighting } from './surroundings';

/** Metrics named in the head of the page. */
const HEAD_METRICS = 4;

/** What a trial's page can ask of the application. */
export interface ITrialActions extends IOpenTrials, IHighlighting {
  onRestore: () => void;
  onDelete: () => void;
  onOpenTrial: ILineageActions['onOpenTrial'];
  findings: IFindingActions;
}

/** A trial's page in the main area. */
export class TrialPanel extends ReactWidget {
  constructor(
    model: TrialModel,
    trans: TranslationBundle,
    actions: ITrialActions
  ) {
    super();
    this.model = model;
    this.#trans = trans;
    this.#actions = actions;
    this.addClass('jp-Labdeck-page');
  }

  readonly model: TrialModel;

  override dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
    }
    super.dispose();
  }

  protected override render(): React.ReactElement {
    return (
      <Page
        model={this.model}
        trans={this.#trans}
        prefix={this.id}
        {...this.#actions}
      />
    );
  }

  readonly #trans: TranslationBundle;
  readonly #actions: ITrialActions;
}

interface IPageProps extends ITrialActions {
  model: TrialModel;
  trans: TranslationBundle;
  /** Makes the ids of elements unique in the page. */
  prefix: string;
}

function Page(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const now = useNow(1000);
  const { detail, error } = model;
  if (!detail) {
    return error ? (
      <ErrorNote error={error} trans={trans} onRetry={() => model.refresh()} />
    ) : (
      <Skeleton label={trans.__('Loading the trial')} rows={8} />
    );
  }
  const face = { ...props, detail, now };
  return (
    <>
      <StoreNote client={model.client} trans={trans} />
      {error && (
        <ErrorNote
          error={error}
          trans={trans}
          onRetry={() => model.refresh()}
        />
      )}
      <Head {...face} />
      <Refusal {...props} />
      <Faces {...face} />
    </>
  );
}

/** The trial's curves, and below them those of its machine. */
function AllCurves(props: ITrialFaceProps): React.ReactElement {
  const { model, trans } = props;
  return (
    <>
      <Curves model={model.curves} trans={trans} />
      {model.system.available.length > 0 && (
        <details className="jp-Labdeck-system" open>
          <summary>{trans.__('System')}</summary>
          <Curves model={model.system} trans={trans} />
        </details>
      )}
    </>
  );
}

function Head(props: IPageProps & ITrialFaceProps): React.ReactElement {
  const { model, detail, now, trans } = props;
  const { trial } = detail;
  const lasted = (trial.ended ?? now) - trial.started;
  return (
    <header className="jp-Labdeck-page-head">
      <StateIcon state={trial.state} trans={trans} />
      <Swatch colour={trialColour(trial.number)} />
      <h2>
        <Editable
          label={trans.__('Rename the trial')}
          value={trial.name}
          placeholder={trial.name}
          onSave={name => void model.rename(name)}
        />
      </h2>
      <span className="jp-Labdeck-page-facts">
        <span title={trans.__('experiment')}>{trial.experiment}</span>
        {trial.parent_id !== null && (
          <button
            type="button"
            className="jp-Labdeck-link"
            onClick={() => props.onOpenTrial(trial.parent_id ?? '')}
          >
            {trans.__('part of another trial')}
          </button>
        )}
        <span>{stateLabel(trial.state, trans)}</span>
        <span title={trans.__('duration')}>{formatDuration(lasted)}</span>
        <span title={formatTime(trial.started)}>
          {trans.__('started %1 ago', formatAge(now - trial.started))}
        </span>
      </span>
      <span className="jp-Labdeck-spacer" />
      <Removal {...props} />
      <BestMetrics {...props} />
    </header>
  );
}

/** Delete the trial, or take its deletion back. */
function Removal(props: IPageProps & ITrialFaceProps): React.ReactElement {
  const { trans } = props;
  return props.detail.trial.deleted === null ? (
    <button
      type="button"
      className="jp-Labdeck-plainbutton"
      onClick={props.onDelete}
    >
      {trans.__('Delete')}
    </button>
  ) : (
    <button
      type="button"
      className="jp-Labdeck-button jp-Button jp-mod-styled jp-mod-accept"
      onClick={props.onRestore}
    >
      {trans.__('Restore')}
    </button>
  );
}

/** The best values of the objective and of the metrics after it. */
function BestMetrics(props: ITrialFaceProps): React.ReactElement {
  const { detail, trans } = props;
  const metrics = orderMetrics(detail)
    .filter(metric => metric.component !== SYSTEM)
    .slice(0, HEAD_METRICS);
  return (
    <dl className="jp-Labdeck-best">
      {metrics.map(metric => {
        const goal = goalOf(metric.name, [detail.trial]);
        const name = seriesName(seriesOf(metric));
        const best = goal === 'max' ? metric.max : metric.min;
        const step = goal === 'max' ? metric.max_step : metric.min_step;
        return (
          <div
            key={seriesId(seriesOf(metric))}
            title={trans.__('%1: best (%2) at step %3', name, goal, step)}
          >
            <dt>{name}</dt>
            <dd>{formatNumber(best)}</dd>
          </div>
        );
      })}
    </dl>
  );
}

/** Why the reader's last change was refused. */
function Refusal(props: IPageProps): React.ReactElement | null {
  const { model, trans } = props;
  if (!model.refusal) {
    return null;
  }
  const { message, remedy } = describeError(model.refusal, trans);
  return (
    <p className="jp-Labdeck-notice jp-mod-error" role="alert">
      {[message, remedy].filter(Boolean).join('. ')}{' '}
      <button
        type="button"
        className="jp-Labdeck-link"
        onClick={() => model.dismissRefusal()}
      >
        {trans.__('Dismiss')}
      </button>
    </p>
  );
}

function Faces(props: IPageProps & ITrialFaceProps): React.ReactElement {
  const { model, detail, prefix, trans } = props;
  const { tab } = model;
  return (
    <>
      <Tabs
        label={trans.__('Trial')}
        prefix={prefix}
        tabs={[
          { id: 'overview', label: trans.__('Overview') },
          { id: 'curves', label: trans.__('Curves') },
          { id: 'tensors', label: trans.__('Tensors') },
          {
            id: 'findings',
            label: trans.__('Findings'),
            count: model.watch.feed.open || undefined
          },
          {
            id: 'artifacts',
            label: trans.__('Artifacts'),
            count: detail.artifacts.length
          },
          { id: 'lineage', label: trans.__('Lineage') },
          { id: 'output', label: trans.__('Output') },
          { id: 'code', label: trans.__('Code') },
          { id: 'environment', label: trans.__('Environment') }
        ]}
        current={tab}
        onSelect={chosen => model.setTab(chosen)}
      />
      <div
        id={`${prefix}-panel`}
        className="jp-Labdeck-page-body"
        role="tabpanel"
        aria-labelledby={`${prefix}-${tab}`}
        data-tab={tab}
      >
        <Face {...props} />
      </div>
    </>
  );
}

function Face(props: IPageProps & ITrialFaceProps): React.ReactElement {
  switch (props.model.tab) {
    case 'overview':
      return <Overview {...props} />;
    case 'curves':
      return <AllCurves {...props} />;
    case 'tensors':
      return (
        <Tensors
          model={props.model.tensors}
          trans={props.trans}
          prefix={`${props.prefix}-tensors`}
        />
      );
    case 'findings':
      return (
        <>
          <ReportBar model={props.model.reports} trans={props.trans} />
          <Watching
            model={props.model.watch}
            trans={props.trans}
            {...props.findings}
          />
        </>
      );
    case 'artifacts':
      return (
        <>
          <ReportBar model={props.model.reports} trans={props.trans} />
          <Artifacts
            client={props.model.client}
            trial={props.model.id}
            artifacts={props.detail.artifacts}
            wanted={props.model.wantedFile}
            trans={props.trans}
          />
        </>
      );
    case 'output':
      return <Output model={props.model.output} trans={props.trans} />;
    case 'lineage':
      return <CameFrom {...props} />;
    case 'code':
      return <Code {...props} />;
    case 'environment':
      return <Environment {...props} />;
  }
}

function CameFrom(props: IPageProps): React.ReactElement {
  const { model, trans, onOpenTrial } = props;
  return (
    <Lineage
      model={model.lineage}
      trans={trans}
      onOpenTrial={onOpenTrial}
      onOpenFile={file =>
        file.trial === model.id
          ? model.setTab('artifacts')
          : onOpenTrial(file.trial)
      }
    />
  );
}
