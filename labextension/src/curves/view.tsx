import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Chart } from '../parts/Chart';
import { type ILegendEntry, Legend } from '../parts/Legend';
import { describeError, Empty } from '../parts/Notes';
import { Picker } from '../parts/Picker';
import { useSignal } from '../parts/useSignal';
import { seriesId, seriesName, SYSTEM } from '../readings';
import { toKept, toText } from '../settings';
import type { CurvesModel, ICurvesChart, ICurvesOptions } from './model';

interface ICurvesProps {
  model: CurvesModel;
  trans: TranslationBundle;
  /** Which colour stands for what, where nothing else on the page says so. */
  legend?: readonly ILegendEntry[];
  /** By what the trials can be grouped. */
  groups?: readonly ICurvesGroup[];
}

/** A field that trials may share a value of. */
export interface ICurvesGroup {
  text: string;
  label: string;
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
  // The colours of groups are nowhere else on the page.
  const legend =
    model.options.group.length > 0 ? groupLegend(model.charts) : props.legend;
  if (model.available.length === 0) {
    return <Empty text={trans.__('No metric has been logged yet.')} />;
  }
  return (
    <>
      <Controls {...props} />
      {legend && <Legend entries={legend} />}
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
      <Flag
        label={trans.__('log x')}
        value={model.options.logx}
        onChange={logx => model.setOptions({ logx })}
      />
      <Flag
        label={trans.__('log y')}
        value={model.options.log}
        onChange={log => model.setOptions({ log })}
      />
      <Flag
        label={trans.__('clip outliers')}
        title={trans.__('Leave outliers out of the range of the y axis')}
        value={model.options.clip}
        onChange={clip => model.setOptions({ clip })}
      />
      {model.isOfOne && (
        <Flag
          label={trans.__('findings')}
          title={trans.__('Mark where rules found something')}
          value={model.options.findings}
          onChange={findings => model.setOptions({ findings })}
        />
      )}
      <GroupControl {...props} />
      <SystemControl {...props} />
    </div>
  );
}

/** The groups that the server has drawn, with their colours. */
function groupLegend(charts: readonly ICurvesChart[]): ILegendEntry[] {
  const found = new Map<string, ILegendEntry>();
  for (const trace of charts.flatMap(chart => chart.figure?.data ?? [])) {
    const name = toText(toKept(trace.meta).group);
    const colour = toText(toKept(trace.line).color);
    if (name !== null && colour !== null) {
      found.set(name, { id: name, name, colour });
    }
  }
  return [...found.values()];
}

function GroupControl(props: ICurvesProps): React.ReactElement | null {
  const { model, groups, trans } = props;
  if (!groups) {
    return null;
  }
  const [group = ''] = model.options.group;
  return (
    <label className="jp-Labdeck-control">
      {trans.__('group by')}
      <HTMLSelect
        value={group}
        onChange={event =>
          model.setOptions({
            group: event.target.value ? [event.target.value] : []
          })
        }
        options={[
          { value: '', label: trans.__('none') },
          ...groups.map(({ text, label }) => ({ value: text, label }))
        ]}
      />
    </label>
  );
}

/** Whether the measurements of the machines are shown among the metrics. */
function SystemControl(props: ICurvesProps): React.ReactElement | null {
  const { model, trans } = props;
  const system = model.available.filter(s => s.component === SYSTEM);
  return system.length === 0 || !props.groups ? null : (
    <Flag
      label={trans.__('system')}
      title={trans.__('Show what was measured of the machines')}
      value={system.every(series => model.chosen.has(seriesId(series)))}
      onChange={shown => model.showSystem(shown)}
    />
  );
}

function Flag(props: {
  label: string;
  title?: string;
  value: boolean;
  onChange: (value: boolean) => void;
}): React.ReactElement {
  return (
    <label className="jp-Labdeck-control" title={props.title}>
      <input
        type="checkbox"
        checked={props.value}
        onChange={event => props.onChange(event.target.checked)}
      />
      {props.label}
    </label>
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
