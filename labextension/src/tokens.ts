/** The seam between the features: the client they share and the commands by which they meet. */
import type { IFigure } from '#plotly';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { LabdeckError } from './client/errors';
import type {
  IFindingsRequest,
  INetworkRequest,
  ITensorFigureRequest,
  ReportKind
} from './client/debuggingRequests';
import type {
  CodeDifference,
  CommandRequest,
  CommandResult,
  Comparison,
  DebuggerDetail,
  EnvironmentDifference,
  Events,
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
} from './wire';

/** Plugin ids, `labdeck:<name>`. */
export namespace PluginIDs {
  export const client = 'labdeck:client';
  export const sidebar = 'labdeck:sidebar';
  export const experiments = 'labdeck:experiments';
  export const comparison = 'labdeck:comparison';
  export const trials = 'labdeck:trials';
  export const rules = 'labdeck:rules';
}

/** Command ids. */
export namespace CommandIDs {
  /** Show the sidebar. */
  export const showSidebar = 'labdeck:show-sidebar';
  /** Put the focus into the sidebar's search box. */
  export const focusFilter = 'labdeck:focus-filter';
  /** Read everything anew; reconnect if need be. */
  export const refresh = 'labdeck:refresh';
  /** Open an experiment; args `{name?: string}`, asked for if absent. */
  export const newExperiment = 'labdeck:new-experiment';
  /** Open a notebook whose cells log a first trial. */
  export const firstStep = 'labdeck:first-step';
  /** Insert the code of a first trial into the current notebook. */
  export const insertFirstStep = 'labdeck:insert-first-step';
  /** Close all experiments of the tree. */
  export const collapseAll = 'labdeck:collapse-all';
  /** Open the current trial of the sidebar, or open or close its current experiment. */
  export const openCurrent = 'labdeck:open-current';
  /** Compare the selected trials of the sidebar, or the latest ones of its current experiment. */
  export const compareSelected = 'labdeck:compare-selected';
  /** Show a trial's page; args `{trial: string, tab?: string}`. */
  export const openTrial = 'labdeck:open-trial';
  /** Compare trials; args `{trials: string[], experiment?: string}`; the name of the experiment is for the tab. */
  export const compare = 'labdeck:compare';
  /** Show the recorded tensors of a trial on its page; args `{trial: string, tensor?: string, mode?: string, step?: number, recording?: string}`. */
  export const openTensors = 'labdeck:open-tensors';
  /** Copy Python code that makes the shown comparison; args `{trials: string[]}`. */
  export const copyAsPython = 'labdeck:copy-as-python';
  /** Copy the table of the shown comparison as CSV. */
  export const copyAsCsv = 'labdeck:copy-as-csv';
  /** Keep the shown comparison; args `{name?: string}`, asked for in place if absent. */
  export const saveView = 'labdeck:save-view';
  /** Show a saved comparison; args `{id?: string, experiment?: string}`, asked for if absent. */
  export const openView = 'labdeck:open-view';
  /** Forget a saved comparison, with a notice that takes it back; args `{id?: string}`, asked for if absent. */
  export const deleteView = 'labdeck:delete-view';
  /** Rename an experiment or trial; args `{id: string, name: string}`, without them the sidebar's current one in place. */
  export const rename = 'labdeck:rename';
  /** Edit the note of an experiment or trial; args `{id?: string, note?: string}`, asked for if absent. */
  export const editNote = 'labdeck:edit-note';
  /** Copy the id of an experiment or trial; args `{id?: string}`. */
  export const copyId = 'labdeck:copy-id';
  /** Delete experiments or trials, with a notice that takes it back; args `{ids?: string[]}`. */
  export const remove = 'labdeck:delete';
  /** Take back a deletion; args `{ids: string[]}`. */
  export const restore = 'labdeck:restore';
  /** Empty the search box. */
  export const clearSearch = 'labdeck:clear-search';
  /** Show or hide the search language in short. */
  export const searchHelp = 'labdeck:search-help';
  /** Order the trials of the sidebar; args `{by: 'newest' | 'name' | 'objective' | 'duration' | 'state'}`. */
  export const sortBy = 'labdeck:sort-by';
  /** List archived experiments and trials too, or no longer. */
  export const toggleArchived = 'labdeck:show-archived';
  /** Put experiments or trials away or take them out again; args `{ids?: string[], archived?: boolean}`. */
  export const archive = 'labdeck:archive';
  /** Set and remove tags; args `{ids?: string[], set?: object, remove?: string[]}`, asked for if absent. */
  export const editTags = 'labdeck:edit-tags';
  /** Open the trial that the sidebar's current one is part of. */
  export const openParent = 'labdeck:open-parent';
  /** Open a saved view of the sidebar's current experiment. */
  export const openViews = 'labdeck:open-views';
  /** Copy the name of what is current in the sidebar. */
  export const copyName = 'labdeck:copy-name';
  /** Copy Python code that opens what is current or selected in the sidebar. */
  export const copyCode = 'labdeck:copy-code';
  /** Copy Python code that makes the sidebar's search. */
  export const copySearch = 'labdeck:copy-search';
  /** Insert the code of what is current or selected in the sidebar into the current notebook. */
  export const insertCode = 'labdeck:insert-code';
  /** Select all trials of the sidebar's current experiment. */
  export const selectAll = 'labdeck:select-all';
  /** Show the rules over all trainings that run. */
  export const openRules = 'labdeck:open-rules';
  /**
   * Ask something of a running training; args `{trial: string, wish: string, argument?: string}`, with a wish of
   * `RequestRecord`.
   */
  export const askTraining = 'labdeck:ask-training';
  /** Put findings away or take them out again; args `{ids?: string[], dismissed?: boolean}`. */
  export const dismissFinding = 'labdeck:dismiss-finding';
  /** Show the step at which something was found; args `{id?: string}`, without it the sidebar's current finding. */
  export const openFinding = 'labdeck:open-finding';
  /** Show the findings of the sidebar's current experiment alone, or of all. */
  export const findingsOfCurrent = 'labdeck:findings-of-current';
  /** List dismissed findings too, or no longer. */
  export const toggleDismissed = 'labdeck:show-dismissed';
  /** Put all open findings that are listed away. */
  export const dismissAll = 'labdeck:dismiss-all-findings';
  /** Open the page of the trial in which the sidebar's current finding was made. */
  export const openFindingTrial = 'labdeck:open-finding-trial';
  /** Make a report and show it on the trial's page; args `{trial?: string, kind?: 'training' | 'profiler' | 'xgboost'}`, without them of the page in front. */
  export const makeReport = 'labdeck:make-report';
  /** Make a report of the trial in which the sidebar's current finding was made. */
  export const reportFinding = 'labdeck:report-finding-trial';
  /** Copy what was found, as text. */
  export const copyFinding = 'labdeck:copy-finding';
  /** Insert code that watches a training into the current notebook. */
  export const insertWatch = 'labdeck:insert-watch';
  /** Deselect all trials. */
  export const clearSelection = 'labdeck:clear-selection';
}

