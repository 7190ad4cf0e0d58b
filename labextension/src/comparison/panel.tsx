import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Curves } from '../curves/view';
import type { ILegendEntry } from '../parts/Legend';
import { Empty, ErrorNote, Skeleton } from '../parts/Notes';
import { trialColour } from '../parts/palette';
import { type IChoice, Picker } from '../parts/Picker';
import { StoreNote } from '../parts/StoreNote';
import { Tabs } from '../parts/Tabs';
import { useSignal } from '../parts/useSignal';
import type { TrialRecord } from '../wire';
import { type ComparisonModel, MOST_TRIALS } from './model';
import {
  chosenColumns,
  columnDetail,
  columnName,
  ComparisonTable,
  type IComparisonProps,
  optionalColumns
} from './tableView';

/** What a comparison can ask of the application. */
export interface IComparisonActions {
  onOpen: (trial: string) => void;
  onShowSidebar: () => void;
  onCopy: () => void;
}

/** A comparison of trials in the main area. */
export class ComparisonPanel extends ReactWidget {
  constructor(
    model: ComparisonModel,
    trans: TranslationBundle,
    actions: IComparisonActions
  ) {
    super();
    this.model = model;
    this.#trans = trans;
    this.#actions = actions;
    this.addClass('jp-Labdeck-page');
  }

  readonly model: ComparisonModel;

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
  readonly #actions: IComparisonActions;
}

interface IPageProps extends IComparisonProps, IComparisonActions {
  /** Makes the ids of elements unique in the page. */
  prefix: string;
}

function Page(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  if (model.trials.length === 0) {
    return (
      <Empty text={trans.__('Select trials in the sidebar to compare them.')}>
        <button
          type="button"
          className="jp-Labdeck-button jp-Button jp-mod-styled jp-mod-accept"
          onClick={props.onShowSidebar}
        >
          {trans.__('Show Sidebar')}
        </button>
      </Empty>
    );
  }
  return (
    <>
      <StoreNote client={model.client} trans={trans} />
      <Head {...props} />
      <Notices {...props} />
      {model.isLoading ? (
        <Skeleton label={trans.__('Loading the trials')} rows={8} />
      ) : (
        model.facts.length > 0 && <Body {...props} />
      )}
    </>
  );
}

function Head(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  return (
    <header className="jp-Labdeck-page-head">
      <h2>{model.experiment}</h2>
      <TrialPicker {...props} />
      <span className="jp-Labdeck-spacer" />
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        disabled={model.shown.length === 0}
        onClick={props.onCopy}
        title={trans.__('Copy code that makes this comparison in a notebook')}
      >
        {trans.__('Copy as Python')}
      </button>
    </header>
  );
}

/** The trials of the experiment, to be taken into the comparison or out of it. */
function TrialPicker(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  const [others, setOthers] = React.useState<readonly TrialRecord[]>([]);
  const experiment = model.facts[0]?.trial.experiment_id;
  const load = (): void => {
    if (experiment) {
      // A list that cannot be read leaves the trials that are compared; the page says why elsewhere.
      model.client.trials(experiment, 0, MOST_TRIALS).then(
        page => setOthers(page.trials),
        () => setOthers([])
      );
    }
  };
  const known = new Map<string, IChoice>();
  for (const trial of [...model.facts.map(f => f.trial), ...others]) {
    known.set(trial.id, {
      id: trial.id,
      label: trial.name,
      colour: trialColour(trial.number)
    });
  }
  return (
    <Picker
      label={trans.__('Trials')}
      choices={[...known.values()]}
      chosen={new Set(model.trials)}
      onChange={ids => model.setTrials(ids)}
      onOpen={load}
      trans={trans}
    />
  );
}

function Notices(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  const { missing, excess, error, view } = model;
  return (
    <>
      {error && (
        <ErrorNote
          error={error}
          trans={trans}
          onRetry={() => model.refresh()}
        />
      )}
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
            model.trials.length
          )}
        />
      )}
      {view.hidden.size > 0 && (
        <Notice
          text={trans._n(
            '%1 trial is hidden.',
            '%1 trials are hidden.',
            view.hidden.size
          )}
          action={trans.__('Show all')}
          onAction={() => model.setView({ hidden: new Set() })}
        />
      )}
    </>
  );
}

function Notice(props: {
  text: string;
  action?: string;
  onAction?: () => void;
}): React.ReactElement {
  return (
    <p className="jp-Labdeck-notice" role="status">
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

function Body(props: IPageProps): React.ReactElement {
  const { model, trans, prefix } = props;
  const { tab } = model.view;
  return (
    <>
      <Tabs
        label={trans.__('Comparison')}
        prefix={prefix}
        tabs={[
          { id: 'table', label: trans.__('Table') },
          { id: 'curves', label: trans.__('Curves') }
        ]}
        current={tab}
        onSelect={chosen => model.setView({ tab: chosen })}
      />
      <div
        id={`${prefix}-panel`}
        className="jp-Labdeck-page-body"
        role="tabpanel"
        aria-labelledby={`${prefix}-${tab}`}
        data-tab={tab}
      >
        {tab === 'table' && (
          <>
            <TableControls {...props} />
            <ComparisonTable {...props} />
          </>
        )}
        <Curves
          model={model.curves}
          trans={trans}
          legend={tab === 'curves' ? legend(model) : undefined}
        />
      </div>
    </>
  );
}

function legend(model: ComparisonModel): ILegendEntry[] {
  return model.shown.map(({ trial }) => ({
    id: trial.id,
    name: trial.name,
    colour: trialColour(trial.number)
  }));
}

function TableControls(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  const { differing, baseline } = model.view;
  const optional = optionalColumns(model);
  return (
    <div
      className="jp-Labdeck-toolbar"
      role="toolbar"
      aria-label={trans.__('Table')}
    >
      <Picker
        label={trans.__('Columns')}
        choices={optional.map(column => ({
          id: column.id,
          label: [columnName(column, trans), columnDetail(column, trans)]
            .filter(Boolean)
            .join(' · ')
        }))}
        chosen={chosenColumns(model, optional)}
        onChange={columns => model.setView({ columns })}
        trans={trans}
      />
      <label className="jp-Labdeck-control">
        <input
          type="checkbox"
          checked={differing}
          onChange={event => model.setView({ differing: event.target.checked })}
        />
        {trans.__('differing only')}
      </label>
      <label className="jp-Labdeck-control">
        {trans.__('baseline')}
        <HTMLSelect
          value={baseline ?? ''}
          onChange={event =>
            model.setView({ baseline: event.target.value || null })
          }
          options={[
            { value: '', label: trans.__('none') },
            ...model.shown.map(f => ({
              value: f.trial.id,
              label: f.trial.name
            }))
          ]}
        />
      </label>
    </div>
  );
}
