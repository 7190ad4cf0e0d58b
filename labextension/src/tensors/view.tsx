import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { NetworkView } from '../network/view';
import { HealthIcon } from '../parts/Health';
import { Empty, ErrorNote, Skeleton } from '../parts/Notes';
import { Tabs } from '../parts/Tabs';
import { useSignal } from '../parts/useSignal';
import { Recorder } from '../recorder/view';
import type { TensorRow } from '../wire';
import { Drawn } from './drawn';
import { LayerMap } from './map';
import type { Mode, TensorsModel } from './model';
import {
  collectionsOf,
  hasHistogram,
  isRecorded,
  reductionsOf
} from './modules';
import { ModuleTree } from './tree';
import { Within } from './within';

interface ITensorProps {
  model: TensorsModel;
  trans: TranslationBundle;
  /** Makes the ids of elements unique in the page. */
  prefix: string;
}

/** What was recorded of a model's tensors; read only while somebody looks. */
export function Tensors(props: ITensorProps): React.ReactElement {
  const { model } = props;
  React.useEffect(() => {
    model.setVisible(true);
    return () => model.setVisible(false);
  }, [model]);
  return (
    <div className="jp-Labdeck-tensors">
      <Page {...props} />
    </div>
  );
}

function Page(props: ITensorProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const { list, error } = model;
  if (!list) {
    return error ? (
      <ErrorNote error={error} trans={trans} onRetry={() => model.refresh()} />
    ) : (
      <Skeleton label={trans.__('Loading the tensors')} rows={10} />
    );
  }
  if (list.tensors.length === 0 && list.recordings.length === 0) {
    return (
      <Empty
        text={trans.__(
          'No tensors were recorded of this trial. Call labdeck.watch(model, optimizer) before the training loop, or write %%debug_rules above its cell.'
        )}
      />
    );
  }
  return (
    <>
      {error && (
        <ErrorNote
          error={error}
          trans={trans}
          onRetry={() => model.refresh()}
        />
      )}
      <Faces {...props} tensors={list.tensors.filter(isRecorded)} />
    </>
  );
}

function Faces(
  props: ITensorProps & { tensors: readonly TensorRow[] }
): React.ReactElement {
  const { model, prefix, trans } = props;
  return (
    <>
      <Tabs
        label={trans.__('Tensors')}
        prefix={prefix}
        tabs={[
          { id: 'map', label: trans.__('Layers over steps') },
          { id: 'network', label: trans.__('Network') },
          {
            id: 'recorder',
            label: trans.__('Flight recorder'),
            count: model.recorder.recordings.length
          }
        ]}
        current={model.tab}
        onSelect={tab => model.setTab(tab)}
      />
      <div
        id={`${prefix}-panel`}
        className="jp-Labdeck-page-body"
        role="tabpanel"
        aria-labelledby={`${prefix}-${model.tab}`}
        data-tab={model.tab}
      >
        <Face {...props} />
      </div>
    </>
  );
}

function Face(
  props: ITensorProps & { tensors: readonly TensorRow[] }
): React.ReactElement {
  const { model, tensors, trans } = props;
  if (model.tab === 'recorder') {
    return <Recorder model={model.recorder} trans={trans} />;
  }
  return (
    <div
      className="jp-Labdeck-tensors-body"
      data-chosen={model.tensor ? 'true' : undefined}
    >
      <ModuleTree
        tensors={tensors}
        selected={model.tensor?.name ?? ''}
        within={model.within}
        trans={trans}
        onSelect={name => model.select(name, model.step)}
        onWithin={path => model.setWithin(path)}
      />
      <div className="jp-Labdeck-tensors-main">
        <Controls {...props} />
        <Within
          path={model.within}
          trans={trans}
          onChange={path => model.setWithin(path)}
        />
        {model.tab === 'map' ? <LayerMap {...props} /> : <Graph {...props} />}
      </div>
      <OneTensor {...props} />
    </div>
  );
}

function Controls(
  props: ITensorProps & { tensors: readonly TensorRow[] }
): React.ReactElement {
  const { model, tensors, trans } = props;
  return (
    <div
      className="jp-Labdeck-toolbar"
      role="toolbar"
      aria-label={trans.__('What is shown')}
    >
      <label className="jp-Labdeck-control">
        {trans.__('reduction')}
        <HTMLSelect
          value={model.reduction}
          onChange={event => model.setReduction(event.target.value)}
          options={reductionsOf(tensors).map(value => ({
            value,
            label: value
          }))}
        />
      </label>
      <label className="jp-Labdeck-control">
        {trans.__('collection')}
        <HTMLSelect
          value={model.collection}
          onChange={event => model.setCollection(event.target.value)}
          options={[
            { value: '', label: trans.__('all') },
            ...collectionsOf(tensors, model.reduction).map(value => ({
              value,
              label: value
            }))
          ]}
        />
      </label>
      <ModeChoice {...props} />
    </div>
  );
}

function ModeChoice(props: ITensorProps): React.ReactElement {
  const { model, trans } = props;
  return (
    <label className="jp-Labdeck-control">
      {trans.__('mode')}
      <HTMLSelect
        value={model.mode}
        onChange={event => model.setMode(event.target.value as Mode)}
        options={(model.list?.modes ?? []).map(({ mode, count }) => ({
          value: mode,
          label: `${mode} (${count})`
        }))}
      />
    </label>
  );
}

function Graph(props: ITensorProps): React.ReactElement {
  const { model, trans } = props;
  const steps = model.list?.modes.find(({ mode }) => mode === model.mode);
  return (
    <NetworkView
      model={model.network}
      trans={trans}
      steps={steps ?? null}
      onSelect={tensor => model.select(tensor, model.network.step)}
      onWithin={path => model.setWithin(path)}
    />
  );
}

/** Everything about the selected tensor: facts, its curves, how its values are spread. */
function OneTensor(props: ITensorProps): React.ReactElement {
  const { model, trans } = props;
  const { tensor, step } = model;
  if (!tensor) {
    return (
      <aside className="jp-Labdeck-tensors-one" aria-label={trans.__('Tensor')}>
        <p className="jp-Labdeck-hint">
          {trans.__('Choose a tensor to see its values over the steps.')}
        </p>
      </aside>
    );
  }
  const view = `${tensor.name} ${model.mode}`;
  return (
    <aside className="jp-Labdeck-tensors-one" aria-label={trans.__('Tensor')}>
      <h3 title={tensor.name}>
        <HealthIcon health={tensor.health} trans={trans} /> {tensor.name}
      </h3>
      <p className="jp-Labdeck-hint">
        {[tensor.module_type, tensor.dtype, tensor.shape.join(' × ')]
          .filter(Boolean)
          .join(' · ')}
        {step !== null && ` · ${trans.__('step %1', step)}`}
      </p>
      <Drawn
        className="jp-mod-curves"
        drawn={model.curves}
        label={trans.__('Reductions of %1', tensor.name)}
        view={view}
        empty={trans.__('Nothing was recorded of this in this mode.')}
        trans={trans}
        onRetry={() => model.refresh()}
      />
      {hasHistogram(tensor) && (
        <>
          <h4>{trans.__('Histogram over steps')}</h4>
          <Drawn
            drawn={model.histogram}
            label={trans.__('Histogram of %1', tensor.name)}
            view={view}
            empty={trans.__('No values were recorded.')}
            trans={trans}
            onRetry={() => model.refresh()}
          />
        </>
      )}
    </aside>
  );
}
