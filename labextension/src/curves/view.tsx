import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Chart } from '../parts/Chart';
import { describeError, Empty } from '../parts/Notes';
import { Picker, Swatch } from '../parts/Picker';
import { useSignal } from '../parts/useSignal';
import { seriesId, seriesName } from '../readings';
import type { CurvesModel, ICurvesChart, ICurvesOptions } from './model';

interface ICurvesProps {
  model: CurvesModel;
  trans: TranslationBundle;
  /** Which colour stands for what, where nothing else on the page says so. */
  legend?: readonly ILegendEntry[];
}

/** A colour and what it stands for. */
export interface ILegendEntry {
  id: string;
  name: string;
  colour: string;
}

/** The curves of some trials with the controls for how they are drawn; read only while they are on the screen. */
export function Curves(props: ICurvesProps): React.ReactElement {
  const { model } = props;
  const root = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const watcher = new IntersectionObserver(entries => {
      model.setVisible(entries.some(entry => entry.isIntersecting));
    });
    if (root.current) {
      watcher.observe(root.current);
    }
    return () => {
      watcher.disconnect();
      model.setVisible(false);
    };
  }, [model]);
  return (
    <div ref={root} className="jp-Labdeck-curves">
      <Content {...props} />
    </div>
  );
}

function Content(props: ICurvesProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  if (model.available.length === 0) {
    return <Empty text={trans.__('No metric has been logged yet.')} />;
  }
  return (
    <>
      <Controls {...props} />
      {props.legend && <Legend entries={props.legend} />}
      {model.charts.length === 0 ? (
        <Empty text={trans.__('Choose the metrics to show.')} />
      ) : (
        <div className="jp-Labdeck-curves-grid">
          {model.charts.map(chart => (
            <CurvesChart
              key={seriesId(chart.series)}
              chart={chart}
              model={model}
              trans={trans}
            />
          ))}
        </div>
      )}
    </>
  );
}

function Controls(props: ICurvesProps): React.ReactElement {
  const { model, trans } = props;
  return (
    <div
      className="jp-Labdeck-toolbar"
      role="toolbar"
      aria-label={trans.__('Curves')}
    >
      <Picker
        label={trans.__('Metrics')}
        choices={model.available.map(series => ({
          id: seriesId(series),
          label: seriesName(series)
        }))}
        chosen={model.chosen}
        onChange={ids => model.choose(ids)}
        trans={trans}
      />
      <AxisControl {...props} />
      <SmoothingControl {...props} />
      <label className="jp-Labdeck-control">
        <input
          type="checkbox"
          checked={model.options.log}
          onChange={event => model.setOptions({ log: event.target.checked })}
        />
        {trans.__('log y')}
      </label>
    </div>
  );
}

function Legend(props: {
  entries: readonly ILegendEntry[];
}): React.ReactElement {
  return (
    <ul className="jp-Labdeck-legend">
      {props.entries.map(({ id, name, colour }) => (
        <li key={id} title={name}>
          <Swatch colour={colour} />
          <span>{name}</span>
        </li>
      ))}
    </ul>
  );
}

function AxisControl(props: ICurvesProps): React.ReactElement {
  const { model, trans } = props;
  return (
    <label className="jp-Labdeck-control">
      {trans.__('x')}
      <HTMLSelect
        value={model.options.x}
        onChange={event =>
          model.setOptions({ x: event.target.value as ICurvesOptions['x'] })
        }
        options={[
          { value: 'step', label: trans.__('step') },
          { value: 'relative', label: trans.__('time since start') },
          { value: 'time', label: trans.__('time of day') }
        ]}
      />
    </label>
  );
}

function SmoothingControl(props: ICurvesProps): React.ReactElement {
  const { model, trans } = props;
  const { smoothing } = model.options;
  return (
    <label className="jp-Labdeck-control">
      {trans.__('smoothing')}
      <input
        type="range"
        min={0}
        max={0.99}
        step={0.01}
        value={smoothing}
        onChange={event =>
          model.setOptions({ smoothing: event.target.valueAsNumber })
        }
      />
      <output>{smoothing.toFixed(2)}</output>
    </label>
  );
}

function CurvesChart(props: {
  chart: ICurvesChart;
  model: CurvesModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { chart, model, trans } = props;
  const name = seriesName(chart.series);
  return (
    <section className="jp-Labdeck-curve" aria-label={name}>
      <h3 title={name}>{name}</h3>
      {chart.error && (
        <p className="jp-Labdeck-chart-note" role="alert">
          {describeError(chart.error, trans).message}{' '}
          <button
            type="button"
            className="jp-Labdeck-link"
            onClick={() => model.refresh()}
          >
            {trans.__('Retry')}
          </button>
        </p>
      )}
      {!(chart.error && !chart.figure) && (
        <Chart
          label={name}
          figure={chart.figure}
          view={model.view}
          empty={trans.__('No points yet.')}
          trans={trans}
        />
      )}
    </section>
  );
}
