/** How the watching of models goes, and what can be asked of their training. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ABSENT, formatCount, formatNumber } from '../parts/format';
import type { WatchRecord } from '../wire';
import type { IFindingActions } from './actions';
import type { WatchModel } from './model';
import { type Wish, wishHint, wishLabel } from './words';

interface IWatchProps extends Pick<IFindingActions, 'onAsk'> {
  model: WatchModel;
  trans: TranslationBundle;
}

/** What can be asked of a training while it runs. */
export function WatchButtons(props: IWatchProps): React.ReactElement | null {
  const { model, trans } = props;
  if (!model.isLive) {
    return null;
  }
  const wishes: Wish[] = [
    'stop',
    model.isPaused ? 'go-on' : 'pause',
    'record',
    'lower-learning-rate'
  ];
  const ask = async (wish: Wish): Promise<void> => {
    if (await props.onAsk(model.id, wish, '')) {
      model.ask(wish);
    }
  };
  return (
    <div
      className="jp-Labdeck-toolbar"
      role="toolbar"
      aria-label={trans.__('Training')}
    >
      {wishes.map(wish => (
        <button
          key={wish}
          type="button"
          className={
            wish === 'stop'
              ? 'jp-Labdeck-button jp-Button jp-mod-styled jp-mod-warn'
              : 'jp-Labdeck-plainbutton'
          }
          title={wishHint(wish, trans)}
          disabled={model.isAsked(wish)}
          onClick={() => void ask(wish)}
        >
          {wishLabel(wish, trans)}
          {model.isAsked(wish) && '…'}
        </button>
      ))}
    </div>
  );
}

/** A model that is or was watched: its state, what watching costs, and what the reader should know. */
export function Watch(props: {
  watch: WatchRecord;
  /** Whether its trial runs; a process that was killed says nothing of its end. */
  runs: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { watch, trans } = props;
  const state = props.runs || watch.state === 'failed' ? watch.state : 'off';
  return (
    <section className="jp-Labdeck-watch" aria-label={watch.name}>
      <h4>
        <span title={watch.name}>{watch.name}</span>
        <span className="jp-Labdeck-faint">{watch.framework}</span>
        <span className="jp-Labdeck-rulestate" data-state={state}>
          <span aria-hidden="true">{GLYPHS[state]}</span>{' '}
          {stateLabel(state, trans)}
        </span>
        {watch.reason !== '' && <span>{watch.reason}</span>}
      </h4>
      <WatchFacts watch={watch} trans={trans} />
      {isOver(watch) && (
        <p className="jp-Labdeck-faint">
          {trans.__(
            'More than the budget, although as little is read as may be: part of the work is the same at each step, and steps of %1 ms are short.',
            formatNumber(watch.step_time)
          )}
        </p>
      )}
      {watch.warnings.length > 0 && (
        <ul className="jp-Labdeck-troubles" aria-label={trans.__('Warnings')}>
          {watch.warnings.map((text, index) => (
            <li key={index}>{text}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** How far it is, and what it costs. */
function WatchFacts(props: {
  watch: WatchRecord;
  trans: TranslationBundle;
}): React.ReactElement {
  const { watch, trans } = props;
  return (
    <dl className="jp-Labdeck-watchfacts">
      <Fact
        label={trans.__('training steps')}
        value={formatCount(watch.steps)}
      />
      <Fact
        label={trans.__('rows kept')}
        value={formatCount(watch.recorded)}
        title={trans.__(
          'Steps of which something was kept: of training, and of evaluation and prediction, too'
        )}
      />
      <Fact
        label={trans.__('tensors read')}
        value={
          watch.interval === 1
            ? trans.__('every step')
            : trans.__('every %1 steps', formatCount(watch.interval))
        }
        title={trans.__(
          'Losses and learning rates are read at every step; weights and gradients as often as the budget allows'
        )}
      />
      <Overhead watch={watch} trans={trans} />
      <Fact label={trans.__('tensors')} value={formatCount(watch.tensors)} />
      <Fact
        label={trans.__('parameters')}
        value={formatCount(watch.parameters)}
      />
      <Fact
        label={trans.__('recordings')}
        value={formatCount(watch.recordings)}
      />
      {watch.dropped > 0 && (
        <Fact
          label={trans.__('dropped')}
          value={formatCount(watch.dropped)}
          title={trans.__('Rows and arrays that could not be kept')}
        />
      )}
    </dl>
  );
}

const GLYPHS: Record<WatchRecord['state'], string> = {
  on: '●',
  paused: '‖',
  off: '–',
  failed: '✕'
};

function stateLabel(
  state: WatchRecord['state'],
  trans: TranslationBundle
): string {
  switch (state) {
    case 'on':
      return trans.__('watching');
    case 'paused':
      return trans.__('paused');
    case 'off':
      return trans.__('ended');
    case 'failed':
      return trans.__('switched itself off');
  }
}

function Fact(props: {
  label: string;
  value: string;
  title?: string;
}): React.ReactElement {
  return (
    <div title={props.title}>
      <dt>{props.label}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}

/** What the debugger takes of a step, measured, against what it may take. */
function Overhead(props: {
  watch: WatchRecord;
  trans: TranslationBundle;
}): React.ReactElement {
  const { watch, trans } = props;
  const { cost, step_time, budget } = watch;
  const label = trans.__('overhead');
  if (step_time <= 0) {
    return <Fact label={label} value={ABSENT} />;
  }
  const share = cost / step_time;
  const title = trans.__(
    '%1 ms of a step of %2 ms',
    formatNumber(cost),
    formatNumber(step_time)
  );
  const over = isOver(watch);
  return (
    <div title={title}>
      <dt>{label}</dt>
      <dd className={over ? 'jp-mod-over' : undefined}>
        {budget === null
          ? percent(share)
          : trans.__(
              '%1 of a step (budget %2)',
              percent(share),
              percent(budget)
            )}
        {budget !== null && (
          <meter
            className="jp-Labdeck-meter"
            aria-label={trans.__('Overhead against the budget')}
            min={0}
            max={budget * 2}
            high={budget}
            value={Math.min(share, budget * 2)}
          />
        )}
      </dd>
    </div>
  );
}

/** Whether watching takes more of a step than it may. */
function isOver({ budget, cost, step_time }: WatchRecord): boolean {
  return budget !== null && step_time > 0 && cost / step_time > budget;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
