// @vitest-environment jsdom
import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, render, screen, waitFor } from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { IFigure, IPlotly } from '#plotly';

import { Chart, hasPoints } from '../../../labextension/src/parts/Chart';
import { themedLayout } from '../../../labextension/src/parts/chartTheme';

const trans = nullTranslator.load('labdeck');
const FIGURE: IFigure = { data: [{ y: [1, 2] }], layout: {} };

/** Plotly without a screen: it keeps what it was told to draw. */
class Recorder implements IPlotly {
  readonly drawn: { layout: Record<string, unknown>; data: unknown }[] = [];
  readonly listeners: [string, (detail: unknown) => void][] = [];
  purged = 0;
  readonly Plots = { resize: (): Promise<void> => Promise.resolve() };

  react(
    root: HTMLElement,
    data: IFigure['data'],
    layout: IFigure['layout'] = {}
  ): ReturnType<IPlotly['react']> {
    this.drawn.push({ layout, data });
    const on = (event: string, listener: (detail: unknown) => void): void => {
      this.listeners.push([event, listener]);
    };
    const element = Object.assign(root, { on });
    return Promise.resolve(element as Awaited<ReturnType<IPlotly['react']>>);
  }
  newPlot = this.react.bind(this);
  relayout = (root: HTMLElement): ReturnType<IPlotly['react']> =>
    this.react(root, []);
  restyle = this.relayout;
  purge(): void {
    this.purged++;
  }
}

