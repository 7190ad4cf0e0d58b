/** The client: one method a route, and the stream of events. */
import type { IFigure } from '#plotly';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type {
  AnyEvent,
  ICurvesRequest,
  IFindingsRequest,
  IFigureRequest,
  ILabdeckClient,
  ILineageRequest,
  INetworkRequest,
  IOutputRequest,
  ISearchRequest,
  ISeriesKey,
  IShownTrials,
  ITensorFigureRequest,
  ReportKind,
  StoreState,
  UserCommand
} from '../tokens';
import type {
  CodeDifference,
  CommandResult,
  Comparison,
  DebuggerDetail,
  EnvironmentDifference,
  ExperimentList,
  FindingPage,
  LineageGraph,
  Importance,
  Network,
  OutputPage,
  RecordedStep,
  ReportProgress,
  SearchPage,
  Status,
  StepValues,
  Suggestions,
  TablePreview,
  TensorList,
  TrialDetail,
  TrialPage,
  ViewList
} from '../wire';
import type { LabdeckError } from './errors';
import { request, requestBlob } from './request';
import { EventStream } from './stream';
import type { ITransport } from './transport';

/** Talks to the server extension over one transport. */
export class LabdeckClient implements ILabdeckClient, IDisposable {
  /** Connects at once. */
  constructor(transport: ITransport) {
    this.#transport = transport;
    this.#stream = new EventStream({
      status: () => this.status(),
      socket: path => transport.socket(path)
    });
    this.#stream.stateChanged.connect(this.#onState, this);
    this.#stream.events.connect(this.#onEvents, this);
    this.#stream.stale.connect(this.#onStale, this);
    this.#stream.reconnect();
  }

  get state(): StoreState {
    return this.#stream.state;
  }

  get problem(): LabdeckError | null {
    return this.#stream.problem;
  }

  get stateChanged(): ISignal<ILabdeckClient, StoreState> {
    return this.#stateChanged;
  }

  get events(): ISignal<ILabdeckClient, readonly AnyEvent[]> {
    return this.#events;
  }

  get stale(): ISignal<ILabdeckClient, void> {
    return this.#stale;
  }

  get isDisposed(): boolean {
    return this.#stream.isDisposed;
  }

  reconnect(): void {
    this.#stream.reconnect();
  }

  status(): Promise<Status> {
    return request(this.#transport, 'status');
  }

  experiments(): Promise<ExperimentList> {
    return request(this.#transport, 'experiments');
  }

  trials(
    experiment: string,
    offset: number,
    limit: number,
    shown?: IShownTrials
  ): Promise<TrialPage> {
    const query = new URLSearchParams({
      offset: String(offset),
      limit: String(limit)
    });
    if (shown) {
      query.set('archived', shown.archived ? '1' : '0');
      query.set('roots', shown.roots ? '1' : '0');
    }
    return request(
      this.#transport,
      `experiments/${encodeURIComponent(experiment)}/trials?${query}`
    );
  }

  search(wanted: ISearchRequest): Promise<SearchPage> {
    const query = new URLSearchParams({ q: wanted.query });
    for (const name of ['experiment', 'sort', 'offset', 'limit'] as const) {
      const value = wanted[name];
      if (value !== undefined) {
        query.set(name, String(value));
      }
    }
    query.set('archived', wanted.archived ? '1' : '0');
    return request(this.#transport, `search?${query}`);
  }

  async complete(text: string, at: number): Promise<Suggestions> {
    // Places are counted in characters on the wire, in UTF-16 units in the browser.
    const characters = Array.from(text);
    const place = Array.from(text.slice(0, at)).length;
    const query = new URLSearchParams({ q: text, at: String(place) });
    const found = await request<Suggestions>(
      this.#transport,
      `search/complete?${query}`
    );
    const back = (count: number): number =>
      characters.slice(0, count).join('').length;
    return { ...found, start: back(found.start), end: back(found.end) };
  }

  trial(id: string): Promise<TrialDetail> {
    return request(this.#transport, `trials/${encodeURIComponent(id)}`);
  }

  comparison(trials: readonly string[]): Promise<Comparison> {
    const query = new URLSearchParams(trials.map(id => ['trial', id]));
    return request(this.#transport, `comparison?${query}`);
  }

  curves(wanted: ICurvesRequest): Promise<IFigure> {
    const query = new URLSearchParams(wanted.trials.map(id => ['trial', id]));
    for (const { component, metric } of wanted.series) {
      query.append('series', JSON.stringify([component, metric]));
    }
    query.set('x', wanted.x);
    query.set('smoothing', String(wanted.smoothing));
    query.set('log', wanted.log ? '1' : '0');
    query.set('logx', wanted.logx ? '1' : '0');
    query.set('clip', wanted.clip ? '1' : '0');
    query.set('findings', wanted.findings ? '1' : '0');
    wanted.group?.forEach(field => query.append('group', field));
    if (wanted.points !== undefined) {
      query.set('points', String(wanted.points));
    }
    return request(this.#transport, `figures/curves?${query}`);
  }

  figure({ kind, trials, settings }: IFigureRequest): Promise<IFigure> {
    const query = new URLSearchParams(trials.map(id => ['trial', id]));
    settings.forEach(([name, value]) => query.append(name, value));
    return request(this.#transport, `figures/${kind}?${query}`);
  }

  importance(
    trials: readonly string[],
    target: string,
    fields: readonly string[]
  ): Promise<Importance> {
    const query = new URLSearchParams(trials.map(id => ['trial', id]));
    query.set('target', target);
    fields.forEach(field => query.append('field', field));
    return request(this.#transport, `importance?${query}`);
  }

  values(
    trials: readonly string[],
    series: readonly ISeriesKey[],
    step: number
  ): Promise<StepValues> {
    const query = new URLSearchParams(trials.map(id => ['trial', id]));
    for (const { component, metric } of series) {
      query.append('series', JSON.stringify([component, metric]));
    }
    query.set('step', String(step));
    return request(this.#transport, `values?${query}`);
  }

  codeDifference(
    a: string,
    b: string,
    equal: boolean
  ): Promise<CodeDifference> {
    return request(this.#transport, `difference/code?${pair(a, b, equal)}`);
  }

  environmentDifference(
    a: string,
    b: string,
    equal: boolean
  ): Promise<EnvironmentDifference> {
    const query = pair(a, b, equal);
    return request(this.#transport, `difference/environment?${query}`);
  }

  views(): Promise<ViewList> {
    return request(this.#transport, 'views');
  }

  output(trial: string, wanted: IOutputRequest): Promise<OutputPage> {
    const query = new URLSearchParams({
      after: String(wanted.after),
      limit: String(wanted.limit)
    });
    if (wanted.search !== '') {
      query.set('search', wanted.search);
    }
    return request(
      this.#transport,
      `trials/${encodeURIComponent(trial)}/output?${query}`
    );
  }

  table(
    trial: string,
    artifact: string,
    offset: number,
    limit: number
  ): Promise<TablePreview> {
    const query = new URLSearchParams({
      offset: String(offset),
      limit: String(limit)
    });
    return request(
      this.#transport,
      `${artifactPath(trial, artifact)}/preview?${query}`
    );
  }

  tensors(trial: string): Promise<TensorList> {
    return request(
      this.#transport,
      `trials/${encodeURIComponent(trial)}/tensors`
    );
  }

  tensorFigure(wanted: ITensorFigureRequest): Promise<IFigure> {
    return request(
      this.#transport,
      `trials/${encodeURIComponent(wanted.trial)}/figures/${wanted.kind}?${toQuery(wanted.settings)}`
    );
  }

  network({ trial, ...settings }: INetworkRequest): Promise<Network> {
    return request(
      this.#transport,
      `trials/${encodeURIComponent(trial)}/network?${toQuery(settings)}`
    );
  }

  recordedStep(
    trial: string,
    recording: string,
    mode: string,
    step: number
  ): Promise<RecordedStep> {
    return request(
      this.#transport,
      `trials/${encodeURIComponent(trial)}/recordings/${encodeURIComponent(recording)}?${toQuery({ mode, step })}`
    );
  }

  findings({ dismissed, ...wanted }: IFindingsRequest): Promise<FindingPage> {
    const query = toQuery({ ...wanted, dismissed: dismissed ? 1 : 0 });
    return request(this.#transport, `findings?${query}`);
  }

  debugger(trial: string): Promise<DebuggerDetail> {
    return request(
      this.#transport,
      `trials/${encodeURIComponent(trial)}/debugger`
    );
  }

  makeReport(trial: string, kind: ReportKind): Promise<ReportProgress> {
    return request(this.#transport, reportPath(trial, kind), {});
  }

  report(trial: string, kind: ReportKind): Promise<ReportProgress> {
    return request(this.#transport, reportPath(trial, kind));
  }

  content(trial: string, artifact: string, limit: number): Promise<Blob> {
    return requestBlob(this.#transport, artifactPath(trial, artifact), limit);
  }

  lineage(wanted: ILineageRequest): Promise<LineageGraph> {
    const query = new URLSearchParams({
      direction: wanted.direction,
      limit: String(wanted.limit)
    });
    if (wanted.depth !== undefined) {
      query.set('depth', String(wanted.depth));
    }
    return request(
      this.#transport,
      `lineage/${encodeURIComponent(wanted.id)}?${query}`
    );
  }

  artifactUrl(trial: string, artifact: string): string {
    return this.#transport.url(artifactPath(trial, artifact));
  }

  apply(...commands: UserCommand[]): Promise<CommandResult> {
    return request(this.#transport, 'commands', { commands });
  }

  dispose(): void {
    this.#stream.dispose();
    Signal.clearData(this);
  }

  #onState(_: EventStream, state: StoreState): void {
    this.#stateChanged.emit(state);
  }

  #onEvents(_: EventStream, events: readonly AnyEvent[]): void {
    this.#events.emit(events);
  }

  #onStale(): void {
    this.#stale.emit();
  }

  readonly #transport: ITransport;
  readonly #stream: EventStream;
  readonly #stateChanged = new Signal<ILabdeckClient, StoreState>(this);
  readonly #events = new Signal<ILabdeckClient, readonly AnyEvent[]>(this);
  readonly #stale = new Signal<ILabdeckClient, void>(this);
}

function reportPath(trial: string, kind: ReportKind): string {
  return `trials/${encodeURIComponent(trial)}/reports/${kind}`;
}

function artifactPath(trial: string, artifact: string): string {
  return `trials/${encodeURIComponent(trial)}/artifacts/${encodeURIComponent(artifact)}`;
}

function pair(a: string, b: string, equal: boolean): URLSearchParams {
  return new URLSearchParams({ a, b, equal: equal ? '1' : '0' });
}

/** Arguments of a route, those aside that are absent. */
function toQuery(
  settings: Readonly<Record<string, string | number | undefined>>
): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) {
      query.set(name, String(value));
    }
  }
  return query;
}
