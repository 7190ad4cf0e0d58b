import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IFigure } from '#plotly';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import { type ISeries, seriesId, seriesOf, SYSTEM } from '../readings';
import { Refresher } from '../refresher';
import { type Kept, toChoice, toFlag, toNumber, toTexts } from '../settings';
import type {
  AnyEvent,
  ICurvesRequest,
  ILabdeckClient,
  ISeriesKey
} from '../tokens';
import type { MetricSummary } from '../wire';

/** How often running trials are read anew, in milliseconds. */
const INTERVAL = 500;
/** How many charts are shown before the reader chooses. */
const FIRST_CHARTS = 4;
/** Points in one chart, all its curves together. */
const POINTS = 20_000;

/** How all charts of a panel are drawn. */
export interface ICurvesOptions {
  x: ICurvesRequest['x'];
  smoothing: number;
  log: boolean;
  logx: boolean;
  /** Leave outliers out of the range of the y axis. */
  clip: boolean;
  /** Mark where rules found something in a trial; has no effect on several. */
  findings: boolean;
  /** Fields; trials that share their values are drawn as one curve with a band. */
  group: readonly string[];
}

const FIRST: ICurvesOptions = {
  x: 'step',
  smoothing: 0,
  log: false,
  logx: false,
  clip: false,
  findings: true,
  group: []
};

/** One chart: a metric of every trial. */
export interface ICurvesChart {
  series: ISeriesKey;
  /** The latest figure; null before the first answer. */
  figure: IFigure | null;
  /** Why the figure is missing or out of date. */
  error: LabdeckError | null;
}

