/**
 * Plotly.js 3.7, our own bundle: scatter, bar, box, contour, heatmap, histogram, parcoords
 * (labextension/scripts/plotly_entry.js).
 *
 * It weighs more than the rest of the extension together, so load it on first use, as a chunk of its own
 * (write the comment `webpackChunkName: "plotly"` in front of the specifier, as Rspack reads it):
 *
 *     const { default: Plotly } = await import('#plotly');
 *
 * `#plotly` is the entry of that name under "imports" in package.json and works from any folder.
 */

/** A figure as plotly.py's `to_plotly_json` sends it; only plotly looks inside. */
export interface IFigure {
  data: readonly Readonly<Record<string, unknown>>[];
  layout?: Readonly<Record<string, unknown>>;
}

/** The element after plotly has drawn into it. */
export interface IPlotElement extends HTMLElement {
  on(event: string, listener: (detail: unknown) => void): void;
  removeAllListeners(event: string): void;
}

type Data = IFigure['data'];
type Layout = NonNullable<IFigure['layout']>;
type Config = Readonly<Record<string, unknown>>;

/** The functions of plotly.js that the shell calls. */
export interface IPlotly {
  /** Draw into an empty element. */
  newPlot(
    root: HTMLElement,
    data: Data,
    layout?: Layout,
    config?: Config
  ): Promise<IPlotElement>;
  /** Draw again, keeping what the reader zoomed to where `layout.uirevision` is unchanged. */
  react(
    root: HTMLElement,
    data: Data,
    layout?: Layout,
    config?: Config
  ): Promise<IPlotElement>;
  /** Change the layout alone. */
  relayout(root: HTMLElement, update: Layout): Promise<IPlotElement>;
  /** Change traces alone. */
  restyle(
    root: HTMLElement,
    update: Layout,
    traces?: number | readonly number[]
  ): Promise<IPlotElement>;
  /** Take everything out of the element and free it. */
  purge(root: HTMLElement): void;
  Plots: {
    /** Fit the drawing to its element. */
    resize(root: HTMLElement): Promise<void>;
  };
}

declare const Plotly: IPlotly;
export default Plotly;