export type {
  IFindingsRequest,
  INetworkRequest,
  ITensorFigureRequest,
  ReportKind
} from './client/debuggingRequests';

/** An event of the store. */
export type AnyEvent = Events['events'][number];

/** A command a person may give. */
export type UserCommand = CommandRequest['commands'][number];

/**
 * How the browser stands with the store:
 * connecting before the first answer, connected, reconnecting after a loss, missing when the server extension is not
 * there, mismatch when it is of another version.
 */
export type StoreState =
  'connecting' | 'connected' | 'reconnecting' | 'missing' | 'mismatch';

/** A metric of one component; "" is the trial itself. */
export interface ISeriesKey {
  component: string;
  metric: string;
}

/** Which curves to draw, and how. */
export interface ICurvesRequest {
  trials: readonly string[];
  series: readonly ISeriesKey[];
  x: 'step' | 'time' | 'relative';
  /** Weight of the past in the moving average, 0 (none) to 0.99. */
  smoothing: number;
  log: boolean;
  logx?: boolean;
  /** Leave outliers out of the range of the y axis. */
  clip?: boolean;
  /** Draw the mean and deviation of the trials that share the values of these fields. */
  group?: readonly string[];
  /** At most so many points a curve; 10 to 2000. */
  points?: number;
  /** Mark where rules found something; only where it is one trial. */
  findings?: boolean;
}

/** A figure over the trials as points, boxes, bars or lines; the server draws it from fields like `params.lr`. */
export interface IFigureRequest {
  kind: 'scatter' | 'box' | 'bar' | 'contour' | 'parallel';
  trials: readonly string[];
  /** The arguments of its route, `["x", "params.lr"]` for example; some may be repeated. */
  settings: readonly (readonly [name: string, value: string])[];
}

/** Which trials of an experiment are listed. */
export interface IShownTrials {
  /** With those that are archived. */
  archived: boolean;
  /** Without those that are part of a listed one. */
  roots: boolean;
}

/** Which lines of a trial's output to read. */
export interface IOutputRequest {
  /** Lines with greater numbers. */
  after: number;
  limit: number;
  /** Only lines that hold this text; "" for all. */
  search: string;
}

/** Which trials to search for, in the search language. */
export interface ISearchRequest {
  query: string;
  /** The id of an experiment; all without it. */
  experiment?: string;
  sort?: string;
  offset?: number;
  /** At most 500. */
  limit?: number;
  /** With those that are archived. */
  archived?: boolean;
}

/** Which part of the lineage is asked for. */
export interface ILineageRequest {
  /** A node or trial. */
  id: string;
  /** To what came before, to what came after, or both. */
  direction: 'up' | 'down' | 'both';
  /** Associations away at most; any number if absent. */
  depth?: number;
  /** Nodes at most; 1 to 2000. */
  limit: number;
}

/**
 * The one way to the store. Requests reject with a `LabdeckError`.
 */