/** The curves of some trials, one chart a metric, read anew while the trials run. */
export class CurvesModel implements IDisposable {
  constructor(client: ILabdeckClient) {
    this.#client = client;
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  get options(): ICurvesOptions {
    return this.#options;
  }

  /** The series that can be shown. */
  get available(): readonly ISeries[] {
    return this.#available;
  }

  /** The ids of the series that are shown. */
  get chosen(): ReadonlySet<string> {
    return this.#chosen ?? this.#firstChoice();
  }

  /** The charts in the order of the available series. */
  get charts(): readonly ICurvesChart[] {
    return this.#charts;
  }

  /** Whether the curves are of a single trial, whose findings can be marked. */
  get isOfOne(): boolean {
    return this.#trials.length === 1 && this.#options.group.length === 0;
  }

  /** While this stays the same, a redraw keeps the reader's zoom. */
  get view(): string {
    const { smoothing: _, findings: _findings, ...range } = this.#options;
    return JSON.stringify(range);
  }

  /** Whether the first answer is still to come. */
  get isLoading(): boolean {
    return this.#charts.some(chart => !chart.figure && !chart.error);
  }

  /** Say which trials are compared and which series they have. */
  setTrials(trials: readonly string[], series: readonly ISeries[]): void {
    const before = JSON.stringify([this.#trials, this.#available]);
    if (before === JSON.stringify([trials, series])) {
      return;
    }
    this.#trials = [...trials];
    this.#available = [...series];
    this.#arrange();
  }

  /** Change how the charts are drawn. */
  setOptions(options: Partial<ICurvesOptions>): void {
    this.#options = { ...this.#options, ...options };
    this.#changed.emit();
    this.refresh();
  }

  /** Choose which series are shown; null leaves the choice to the model. */
  choose(ids: ReadonlySet<string> | null): void {
    this.#chosen = ids;
    this.#arrange();
  }

  /** Show the measurements of the machines, or leave them out. */
  showSystem(shown: boolean): void {
    const chosen = new Set(this.chosen);
    for (const series of this.#available) {
      if (series.component === SYSTEM && shown) {
        chosen.add(seriesId(series));
      } else if (series.component === SYSTEM) {
        chosen.delete(seriesId(series));
      }
    }
    this.choose(chosen);
  }

  /** What the reader chose, as JSON. */
  keep(): Kept {
    return { ...this.#options, chosen: this.#chosen && [...this.#chosen] };
  }

  /** Take over what was kept; what does not fit is as it is at first. */
  restore(kept: Kept): void {
    const chosen = toTexts(kept.chosen);
    this.#options = {
      x: toChoice(kept.x, ['step', 'time', 'relative'], FIRST.x),
      smoothing: toNumber(kept.smoothing, 0, 0.99, FIRST.smoothing),
      log: toFlag(kept.log, FIRST.log),
      logx: toFlag(kept.logx, FIRST.logx),
      clip: toFlag(kept.clip, FIRST.clip),
      findings: toFlag(kept.findings, FIRST.findings),
      group: toTexts(kept.group) ?? FIRST.group
    };
    this.choose(chosen && new Set(chosen));
  }

  /** Say whether anybody looks; nothing is read while nobody does. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible && this.#outdated) {
      this.#refresher.request();
    }
  }

  /** Read all charts anew. */
  refresh(): void {
    this.#outdated = true;
    if (this.#visible) {
      this.#refresher.request();
    }
  }

  dispose(): void {
    this.#refresher.dispose();
    Signal.clearData(this);
  }

  #onStale(): void {
    this.refresh();
  }

  #firstChoice(): ReadonlySet<string> {
    const own = this.#available.filter(s => s.component !== SYSTEM);
    const curves = own.filter(series => series.isCurve);
    const best = curves.length > 0 ? curves : own;
    return new Set(best.slice(0, FIRST_CHARTS).map(seriesId));
  }

  #arrange(): void {
    const chosen = this.chosen;
    const known = new Map(this.#charts.map(c => [seriesId(c.series), c]));
    this.#charts = this.#available
      .filter(series => chosen.has(seriesId(series)))
      .map(
        series =>
          known.get(seriesId(series)) ?? { series, figure: null, error: null }
      );
    this.#changed.emit();
    this.refresh();
  }

  async #read(): Promise<void> {
    this.#outdated = false;
    const trials = this.#trials;
    if (trials.length === 0) {
      return;
    }
    const answers = await Promise.all(
      this.#charts.map(chart => this.#readChart(chart, trials))
    );
    if (this.isDisposed) {
      return;
    }
    // Charts may have come and gone meanwhile: keep their order, take over what was read.
    const byId = new Map(answers.map(chart => [seriesId(chart.series), chart]));
    this.#charts = this.#charts.map(
      chart => byId.get(seriesId(chart.series)) ?? chart
    );
    this.#changed.emit();
  }

  async #readChart(
    chart: ICurvesChart,
    trials: readonly string[]
  ): Promise<ICurvesChart> {
    const points = Math.floor(POINTS / trials.length);
    try {
      const figure = await this.#client.curves({
        trials,
        series: [chart.series],
        ...this.#options,
        findings: this.#options.findings && this.isOfOne,
        points: Math.min(1000, Math.max(100, points))
      });
      return { series: chart.series, figure: untitled(figure), error: null };
    } catch (reason) {
      return { ...chart, error: toLabdeckError(reason) };
    }
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    const trials = new Set(this.#trials);
    const grown = events.some(
      event =>
        (event.event === 'metrics-advanced' &&
          trials.has(event.trial_id) &&
          (event.truncated || event.metrics.some(m => this.#shows(m)))) ||
        (event.event === 'finding-changed' &&
          this.#options.findings &&
          this.isOfOne &&
          trials.has(event.finding.trial_id))
    );
    if (grown) {
      this.refresh();
    }
  }

  #shows(metric: MetricSummary): boolean {
    return this.chosen.has(seriesId(seriesOf(metric)));
  }

  #trials: readonly string[] = [];
  #visible = false;
  #outdated = false;
  #options = FIRST;
  #available: readonly ISeries[] = [];
  #chosen: ReadonlySet<string> | null = null;
  #charts: readonly ICurvesChart[] = [];
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#read(), INTERVAL);
  readonly #client: ILabdeckClient;
}

/** Return a figure without the title of its y axis, for the heading above the chart names the metric. */
function untitled(figure: IFigure): IFigure {
  const yaxis = { ...(figure.layout?.yaxis as object | undefined), title: '' };
  return { ...figure, layout: { ...figure.layout, yaxis } };
}