describe('a chart', () => {
  let plotly: Recorder;

  beforeEach(() => {
    plotly = new Recorder();
    // jsdom lays nothing out: say that there is room
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(400);
    window.ResizeObserver = class {
      observe(): void {
        return;
      }
      unobserve(): void {
        return;
      }
      disconnect(): void {
        return;
      }
    };
  });

  afterEach(() => {
    cleanup();
    vi.restoreAllMocks();
    document.body.removeAttribute('data-jp-theme-name');
    document.body.removeAttribute('style');
  });

  const load = (): Promise<IPlotly> => Promise.resolve(plotly);
  const chart = (
    figure: IFigure | null,
    more: Partial<React.ComponentProps<typeof Chart>> = {}
  ): React.ReactElement => (
    <Chart
      label="loss"
      figure={figure}
      view="step"
      empty="No points yet."
      trans={trans}
      load={load}
      {...more}
    />
  );

  it('draws a figure once plotly is there, and takes it out at the end', async () => {
    const { unmount } = render(chart(FIGURE));
    await waitFor(() => expect(plotly.drawn).toHaveLength(1));
    expect(plotly.drawn[0].data).toBe(FIGURE.data);
    unmount();
    expect(plotly.purged).toBe(1);
  });

  it('keeps the zoom from figure to figure', async () => {
    const { rerender } = render(chart(FIGURE));
    await waitFor(() => expect(plotly.drawn).toHaveLength(1));
    rerender(chart({ ...FIGURE }));
    expect(plotly.drawn).toHaveLength(2);
    const revisions = plotly.drawn.map(d => d.layout.uirevision);
    expect(revisions[0]).toBe(revisions[1]);
  });

  it('takes on the colours of a new theme', async () => {
    document.body.style.setProperty('--jp-ui-font-color1', 'black');
    render(chart(FIGURE));
    await waitFor(() => expect(plotly.drawn).toHaveLength(1));
    document.body.style.setProperty('--jp-ui-font-color1', 'white');
    document.body.dataset.jpThemeName = 'dark';
    await waitFor(() => expect(plotly.drawn).toHaveLength(2));
    const colour = (n: number): unknown =>
      (plotly.drawn[n].layout.font as { color: string }).color;
    expect([colour(0), colour(1)]).toEqual(['black', 'white']);
  });

  it('tells where the reader clicked, to whoever listens now', async () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const { rerender } = render(chart(FIGURE, { onClick: first }));
    await waitFor(() => expect(plotly.listeners).toHaveLength(1));
    const [[event, click]] = plotly.listeners;
    expect(event).toBe('plotly_click');
    const place = { x: 3, y: 'loss', customdata: [3, 4] };
    click({ points: [{ ...place, pointNumber: 3 }] });
    expect(first).toHaveBeenCalledWith(place);
    rerender(chart({ ...FIGURE }, { onClick: second }));
    click({ points: [place] });
    click({ points: [] });
    click({});
    expect([first, second].map(each => each.mock.calls.length)).toEqual([1, 1]);
    expect(plotly.listeners).toHaveLength(1);
  });

  it('waits while the reader drags in it', async () => {
    const { rerender, container } = render(chart(FIGURE));
    await waitFor(() => expect(plotly.drawn).toHaveLength(1));
    const plot = container.querySelector('.jp-Labdeck-chart-plot')!;
    plot.dispatchEvent(new Event('pointerdown', { bubbles: true }));
    rerender(chart({ ...FIGURE }));
    expect(plotly.drawn).toHaveLength(1);
    window.dispatchEvent(new Event('pointerup'));
    expect(plotly.drawn).toHaveLength(2);
  });

  it('says when there is nothing to draw', () => {
    render(chart({ data: [{ y: [] }] }));
    expect(screen.getByText('No points yet.')).toBeTruthy();
  });

  it('says why a figure is empty if the figure knows', () => {
    render(chart({ data: [], layout: { meta: { notice: 'x is text' } } }));
    expect(screen.getByText('x is text')).toBeTruthy();
    expect(screen.queryByText('No points yet.')).toBeNull();
  });

  it('says when a figure needs WebGL and there is none', async () => {
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
    const lines = { type: 'parcoords', dimensions: [{ values: [1] }] };
    const { rerender } = render(chart({ data: [lines] }));
    expect(screen.getByRole('alert').textContent).toContain('WebGL');
    rerender(chart(FIGURE));
    await waitFor(() => expect(plotly.drawn).toHaveLength(1));
    expect(plotly.drawn[0].data).toBe(FIGURE.data);
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('leaves room above a figure that asks for it', () => {
    const theme = {
      background: 'b',
      text: 't',
      faint: 'f',
      line: 'l',
      grid: 'g',
      font: 'x',
      size: 11
    };
    const top = (margin: object | undefined): unknown =>
      (themedLayout({ margin }, theme, 'v').margin as { t: number }).t;
    expect([top(undefined), top({ t: 16 }), top({ t: 96 })]).toEqual([
      8, 8, 88
    ]);
  });

  it('says when its code cannot be loaded, and tries again', async () => {
    const fail = vi
      .fn<() => Promise<IPlotly>>()
      .mockRejectedValueOnce(new Error('offline'))
      .mockResolvedValue(plotly);
    render(chart(FIGURE, { load: fail }));
    await screen.findByRole('alert');
    screen.getByRole('button', { name: 'Retry' }).click();
    await waitFor(() => expect(plotly.drawn).toHaveLength(1));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('has points as lists and as typed arrays', () => {
    expect(hasPoints({ data: [] })).toBe(false);
    expect(hasPoints({ data: [{ y: [] }, { y: [1] }] })).toBe(true);
    expect(hasPoints({ data: [{ y: { dtype: 'f8', bdata: 'AA==' } }] })).toBe(
      true
    );
    expect(hasPoints({ data: [{ y: { dtype: 'f8', bdata: '' } }] })).toBe(
      false
    );
  });

  it('colours every axis a figure has and keeps what else it says', () => {
    const theme = {
      background: 'b',
      text: 't',
      faint: 'f',
      line: 'l',
      grid: 'g',
      font: 'serif',
      size: 11
    };
    const layout = themedLayout(
      { xaxis: { type: 'log' }, yaxis2: {}, width: 700 },
      theme,
      'view'
    );
    expect(layout.xaxis).toMatchObject({ type: 'log', gridcolor: 'g' });
    expect(layout.yaxis2).toMatchObject({ color: 'f' });
    expect(layout.width).toBeUndefined();
  });
});
