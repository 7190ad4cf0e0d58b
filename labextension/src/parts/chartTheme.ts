import type { IFigure } from '#plotly';

type Layout = NonNullable<IFigure['layout']>;

/** The colours and the font of a chart, as CSS values. */
export interface IChartTheme {
  background: string;
  text: string;
  faint: string;
  line: string;
  grid: string;
  font: string;
  size: number;
}

/** Read the theme that holds at an element from JupyterLab's CSS variables. */
export function readTheme(element: Element): IChartTheme {
  const style = getComputedStyle(element);
  const read = (name: string, otherwise: string): string =>
    style.getPropertyValue(name).trim() || otherwise;
  return {
    background: read('--jp-layout-color1', 'white'),
    text: read('--jp-ui-font-color1', 'black'),
    faint: read('--jp-ui-font-color2', 'dimgray'),
    line: read('--jp-border-color1', 'silver'),
    grid: read('--jp-border-color2', 'gainsboro'),
    font: read('--jp-ui-font-family', 'sans-serif'),
    size: parseFloat(read('--jp-ui-font-size0', '11')) || 11
  };
}

/**
 * Return a figure's layout in the colours of a theme.
 *
 * @param view - While it stays the same, a redraw keeps what the reader zoomed to.
 */
export function themedLayout(
  layout: Layout,
  theme: IChartTheme,
  view: string
): Layout {
  const result: Record<string, unknown> = {
    ...layout,
    autosize: true,
    width: undefined,
    height: undefined,
    uirevision: view,
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: {
      ...record(layout.font),
      family: theme.font,
      size: theme.size,
      color: theme.text
    },
    // Mostly the page around the charts says once which colour is which.
    showlegend: record(layout.meta).legend === true,
    margin: { ...record(layout.margin), t: topOf(layout.margin), b: 40 },
    modebar: {
      bgcolor: 'rgba(0,0,0,0)',
      color: theme.faint,
      activecolor: theme.text
    },
    hoverlabel: {
      ...record(layout.hoverlabel),
      bgcolor: theme.background,
      bordercolor: theme.line,
      font: { family: theme.font, size: theme.size, color: theme.text }
    }
  };
  for (const name of axisNames(layout)) {
    result[name] = themedAxis(record(layout[name]), theme);
  }
  return result;
}

/** The room above a figure: little, but what it asks for where something stands there. */
function topOf(margin: unknown): number {
  const { t } = record(margin);
  return typeof t === 'number' ? Math.max(8, t - 8) : 8;
}

function themedAxis(
  axis: Record<string, unknown>,
  theme: IChartTheme
): Record<string, unknown> {
  const title = record(axis.title);
  return {
    ...axis,
    title: { ...title, font: { color: theme.faint, size: theme.size } },
    color: theme.faint,
    gridcolor: theme.grid,
    linecolor: theme.line,
    zerolinecolor: theme.grid
  };
}

/** The axes a layout names, and the two that every cartesian figure has. */
function axisNames(layout: Layout): Set<string> {
  const named = Object.keys(layout).filter(key => /^[xy]axis[0-9]*$/.test(key));
  return new Set(['xaxis', 'yaxis', ...named]);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
