import type { IFigure, IPlotElement, IPlotly } from '#plotly';

import { readTheme, themedLayout } from './chartTheme';

const CONFIG = {
  displaylogo: false,
  responsive: false,
  modeBarButtonsToRemove: ['select2d', 'lasso2d', 'toImage']
};

/** Where in a figure the reader clicked: the place on the axes, and what the figure keeps there. */
export interface IClicked {
  x: unknown;
  y: unknown;
  customdata: unknown;
}

/**
 * One figure in one element: drawn when the element has a size, again when its size, the theme or the figure changes,
 * and never while the reader drags in it.
 */
export class Drawing {
  constructor(root: HTMLElement, plotly: IPlotly) {
    this.#root = root;
    this.#plotly = plotly;
    this.#sizes = new ResizeObserver(() => this.#onResize());
    this.#sizes.observe(root);
    // JupyterLab names the theme on the body once the theme's style sheet has arrived; it hides the whole page then,
    // until the next frame, too briefly for a change of size to be told.
    this.#themes = new MutationObserver(() => {
      requestAnimationFrame(() => this.#redraw());
    });
    this.#themes.observe(document.body, {
      attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light']
    });
    root.addEventListener('pointerdown', this.#onPointerDown);
    window.addEventListener('pointerup', this.#onPointerUp);
    window.addEventListener('pointercancel', this.#onPointerUp);
  }

  /** Told where the reader clicked into the figure. */
  onClick: ((place: IClicked) => void) | null = null;

  /** Show a figure; zoom is kept while `view` stays the same. */
  show(figure: IFigure, view: string): void {
    this.#figure = figure;
    this.#view = view;
    this.#redraw();
  }

  /** Take the figure out of the element. */
  dispose(): void {
    this.#sizes.disconnect();
    this.#themes.disconnect();
    this.#root.removeEventListener('pointerdown', this.#onPointerDown);
    window.removeEventListener('pointerup', this.#onPointerUp);
    window.removeEventListener('pointercancel', this.#onPointerUp);
    this.#plotly.purge(this.#root);
    this.#figure = null;
  }

  #redraw(): void {
    const root = this.#root;
    const figure = this.#figure;
    if (!figure || this.#held || root.clientWidth === 0) {
      this.#late = figure !== null;
      return;
    }
    this.#late = false;
    this.#drawn = true;
    const layout = themedLayout(
      figure.layout ?? {},
      readTheme(root),
      this.#view
    );
    void this.#plotly
      .react(root, figure.data, layout, CONFIG)
      .then(element => this.#listen(element));
  }

  #listen(element: IPlotElement): void {
    if (!this.#listens && this.#figure) {
      this.#listens = true;
      element.on('plotly_click', detail => this.#onClicked(detail));
    }
  }

  #onClicked(detail: unknown): void {
    const point = (detail as { points?: readonly IClicked[] }).points?.at(0);
    if (point && this.onClick) {
      const { x, y, customdata } = point;
      this.onClick({ x, y, customdata });
    }
  }

  #onResize(): void {
    if (this.#late || !this.#drawn) {
      this.#redraw();
    } else if (this.#root.clientWidth > 0) {
      void this.#plotly.Plots.resize(this.#root);
    }
  }

  readonly #onPointerDown = (): void => {
    this.#held = true;
  };

  readonly #onPointerUp = (): void => {
    this.#held = false;
    if (this.#late) {
      this.#redraw();
    }
  };

  #figure: IFigure | null = null;
  #view = '';
  #held = false;
  #late = false;
  #drawn = false;
  #listens = false;
  readonly #sizes: ResizeObserver;
  readonly #themes: MutationObserver;
  readonly #root: HTMLElement;
  readonly #plotly: IPlotly;
}
