import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Chart } from '../parts/Chart';
import { formatNumber, formatTime } from '../parts/format';
import { Empty, ErrorNote, Skeleton } from '../parts/Notes';
import { useSignal } from '../parts/useSignal';
import type { TensorFacts } from '../wire';
import { isBroken, type RecorderModel } from './model';

interface IRecorderProps {
  model: RecorderModel;
  trans: TranslationBundle;
}

/** Plays a flight recording: every tensor of the last steps before a finding, stepped through backwards from it. */
export function Recorder(props: IRecorderProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const { recording, shown, error } = model;
  if (!recording) {
    return (
      <Empty
        text={trans.__(
          'No flight recording yet. When a rule finds something, the last steps before it are kept here with all their tensors.'
        )}
      />
    );
  }
  return (
    <div className="jp-Labdeck-recorder">
      <Controls {...props} />
      {error && (
        <ErrorNote error={error} trans={trans} onRetry={() => model.retry()} />
      )}
      {shown ? (
        <div className="jp-Labdeck-recorder-body">
          <Facts {...props} tensors={shown.tensors} />
          <div className="jp-Labdeck-recorder-values">
            <h3 title={model.tensor}>{model.tensor}</h3>
            <Chart
              label={trans.__('Values of %1', model.tensor)}
              figure={model.values}
              view={model.view}
              empty={trans.__('The tensor has no elements.')}
              trans={trans}
            />
          </div>
        </div>
      ) : (
        !error && (
          <Skeleton label={trans.__('Loading the recording')} rows={8} />
        )
      )}
    </div>
  );
}

function Controls(props: IRecorderProps): React.ReactElement {
  const { model, trans } = props;
  const { recording, place } = model;
  const steps = recording?.steps ?? [];
  const last = steps.length - 1;
  const shown = steps.at(place);
  const at = shown ? trans.__('%1 step %2', shown.mode, shown.step) : '';
  return (
    <div
      className="jp-Labdeck-toolbar"
      role="toolbar"
      aria-label={trans.__('Flight recorder')}
    >
      <Choice {...props} />
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        disabled={place <= 0}
        onClick={() => model.goTo(place - 1)}
      >
        {trans.__('Back')}
      </button>
      <input
        type="range"
        min={0}
        max={last}
        value={place}
        aria-label={trans.__('Recorded step')}
        aria-valuetext={at}
        onChange={event => model.goTo(event.target.valueAsNumber)}
      />
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        disabled={place >= last}
        onClick={() => model.goTo(place + 1)}
      >
        {trans.__('Forward')}
      </button>
      <output className="jp-Labdeck-recorder-step">
        {at}
        {place === last && recording?.rule
          ? ` · ${trans.__('%1 fired here', recording.rule)}`
          : ''}
      </output>
    </div>
  );
}

/** Which recording is played. */
function Choice(props: IRecorderProps): React.ReactElement {
  const { model, trans } = props;
  return (
    <label className="jp-Labdeck-control">
      {trans.__('recording')}
      <HTMLSelect
        value={model.recording?.id}
        onChange={event => model.choose(event.target.value)}
        options={model.recordings.map(one => ({
          value: one.id,
          label: `${one.rule || trans.__('by hand')} · ${formatTime(one.time)}`
        }))}
      />
    </label>
  );
}

function Facts(
  props: IRecorderProps & { tensors: readonly TensorFacts[] }
): React.ReactElement {
  const { tensors, trans } = props;
  return (
    <div className="jp-Labdeck-recorder-facts">
      <table className="jp-Labdeck-plaintable">
        <thead>
          <tr>
            <th scope="col">{trans.__('tensor')}</th>
            <th scope="col">{trans.__('not finite')}</th>
            <th scope="col">{trans.__('mean')}</th>
            <th scope="col">{trans.__('std')}</th>
            <th scope="col">{trans.__('min')}</th>
            <th scope="col">{trans.__('max')}</th>
            <th scope="col">{trans.__('l2')}</th>
            <th
              scope="col"
              title={trans.__(
                'How far it moved since the recorded step before, relative to its size'
              )}
            >
              {trans.__('change')}
            </th>
          </tr>
        </thead>
        <tbody>
          {tensors.map(facts => (
            <Row key={facts.name} {...props} facts={facts} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row(
  props: IRecorderProps & { facts: TensorFacts }
): React.ReactElement {
  const { facts, model } = props;
  const { mean, std, min, max, l2 } = facts;
  return (
    <tr
      className={isBroken(facts) ? 'jp-mod-broken' : undefined}
      aria-selected={facts.name === model.tensor}
    >
      <th scope="row">
        <button
          type="button"
          className="jp-Labdeck-link"
          title={`${facts.name}\n${facts.dtype} ${facts.shape.join(' × ')}`}
          onClick={() => model.select(facts.name)}
        >
          {facts.name}
        </button>
      </th>
      <td>{facts.nan_count + facts.inf_count || ''}</td>
      {[mean, std, min, max, l2].map((value, index) => (
        <td key={index}>{formatNumber(value)}</td>
      ))}
      <td>{facts.change === null ? '' : formatNumber(facts.change)}</td>
    </tr>
  );
}
