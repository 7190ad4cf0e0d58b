import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Charts } from '../charts/view';
import { Curves, type ICurvesGroup } from '../curves/view';
import { Difference } from '../difference/view';
import { TableControls } from '../facts/controls';
import { FactsTable } from '../facts/tableView';
import type { ILegendEntry } from '../parts/Legend';
import { Empty, Skeleton } from '../parts/Notes';
import { trialColour } from '../parts/palette';
import { StoreNote } from '../parts/StoreNote';
import { type ITab, Tabs } from '../parts/Tabs';
import { useSignal } from '../parts/useSignal';
import type { Face } from '../views/body';
import type { ViewsModel } from '../views/list';
import { Head } from './head';
import type { ComparisonModel } from './model';
import { Notices } from './notices';
import type { IComparisonActions, IPageProps } from './props';

/** A comparison of trials in the main area. */
export class ComparisonPanel extends ReactWidget {
  constructor(
    model: ComparisonModel,
    views: ViewsModel,
    trans: TranslationBundle,
    actions: IComparisonActions
  ) {
    super();
    this.model = model;
    this.#views = views;
    this.#trans = trans;
    this.#actions = actions;
    this.addClass('jp-Labdeck-page');
  }

  readonly model: ComparisonModel;

  /** Ask in the head of the page for the name under which the comparison is kept. */
  askName(): void {
    this.#naming = true;
    this.update();
  }

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
        views={this.#views}
        trans={this.#trans}
        prefix={this.id}
        naming={this.#naming}
        onNaming={naming => {
          this.#naming = naming;
          this.update();
        }}
        {...this.#actions}
      />
    );
  }

  #naming = false;
  readonly #views: ViewsModel;
  readonly #trans: TranslationBundle;
  readonly #actions: IComparisonActions;
}

function Page(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  if (model.trials.length === 0 && model.follow === null) {
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
      ) : model.facts.length > 0 ? (
        <Body {...props} />
      ) : (
        model.follow !== null &&
        model.error === null && (
          <Empty text={trans.__('The experiment has no trial yet.')} />
        )
      )}
    </>
  );
}

function tabsOf(trans: TranslationBundle): ITab<Face>[] {
  return [
    { id: 'table', label: trans.__('Table') },
    { id: 'curves', label: trans.__('Curves') },
    { id: 'scatter', label: trans.__('Scatter') },
    { id: 'box', label: trans.__('Box') },
    { id: 'bar', label: trans.__('Bar') },
    { id: 'contour', label: trans.__('Contour') },
    { id: 'parallel', label: trans.__('Parallel') },
    { id: 'importance', label: trans.__('Importance') },
    { id: 'code', label: trans.__('Code Diff') },
    { id: 'environment', label: trans.__('Environment Diff') }
  ];
}

function Body(props: IPageProps): React.ReactElement {
  const { model, trans, prefix } = props;
  const { tab } = model;
  return (
    <>
      <Tabs
        label={trans.__('Comparison')}
        prefix={prefix}
        tabs={tabsOf(trans)}
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
        {tab === 'table' && (
          <>
            <TableControls model={model.table} trans={trans} />
            <FactsTable
              model={model.table}
              trans={trans}
              onOpen={props.onOpen}
              onHide={id => model.toggleHidden(id)}
              onRemove={id => model.removeTrial(id)}
            />
          </>
        )}
        <Chosen {...props} />
      </div>
    </>
  );
}

/** What is shown below the table, or in its place. */
function Chosen(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  const { tab } = model;
  switch (tab) {
    case 'table':
    case 'curves':
      return (
        <Curves
          model={model.curves}
          trans={trans}
          legend={tab === 'curves' ? legend(model) : undefined}
          groups={groupsOf(model)}
        />
      );
    case 'code':
    case 'environment':
      return <Difference model={model.difference} kind={tab} trans={trans} />;
    default:
      return <Charts model={model.charts} kind={tab} trans={trans} />;
  }
}

function legend(model: ComparisonModel): ILegendEntry[] {
  return model.shown.map(({ trial }) => ({
    id: trial.id,
    name: trial.name,
    colour: trialColour(trial.number)
  }));
}

/** The parameters by which curves can be grouped. */
function groupsOf(model: ComparisonModel): ICurvesGroup[] {
  return model.charts.fields
    .filter(({ kind }) => kind === 'param')
    .map(({ text, name }) => ({ text, label: name }));
}