export interface ILabdeckClient {
  status(): Promise<Status>;
  /** All experiments, latest activity first. */
  experiments(): Promise<ExperimentList>;
  /** Trials of an experiment, newest first; at most 500 at once. */
  trials(
    experiment: string,
    offset: number,
    limit: number,
    shown?: IShownTrials
  ): Promise<TrialPage>;
  /** Trials that match a query; one that cannot be read is rejected with the place of the error. */
  search(wanted: ISearchRequest): Promise<SearchPage>;
  /** What may stand at a place of an unfinished query; places are counted as JavaScript does. */
  complete(text: string, at: number): Promise<Suggestions>;
  trial(id: string): Promise<TrialDetail>;
  /** Facts of at most 200 trials. */
  comparison(trials: readonly string[]): Promise<Comparison>;
  curves(request: ICurvesRequest): Promise<IFigure>;
  figure(request: IFigureRequest): Promise<IFigure>;
  /** What some fields have to do with a target. */
  importance(
    trials: readonly string[],
    target: string,
    fields: readonly string[]
  ): Promise<Importance>;
  /** The latest values at or before a step. */
  values(
    trials: readonly string[],
    series: readonly ISeriesKey[],
    step: number
  ): Promise<StepValues>;
  /** How the code of two trials differs; `equal` asks for the parts that are the same, too. */
  codeDifference(a: string, b: string, equal: boolean): Promise<CodeDifference>;
  environmentDifference(
    a: string,
    b: string,
    equal: boolean
  ): Promise<EnvironmentDifference>;
  /** Saved comparisons, by name. */
  views(): Promise<ViewList>;
  /** Lines of what a trial printed. */
  output(trial: string, wanted: IOutputRequest): Promise<OutputPage>;
  /** Some rows of a table that was kept with a trial. */
  table(
    trial: string,
    artifact: string,
    offset: number,
    limit: number
  ): Promise<TablePreview>;
  /** The content of an artifact, at most `limit` bytes of it. */
  content(trial: string, artifact: string, limit: number): Promise<Blob>;
  /** What rules found. */
  findings(wanted: IFindingsRequest): Promise<FindingPage>;
  /** What watches a trial: models and rules. */
  debugger(trial: string): Promise<DebuggerDetail>;
  /** Have the server begin to make a report, which it keeps with the trial. */
  makeReport(trial: string, kind: ReportKind): Promise<ReportProgress>;
  /** How far that is. */
  report(trial: string, kind: ReportKind): Promise<ReportProgress>;
  /** What a node or trial came from and led to, nearest first. */
  lineage(request: ILineageRequest): Promise<LineageGraph>;
  /** Every recorded tensor of a trial, its steps and flight recordings. */
  tensors(trial: string): Promise<TensorList>;
  tensorFigure(request: ITensorFigureRequest): Promise<IFigure>;
  /** The modules of a trial's model at a step. */
  network(request: INetworkRequest): Promise<Network>;
  /** One step of a flight recording, in figures. */
  recordedStep(
    trial: string,
    recording: string,
    mode: string,
    step: number
  ): Promise<RecordedStep>;
  /** Where the browser downloads an artifact from. */
  artifactUrl(trial: string, artifact: string): string;
  /** Apply commands, all or none. */
  apply(...commands: UserCommand[]): Promise<CommandResult>;

  readonly state: StoreState;
  /** Why the state is not "connected"; null when it is, or before the first answer. */
  readonly problem: LabdeckError | null;
  readonly stateChanged: ISignal<ILabdeckClient, StoreState>;
  /** What changed in the store, in order; an event may come twice and carries the whole new record. */
  readonly events: ISignal<ILabdeckClient, readonly AnyEvent[]>;
  /** What is known may be out of date: read anew. Sent at the first connection too. */
  readonly stale: ISignal<ILabdeckClient, void>;
  /** Try again now rather than at the next turn. */
  reconnect(): void;
}

export const ILabdeckClient = new Token<ILabdeckClient>(
  'labdeck:ILabdeckClient',
  'Reads the experiments store, gives it commands and tells what changes in it.'
);

/** The sidebar, to which each system adds its section. */
export interface ISidebar {
  /** Add a section, smaller ranks first; its title is the section's. */
  addSection(section: Widget, rank: number): IDisposable;
  /** Add something above the sections. */
  addTop(widget: Widget): IDisposable;
  /** Bring the sidebar into sight. */
  reveal(): void;
  /** The experiment that is current in the sidebar, by itself or by a trial of it; null where there is none. */
  current: ICurrentExperiment | null;
  readonly currentChanged: ISignal<ISidebar, ICurrentExperiment | null>;
}

/** The experiment that the reader is at. */
export interface ICurrentExperiment {
  id: string;
  name: string;
}

export const ISidebar = new Token<ISidebar>(
  'labdeck:ISidebar',
  'The sidebar, to which each system adds its section.'
);

/** How many open findings there are. */
export interface IOpenFindings {
  /** Of a trial, as far as they are here: those of the latest 500 findings. */
  count(trial: string): number;
  readonly changed: ISignal<unknown, void>;
}

export const IOpenFindings = new Token<IOpenFindings>(
  'labdeck:IOpenFindings',
  'Tells how many findings of a trial nobody has put away yet.'
);
