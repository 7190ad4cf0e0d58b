import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IFigure, IPlotly } from '#plotly';

import { Drawing, type IClicked } from './drawing';

/** What a chart needs from whoever shows it. */
export interface IChartProps {
  /** What the chart shows, for screen readers. */
  label: string;
  /** The figure as the server draws it; null while there is none yet. */
  figure: IFigure | null;
  /** A redraw keeps what the reader zoomed to while this stays the same. */
  view: string;
  /** What to say where the figure has no points. */
  empty: string;
  trans: TranslationBundle;
  onClick?: (place: IClicked) => void;
  /** Where plotly comes from. */
  load?: () => Promise<IPlotly>;
}

/** A plotly figure in JupyterLab's colours. Plotly is fetched when the first chart is shown. */
export function Chart(props: IChartProps): React.ReactElement {
  const { figure, label, view, trans } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const { drawing, failed, retry } = useDrawing(host, props.load ?? loadPlotly);
  const blank = figure !== null && !hasPoints(figure);
  const flat = figure !== null && needsWebGL(figure) && !hasWebGL();

  React.useEffect(() => {
    if (drawing && figure && !flat) {
      drawing.show(figure, view);
    }
  }, [drawing, figure, flat, view]);
  useClicks(drawing, props.onClick);

  return (
    <div className="jp-Labdeck-chart" role="figure" aria-label={label}>
      <div
        ref={host}
        className="jp-Labdeck-chart-plot"
        hidden={blank || flat}
      />
      {blank && (
        <p className="jp-Labdeck-chart-note">
          {noticeOf(figure) ?? props.empty}
        </p>
      )}
      {flat && !blank && (
        <p className="jp-Labdeck-chart-note" role="alert">
          {trans.__(
            'This chart needs WebGL, which this browser does not offer. Turn on its hardware acceleration, or use another browser.'
          )}
        </p>
      )}
      {failed && (
        <p className="jp-Labdeck-chart-note" role="alert">
          {trans.__('The chart code could not be loaded.')}{' '}
          <button type="button" className="jp-Labdeck-link" onClick={retry}>
            {trans.__('Retry')}
          </button>
        </p>
      )}
      {!failed && (figure === null || !drawing) && (
        <div className="jp-Labdeck-chart-wait" aria-hidden="true" />
      )}
    </div>
  );
}

/** Tell of clicks into the figure. */
function useClicks(
  drawing: Drawing | null,
  onClick: IChartProps['onClick']
): void {
  React.useEffect(() => {
    if (drawing) {
      drawing.onClick = onClick ?? null;
    }
  }, [drawing, onClick]);
}

/** Return whether any trace of a figure has something to show. */
export function hasPoints(figure: IFigure): boolean {
  return figure.data.some(trace => {
    const values = trace.y ?? trace.z ?? trace.x ?? trace.dimensions;
    if (Array.isArray(values)) {
      return values.length > 0;
    }
    // Typed arrays come as {dtype, bdata}.
    return isRecord(values) && values.bdata !== '';
  });
}

/** Return what a figure without points says in place of them. */
function noticeOf(figure: IFigure): string | null {
  const meta = figure.layout?.meta;
  return isRecord(meta) && typeof meta.notice === 'string' ? meta.notice : null;
}

/** Return whether plotly draws a figure on the graphics card. */
function needsWebGL(figure: IFigure): boolean {
  return figure.data.some(trace => trace.type === 'parcoords');
}

let webGL: boolean | null = null;

/** Return whether this browser offers WebGL; asked once, for browsers allow few contexts at a time. */
function hasWebGL(): boolean {
  webGL ??= document.createElement('canvas').getContext('webgl') !== null;
  return webGL;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

async function loadPlotly(): Promise<IPlotly> {
  const { default: plotly } = await import(
    /* webpackChunkName: "plotly" */ '#plotly'
  );
  return plotly;
}

interface IDrawingState {
  drawing: Drawing | null;
  failed: boolean;
  retry: () => void;
}

/** Load plotly and keep a drawing in an element for as long as it is mounted. */
function useDrawing(
  host: React.RefObject<HTMLDivElement>,
  load: () => Promise<IPlotly>
): IDrawingState {
  const [drawing, setDrawing] = React.useState<Drawing | null>(null);
  const [failed, setFailed] = React.useState(false);
  const [attempt, setAttempt] = React.useState(0);

  React.useEffect(() => {
    let made: Drawing | null = null;
    let gone = false;
    setFailed(false);
    load().then(
      plotly => {
        if (!gone && host.current) {
          made = new Drawing(host.current, plotly);
          setDrawing(made);
        }
      },
      () => {
        if (!gone) {
          setFailed(true);
        }
      }
    );
    return () => {
      gone = true;
      made?.dispose();
      setDrawing(null);
    };
  }, [attempt, host, load]);

  return { drawing, failed, retry: () => setAttempt(attempt + 1) };
}
