/** The charts of a comparison, each with the choice of what it shows. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IFigure } from '#plotly';

import { Chart } from '../parts/Chart';
import { type ILegendEntry, Legend } from '../parts/Legend';
import { Empty, ErrorNote } from '../parts/Notes';
import { trialColour } from '../parts/palette';
import { useSignal } from '../parts/useSignal';
import { toKept, toText } from '../settings';
import {
  type ChartKind,
  type ChartsModel,
  LOG_AXES,
  type Role,
  ROLES
} from './chartsModel';
import { FieldChoice, FieldsChoice } from './fieldChoice';
import { ImportanceRows } from './importance';

interface IChartsProps {
  model: ChartsModel;
  kind: ChartKind;
  trans: TranslationBundle;
}

/** A chart with its choices; read only while it is mounted. */
export function Charts(props: IChartsProps): React.ReactElement {
  const { model, kind } = props;
  useSignal(model.changed);
  React.useEffect(() => {
    model.show(kind);
    return () => model.show(null);
  }, [model, kind]);
  return (
    <div className="jp-Labdeck-charts">
      <ChartControls {...props} />
      {kind === 'importance' ? (
        <ImportanceRows model={model} trans={props.trans} />
      ) : (
        <FigureFace {...props} />
      )}
    </div>
  );
}

/** What a role is called. */
function roleName(role: Role, trans: TranslationBundle): string {
  switch (role) {
    case 'x':
      return trans.__('x');
    case 'y':
      return trans.__('y');
    case 'z':
      return trans.__('height');
    case 'color':
      return trans.__('colour');
    case 'group':
      return trans.__('group by');
    case 'field':
      return trans.__('fields');
    case 'target':
      return trans.__('target');
  }
}

function ChartControls(props: IChartsProps): React.ReactElement {
  const { model, kind, trans } = props;
  const words = { logx: trans.__('log x'), logy: trans.__('log y') };
  return (
    <div
      className="jp-Labdeck-toolbar"
      role="toolbar"
      aria-label={trans.__('Chart')}
    >
      {ROLES[kind].map(item => {
        const { role, amount } = item;
        const shared = {
          label: roleName(role, trans),
          fields: model.fields.filter(f => f.numeric || !item.numeric),
          trans
        };
        const values = model.chosen(kind, role);
        return amount === 'many' ? (
          <FieldsChoice
            key={role}
            {...shared}
            values={values}
            onChange={texts => model.choose(kind, role, texts)}
          />
        ) : (
          <FieldChoice
            key={role}
            {...shared}
            value={values.length > 0 ? values[0] : null}
            isOptional={amount === 'optional'}
            onChange={text =>
              model.choose(kind, role, text === null ? [] : [text])
            }
          />
        );
      })}
      {LOG_AXES[kind].map(axis => (
        <label key={axis} className="jp-Labdeck-control">
          <input
            type="checkbox"
            checked={model.isLog(kind, axis)}
            onChange={event => model.setLog(kind, axis, event.target.checked)}
          />
          {words[axis]}
        </label>
      ))}
    </div>
  );
}

function FigureFace(props: IChartsProps): React.ReactElement {
  const { model, kind, trans } = props;
  const { answer, error, isLoading } = model.figure;
  const missing = ROLES[kind].filter(
    ({ role, amount }) =>
      amount !== 'optional' && model.chosen(kind, role).length === 0
  );
  if (model.facts.length === 0) {
    return <Empty text={trans.__('No trial is shown.')} />;
  }
  if (missing.length > 0) {
    return (
      <Empty
        text={trans.__(
          'Choose what to show: %1.',
          missing.map(({ role }) => roleName(role, trans)).join(', ')
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
          onRetry={() => model.figure.refresh()}
        />
      )}
      {!(error && !answer) && (
        <div
          className="jp-Labdeck-bigchart"
          data-kind={kind}
          aria-busy={isLoading}
        >
          <Chart
            label={chartLabel(kind, trans)}
            figure={answer}
            view={JSON.stringify(model.settings(kind))}
            empty={noticeOf(answer) ?? trans.__('There is nothing to draw.')}
            trans={trans}
          />
        </div>
      )}
      {kind === 'scatter' && model.chosen(kind, 'color').length === 0 && (
        <Legend entries={legendOf(model)} />
      )}
    </>
  );
}

function chartLabel(kind: ChartKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'scatter':
      return trans.__('Scatter chart');
    case 'box':
      return trans.__('Box chart');
    case 'bar':
      return trans.__('Bar chart');
    case 'contour':
      return trans.__('Contour chart');
    case 'parallel':
      return trans.__('Parallel coordinates');
    case 'importance':
      return trans.__('Importance');
  }
}

/** Why a figure is empty, in the server's words. */
function noticeOf(figure: IFigure | null): string | null {
  return toText(toKept(toKept(figure?.layout).meta).notice);
}

function legendOf(model: ChartsModel): ILegendEntry[] {
  return model.facts.map(({ trial }) => ({
    id: trial.id,
    name: trial.name,
    colour: trialColour(trial.number)
  }));
}
