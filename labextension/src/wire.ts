/* eslint-disable */
/**
 * Generated from labdeck.wire by `make wire`: change the records there, never this file.
 */
export type Wire =
  | Status
  | ErrorMessage
  | ExperimentList
  | TrialPage
  | TrialFacts
  | TrialDetail
  | SearchPage
  | Vocabulary
  | Suggestions
  | LineageGraph
  | Comparison
  | StepValues
  | Groups
  | Importance
  | CodeDifference
  | EnvironmentDifference
  | ViewList
  | OutputPage
  | TablePreview
  | DebuggerDetail
  | FindingPage
  | ReportProgress
  | TensorList
  | RecordedStep
  | Network
  | CommandRequest
  | CommandResult
  | (Hello | Events | Reset);

/**
 * Who answers: versions, where the store is (secrets removed), and the newest event.
 */
export interface Status {
  version: string;
  wire: number;
  store: string;
  seq: number;
}
/**
 * The body of every answer that is not 2xx.
 *
 * Attributes:
 *     code: Stable, machine-readable; see `labdeck.errors`.
 *     message: What happened.
 *     remedy: What to do; may be "".
 *     position: Of a query that cannot be read: the character (of Unicode, from 0) at which it went wrong.
 */
export interface ErrorMessage {
  code: string;
  message: string;
  remedy: string;
  position: number | null;
}
/**
 * All experiments that are not deleted, latest activity first; `seq` is the cursor the list is true for.
 */
export interface ExperimentList {
  seq: number;
  experiments: ExperimentRecord[];
}
/**
 * A question, and how many attempts at it there are.
 *
 * Attributes:
 *     id: Its identity; the name may change.
 *     name: Unique among experiments that are not deleted.
 *     created: When it was first opened.
 *     note: Free text.
 *     tags: Free keys and values.
 *     objective: Chosen by the user; None leaves the choice to the reader.
 *     trials: Trials that are neither deleted nor archived.
 *     running: Those of them that run.
 *     archived_trials: Trials that are archived.
 *     updated: When a trial last started or ended.
 *     archived: It was put away: lists leave it out unless they are asked for what is archived.
 *     deleted: When it was deleted; it can be restored until it is purged.
 */
export interface ExperimentRecord {
  id: string;
  name: string;
  created: number;
  note: string;
  tags: {
    [k: string]: string;
  };
  objective: Objective | null;
  trials: number;
  running: number;
  archived_trials: number;
  updated: number;
  archived: boolean;
  deleted: number | null;
}
/**
 * The metric an experiment is judged by, and which way is better.
 */
export interface Objective {
  metric: string;
  goal: 'max' | 'min';
}
/**
 * Some trials of an experiment, newest first, and how many there are in all.
 */
export interface TrialPage {
  total: number;
  offset: number;
  trials: TrialRecord[];
}
/**
 * One attempt at an experiment's question: a row of the tree.
 *
 * Attributes:
 *     id: Its identity.
 *     experiment_id: The experiment it belongs to.
 *     experiment: That experiment's name.
 *     name: Unique within the experiment among trials that are not deleted.
 *     parent_id: The trial it is part of, None for a trial that stands by itself.
 *     number: Its place among all trials the experiment ever had, from 1; it decides the trial's colour.
 *     state: running, completed, failed, interrupted or crashed.
 *     incomplete: Why facts are missing (a full disk, say); "" when none are.
 *     started, ended: When it began and ended.
 *     note, tags: Free text; free keys and values.
 *     objective: The metric that stands for the trial in lists, None before the first point.
 *     goal: Which way that metric is better.
 *     archived: It was put away, itself or with its experiment.
 *     deleted: When it was deleted, itself or with its experiment.
 */
export interface TrialRecord {
  id: string;
  experiment_id: string;
  experiment: string;
  parent_id: string | null;
  name: string;
  number: number;
  state: 'completed' | 'crashed' | 'failed' | 'interrupted' | 'running';
  incomplete: string;
  started: number;
  ended: number | null;
  note: string;
  tags: {
    [k: string]: string;
  };
  objective: MetricSummary | null;
  goal: 'max' | 'min';
  archived: boolean;
  deleted: number | null;
}
/**
 * What is known of one metric of one trial without reading its points.
 *
 * Attributes:
 *     name: The metric's name, "train:loss" for example.
 *     component: The component that logged it; "" is the trial itself.
 *     count: Points logged, those that are NaN or infinite included.
 *     first, last: First and latest logged value.
 *     min, max, mean, std: Over the finite values (population deviation); NaN when there is none.
 *     min_step, max_step: Steps at which min and max were first reached.
 *     last_step: Step of the latest point.
 *     last_time: Time of the latest point.
 *     spark: At most 24 values, evenly thinned over the whole series, oldest first.
 */
export interface MetricSummary {
  name: string;
  component: string;
  count: number;
  first: number | ('-Infinity' | 'Infinity' | 'NaN');
  last: number | ('-Infinity' | 'Infinity' | 'NaN');
  min: number | ('-Infinity' | 'Infinity' | 'NaN');
  max: number | ('-Infinity' | 'Infinity' | 'NaN');
  mean: number | ('-Infinity' | 'Infinity' | 'NaN');
  std: number | ('-Infinity' | 'Infinity' | 'NaN');
  min_step: number;
  max_step: number;
  last_step: number;
  last_time: number;
  spark: (number | ('-Infinity' | 'Infinity' | 'NaN'))[];
}
/**
 * A trial with the numbers by which trials are compared.
 */
export interface TrialFacts {
  trial: TrialRecord;
  params: Param[];
  metrics: MetricSummary[];
}
/**
 * One input of a trial or component.
 *
 * Attributes:
 *     name: Its name, unique within its component.
 *     value: Its value; numbers that are not finite are stored as the text "NaN", "Infinity" or "-Infinity".
 *     component: The component it belongs to; "" is the trial itself.
 */
export interface Param {
  name: string;
  value: boolean | number | string | null;
  component: string;
}
/**
 * Everything the catalog knows of one trial; `children` are the trials that are part of it, oldest first.
 */
export interface TrialDetail {
  trial: TrialRecord;
  params: Param[];
  metrics: MetricSummary[];
  components: ComponentRecord[];
  artifacts: ArtifactRecord[];
  captures: Capture[];
  children: TrialRecord[];
}
/**
 * A step of a trial: preprocessing, training, evaluation. Its name identifies it within the trial.
 */
export interface ComponentRecord {
  name: string;
  state: 'completed' | 'crashed' | 'failed' | 'interrupted' | 'running';
  started: number;
  ended: number | null;
  error: string;
}
/**
 * A file kept with a trial.
 *
 * Attributes:
 *     id: Its identity.
 *     name: What the user calls it; with the step unique within the component, the newest wins.
 *     component: The component that logged it; "" is the trial itself.
 *     sha256: Hexadecimal digest of the content, which addresses it in the store.
 *     size: Bytes.
 *     media_type: As in HTTP, "image/png" for example.
 *     kind: What it was logged as, and so how it is shown.
 *     step: Where in the training it belongs, for what is logged again and again; None for what is logged once.
 *     caption: A few words on it; may be "".
 *     created: When it was logged.
 */
export interface ArtifactRecord {
  id: string;
  name: string;
  component: string;
  sha256: string;
  size: number;
  media_type: string;
  kind: 'audio' | 'figure' | 'file' | 'image' | 'table' | 'text';
  step: number | null;
  caption: string;
  created: number;
}
/**
 * Something recorded about a trial's surroundings without being asked.
 *
 * Attributes:
 *     kind: "code" (cells and file), "git", "packages", "machine" or "error" (a traceback).
 *     body: JSON objects as the capturer wrote them; secrets are redacted before they get here.
 */
export interface Capture {
  kind: string;
  body: {};
}
/**
 * Some of the trials a search found, in the order asked for, and how many there are in all.
 *
 * Attributes:
 *     total: All that were found.
 *     offset: How many of them come before the first of `trials`.
 *     trials: Those of this page.
 *     hint: Which name of the query no trial has, where nothing was found or nothing could be sorted; else "".
 */
export interface SearchPage {
  total: number;
  offset: number;
  trials: TrialFacts[];
  hint: string;
}
/**
 * The names that queries may use, those of the newest trials, the most frequent first; at most 1,000 of a kind.
 *
 * Attributes:
 *     metrics, params: Those of components are written "component/name".
 *     tags: Keys of trials' tags.
 *     experiments: Names of experiments, latest activity first.
 *     states: All states of trials.
 */
export interface Vocabulary {
  metrics: string[];
  params: string[];
  tags: string[];
  experiments: string[];
  states: string[];
}
/**
 * Completions of a query.
 *
 * Attributes:
 *     start, end: The part of the query that a suggestion replaces, in characters (of Unicode) from 0.
 *     items: The likeliest first, at most 100.
 */
export interface Suggestions {
  start: number;
  end: number;
  items: Suggestion[];
}
/**
 * Something that may stand at a place of a query, as it is written there.
 */
export interface Suggestion {
  text: string;
  kind: 'field' | 'keyword' | 'operator' | 'value';
}
/**
 * What a query of the lineage found.
 *
 * Attributes:
 *     start: Ids the query began at.
 *     nodes: Those that were reached, the start included, nearest first.
 *     edges: Between those nodes.
 *     truncated: There is more than was asked for.
 */
export interface LineageGraph {
  start: string[];
  nodes: LineageNode[];
  edges: LineageEdge[];
  truncated: boolean;
}
/**
 * Something that data, models or work went through.
 *
 * Attributes:
 *     id: Its identity; that of a trial is the trial's, that of a file follows from its content.
 *     kind: "artifact" (a data set, a model, a file), "action" (a deployment, an approval), "context" (an endpoint, a
 *         group of models) or "trial".
 *     type: A narrower word: "DataSet", "Model", "Endpoint" … free text.
 *     name: What people call it.
 *     uri: Where it is or was: a path or URL; "" if nowhere.
 *     digest: Hexadecimal SHA-256 of its content where that is known, else "".
 *     properties: Free keys and values.
 *     created: When it was first seen.
 */
export interface LineageNode {
  id: string;
  kind: 'action' | 'artifact' | 'context' | 'trial';
  type: string;
  name: string;
  uri: string;
  digest: string;
  properties: {
    [k: string]: string;
  };
  created: number;
}
/**
 * How one node led to another: from the source, the earlier one, to the destination.
 */
export interface LineageEdge {
  source: string;
  destination: string;
  association:
    'AssociatedWith' | 'ContributedTo' | 'DerivedFrom' | 'Produced' | 'SameAs';
  created: number;
}
/**
 * The facts of the chosen trials in the order asked for; ids that do not exist are in `missing`.
 */
export interface Comparison {
  trials: TrialFacts[];
  missing: string[];
}
/**
 * Values at a chosen step; a series without a point up to there is left out.
 */
export interface StepValues {
  step: number;
  values: StepValue[];
}
/**
 * The latest point of a series at or before a step: where it is, and its value.
 */
export interface StepValue {
  trial_id: string;
  component: string;
  metric: string;
  step: number;
  value: number | ('-Infinity' | 'Infinity' | 'NaN');
}
/**
 * Trials grouped by fields, in the order of their values: numbers by size, then texts, then those without.
 */
export interface Groups {
  by: string[];
  fields: string[];
  groups: Group[];
}
/**
 * Trials that share a value.
 *
 * Attributes:
 *     values: The value of each field that was grouped by; None where the trials have none.
 *     label: The same as text.
 *     trials: Their ids, in the order asked for.
 *     statistics: One per field asked for.
 */
export interface Group {
  values: (boolean | number | string | null)[];
  label: string;
  trials: string[];
  statistics: GroupStatistics[];
}
/**
 * One field over the trials of a group.
 *
 * Attributes:
 *     field: Which field.
 *     count: Trials of the group that have a finite number there.
 *     mean, std, min, max: Over those numbers (population deviation); NaN when there is none.
 */
export interface GroupStatistics {
  field: string;
  count: number;
  mean: number | ('-Infinity' | 'Infinity' | 'NaN');
  std: number | ('-Infinity' | 'Infinity' | 'NaN');
  min: number | ('-Infinity' | 'Infinity' | 'NaN');
  max: number | ('-Infinity' | 'Infinity' | 'NaN');
}
/**
 * Which fields made the difference.
 *
 * Attributes:
 *     target: The field that is explained.
 *     rows: Most important first.
 *     trials: Trials that had a finite number there and were used.
 *     left_out: Trials that had none.
 *     constant: Fields that are the same in all trials, and so explain nothing.
 *     explained: Coefficient of determination of the model on trials it had not seen; None without a model.
 *     method: How it was computed, in a sentence.
 *     warning: Why not to trust it too far; "" if there is no reason.
 */
export interface Importance {
  target: string;
  rows: ImportanceRow[];
  trials: number;
  left_out: number;
  constant: string[];
  explained: number | null;
  method: string;
  warning: string;
}
/**
 * How much a field has to do with the target.
 *
 * Attributes:
 *     field: Which field.
 *     importance: Its share of what all fields explain, 0 to 1.
 *     correlation: Spearman's rank correlation with the target, -1 to 1; None for text, and where there is none.
 *     count: Trials that have a value there.
 */
export interface ImportanceRow {
  field: string;
  importance: number;
  correlation: number | null;
  count: number;
}
/**
 * How the code of two trials differs.
 *
 * Attributes:
 *     before, after: Ids of the trials.
 *     status: same, different, or unrecorded: at least one of them has no code on record.
 *     missing: Ids of those that have none.
 *     git: Commit, branch, remote and whether something was uncommitted, where they differ.
 *     parts: Files and cells in the order of the second trial, removed ones where they stood.
 *     equal: Parts that are the same, listed or not.
 */
export interface CodeDifference {
  before: string;
  after: string;
  status: 'different' | 'same' | 'unrecorded';
  missing: string[];
  git: DifferenceRow[];
  parts: CodePart[];
  equal: number;
}
/**
 * A value of two trials: what it is, and how it was before and after; None where it was not recorded.
 */
export interface DifferenceRow {
  kind: 'git' | 'machine' | 'metric' | 'package' | 'parameter' | 'python';
  name: string;
  before: string | null;
  after: string | null;
}
/**
 * A file, a cell or the uncommitted changes, of two trials.
 *
 * Attributes:
 *     kind: Which of them.
 *     status: same, changed, added, removed, or moved: the same text at another place.
 *     before, after: What it was called: the file's name, or the cell's number; "" on the side that has not got it.
 *     added, removed: Lines.
 *     hunks: What changed; empty where nothing did and equal parts were not asked for.
 */
export interface CodePart {
  kind: 'cell' | 'file' | 'uncommitted';
  status: 'added' | 'changed' | 'moved' | 'removed' | 'same';
  before: string;
  after: string;
  added: number;
  removed: number;
  hunks: Hunk[];
}
/**
 * Lines that stand together: some that changed, and a few around them.
 */
export interface Hunk {
  lines: DifferenceLine[];
}
/**
 * A line of code; `before` and `after` are its numbers, from 1, None on the side that has not got it.
 */
export interface DifferenceLine {
  kind: 'added' | 'removed' | 'same';
  before: number | null;
  after: number | null;
  text: string;
}
/**
 * How packages, Python and machine of two trials differ.
 *
 * Attributes:
 *     before, after: Ids of the trials.
 *     status: same, different, or unrecorded: at least one of them has nothing on record.
 *     missing: Ids of those that have nothing.
 *     rows: What differs, Python first, then packages, then the machine.
 *     equal: How many values are the same, listed or not.
 */
export interface EnvironmentDifference {
  before: string;
  after: string;
  status: 'different' | 'same' | 'unrecorded';
  missing: string[];
  rows: DifferenceRow[];
  equal: number;
}
/**
 * Saved comparisons, by name.
 */
export interface ViewList {
  views: ViewRecord[];
}
/**
 * A comparison somebody saved under a name.
 *
 * Attributes:
 *     id: Its identity.
 *     name: What the user calls it.
 *     experiment_id: The experiment it belongs to; None for one over several.
 *     created: When it was last saved.
 *     body: What is compared and how, as the front end wrote it: a JSON object.
 */
export interface ViewRecord {
  id: string;
  name: string;
  experiment_id: string | null;
  created: number;
  body: {};
}
/**
 * Some lines of a trial's output.
 *
 * Attributes:
 *     total: Lines there are, those aside that are still being printed.
 *     found: Lines that hold what was searched for; `total` if nothing was.
 *     cut: There was more than is kept: what was printed later is lost.
 *     lines: In order; those still being printed come last, with numbers beyond `total`.
 */
export interface OutputPage {
  total: number;
  found: number;
  cut: boolean;
  lines: OutputLine[];
}
/**
 * One line that was printed.
 *
 * Attributes:
 *     number: Its place in the output, from 1.
 *     stream: Where it was printed.
 *     time: When it was finished.
 *     text: What it says, as a terminal shows it: without colours, a progress bar as it was last.
 *     finished: It ended; False for a line that is still being printed, whose text may yet change.
 */
export interface OutputLine {
  number: number;
  stream: 'stderr' | 'stdout';
  time: number;
  text: string;
  finished: boolean;
}
/**
 * Some rows of a table that was kept with a trial, as text.
 *
 * Attributes:
 *     columns: Names of the columns that are shown.
 *     types: What each holds, in the words of Parquet; "" where the file does not say, as in CSV.
 *     total: Rows there are.
 *     offset: Rows before the first that is shown.
 *     rows: Each with one text a column; None where there is no value. Long texts are cut and end in "…".
 *     left_out: Columns that are not shown because there are too many.
 */
export interface TablePreview {
  columns: string[];
  types: string[];
  total: number;
  offset: number;
  rows: (string | null)[][];
  left_out: number;
}
/**
 * Everything about the watching of one trial, findings and tensors aside.
 */
export interface DebuggerDetail {
  trial: TrialRecord;
  watches: WatchRecord[];
  rules: RuleRecord[];
}
/**
 * One model that is or was watched.
 *
 * Attributes:
 *     name: Unique within the trial: the model's class, with "-2" … appended to a second one.
 *     framework: "torch", "keras", "xgboost", "lightgbm", "sklearn" or "arrays".
 *     state: on, paused, off (it ended), failed (the debugger switched itself off).
 *     reason: Why it is off or failed.
 *     steps: Steps of TRAIN so far.
 *     recorded: Steps that were recorded, of all modes; samples of the machine do not count.
 *     tensors: Tensors that are watched.
 *     parameters: Numbers in the model.
 *     step_time: Median time of a training step without the debugger's part, in milliseconds.
 *     cost: Median time the debugger takes a step, in milliseconds.
 *     budget: Share of a step that it may take, 0.03 for 3 %; None for no limit.
 *     interval: Every how many steps it records now, after adapting to the budget.
 *     recordings: Flight recordings kept.
 *     dropped: Rows and arrays that could not be kept.
 *     warnings: What the user should know: collections that match nothing, tensors that cannot be kept.
 */
export interface WatchRecord {
  name: string;
  framework: string;
  state: 'failed' | 'off' | 'on' | 'paused';
  reason: string;
  steps: number;
  recorded: number;
  tensors: number;
  parameters: number;
  step_time: number;
  cost: number;
  budget: number | null;
  interval: number;
  recordings: number;
  dropped: number;
  warnings: string[];
}
/**
 * One rule over one training.
 *
 * Attributes:
 *     name: Unique among the rules of the trial: the rule's class, with "-2" … appended to a second one.
 *     rule: The rule's class, "VanishingGradient" for example.
 *     state: watching, firing (it found something in the latest step it judged), failed (it raised and was switched
 *         off), off (a person switched it off).
 *     params: Its parameters.
 *     description: What it looks for, one sentence.
 *     findings: How many findings it has made.
 *     evaluations: How many steps it has judged.
 *     cost: Mean time it takes a step, in milliseconds.
 *     missing: What it needs and does not get, one sentence; "" if it lacks nothing.
 *     error: Why it failed.
 *     report: Figures it has gathered, by name.
 */
export interface RuleRecord {
  name: string;
  rule: string;
  state: 'failed' | 'firing' | 'off' | 'watching';
  params: {
    [k: string]: boolean | number | string | null;
  };
  description: string;
  findings: number;
  evaluations: number;
  cost: number;
  missing: string;
  error: string;
  report: {
    [k: string]: boolean | number | string | null;
  };
}
/**
 * Findings, newest first.
 *
 * Attributes:
 *     seq: The cursor from which on changes are news.
 *     findings: Some of them.
 *     total: How many there are that match.
 *     open: How many of those that match are not dismissed.
 *     trials: The trials they belong to.
 */
export interface FindingPage {
  seq: number;
  findings: FindingRecord[];
  total: number;
  open: number;
  trials: TrialRecord[];
}
/**
 * One judgement of a rule over a training.
 *
 * A rule that goes on to find the same in the same tensor extends its finding: `count`, `last_step` and `last_time`
 * grow, everything else tells of the first time.
 *
 * Attributes:
 *     id: Its identity.
 *     trial_id: The trial.
 *     rule: Name of the rule, as in `RuleRecord.name`.
 *     severity: How bad it is.
 *     mode: What the model was doing.
 *     step, last_step: First and latest step, counted within the mode.
 *     time, last_time: When.
 *     count: Steps at which it was found.
 *     tensor: The tensor concerned, "" for none.
 *     value, threshold: The number that was judged, and what it was judged against; None if there is none.
 *     message: What was found, one sentence.
 *     remedy: What to do about it.
 *     origin: The line of source that is to blame, "model.py:42 in forward" for example; "" if it is not known.
 *     recording: The flight recording that was kept, "" for none.
 *     actions: What was done because of it.
 *     dismissed: A person has seen enough of it.
 */
export interface FindingRecord {
  id: string;
  trial_id: string;
  rule: string;
  severity: 'error' | 'info' | 'warning';
  mode: 'EVAL' | 'GLOBAL' | 'PREDICT' | 'TRAIN';
  step: number;
  last_step: number;
  time: number;
  last_time: number;
  count: number;
  tensor: string;
  value: number | ('-Infinity' | 'Infinity' | 'NaN') | null;
  threshold: number | ('-Infinity' | 'Infinity' | 'NaN') | null;
  message: string;
  remedy: string;
  origin: string;
  recording: string;
  actions: ActionRecord[];
  dismissed: boolean;
}
/**
 * What was done because of a finding.
 *
 * Attributes:
 *     name: The action, "StopTraining" for example.
 *     time: When.
 *     done: It worked.
 *     message: What came of it, or why it failed.
 */
export interface ActionRecord {
  name: string;
  time: number;
  done: boolean;
  message: string;
}
/**
 * How far a report is that the server was asked for.
 *
 * Attributes:
 *     trial_id: The trial.
 *     kind: "training", "profiler" or "xgboost".
 *     state: making; kept, with its trial; failed.
 *     page, notebook: What was kept; None unless it was.
 *     problem: Why it failed; None unless it did.
 */
export interface ReportProgress {
  trial_id: string;
  kind: string;
  state: 'failed' | 'kept' | 'making';
  page: ArtifactRecord | null;
  notebook: ArtifactRecord | null;
  problem: ErrorMessage | null;
}
/**
 * Every tensor that was recorded of a trial, and when.
 *
 * Attributes:
 *     trial_id: The trial.
 *     tensors: In the model's order.
 *     modes: Those of which something was recorded.
 *     recordings: Flight recordings, newest first.
 */
export interface TensorList {
  trial_id: string;
  tensors: TensorRow[];
  modes: ModeSteps[];
  recordings: RecordingSummary[];
}
/**
 * One tensor.
 *
 * Attributes:
 *     name: Its name.
 *     collections: The collections it belongs to.
 *     module: The path of its module, "" for the model itself or none.
 *     module_type: The class of that module.
 *     parameter: The parameter it tells of, "" for none.
 *     shape, dtype: As it was last.
 *     reductions: What was recorded of it.
 *     arrays: Steps at which it was kept whole.
 *     health: The worst that an open finding says of it.
 */
export interface TensorRow {
  name: string;
  collections: string[];
  module: string;
  module_type: string;
  parameter: string;
  shape: number[];
  dtype: string;
  reductions: string[];
  arrays: number;
  health: 'error' | 'info' | 'ok' | 'warning';
}
/**
 * How many steps of a mode were recorded, the first and the last of them.
 */
export interface ModeSteps {
  mode: 'EVAL' | 'GLOBAL' | 'PREDICT' | 'TRAIN';
  count: number;
  first: number;
  last: number;
}
/**
 * One flight recording: the last steps before a finding, with every tensor whole.
 *
 * Attributes:
 *     id: Its identity.
 *     time: When its last step was.
 *     finding: The id of the finding that it was kept for, "" if a person asked for it.
 *     rule: The rule that found it, "" likewise.
 *     severity: Of the worst finding that it was kept for; None likewise.
 *     steps: The recorded steps, oldest first.
 *     tensors: Their names, in the model's order.
 */
export interface RecordingSummary {
  id: string;
  time: number;
  finding: string;
  rule: string;
  severity: ('error' | 'info' | 'warning') | null;
  steps: RecordedMoment[];
  tensors: string[];
}
/**
 * One step of a flight recording: its mode, and its number within it.
 */
export interface RecordedMoment {
  mode: 'EVAL' | 'GLOBAL' | 'PREDICT' | 'TRAIN';
  step: number;
}
/**
 * One step of a flight recording.
 *
 * Attributes:
 *     recording: The recording.
 *     mode, step, time: Which step.
 *     tensors: What it holds.
 */
export interface RecordedStep {
  recording: string;
  mode: 'EVAL' | 'GLOBAL' | 'PREDICT' | 'TRAIN';
  step: number;
  time: number;
  tensors: TensorFacts[];
}
/**
 * One whole tensor at one step, in figures.
 *
 * Attributes:
 *     name: The tensor.
 *     shape, dtype: Of the array.
 *     min, max, mean, std, l2: Over all its values, NaN and infinities included.
 *     nan_count, inf_count, zero_count: How many of its values are so.
 *     change: |x - y|_2 / |y|_2 from the recorded step before (y) to this one (x); None for the first.
 */
export interface TensorFacts {
  name: string;
  shape: number[];
  dtype: string;
  min: number | ('-Infinity' | 'Infinity' | 'NaN');
  max: number | ('-Infinity' | 'Infinity' | 'NaN');
  mean: number | ('-Infinity' | 'Infinity' | 'NaN');
  std: number | ('-Infinity' | 'Infinity' | 'NaN');
  l2: number | ('-Infinity' | 'Infinity' | 'NaN');
  nan_count: number;
  inf_count: number;
  zero_count: number;
  change: number | ('-Infinity' | 'Infinity' | 'NaN') | null;
}
/**
 * The modules of a model, and which gave what to which.
 *
 * Attributes:
 *     trial_id: The trial.
 *     mode, step: Which step the values are of.
 *     reduction: What the values are.
 *     within: The module whose insides these are, "" for the whole model.
 *     nodes: In the order in which they ran, else in the model's. Of a large model, modules stand for those within.
 *     total: How many there are; more than nodes where some are left out at the end.
 *     edges: Without knowledge, modules that hold no others follow each other in their order.
 */
export interface Network {
  trial_id: string;
  mode: 'EVAL' | 'GLOBAL' | 'PREDICT' | 'TRAIN';
  step: number;
  reduction: string;
  within: string;
  nodes: NetworkNode[];
  total: number;
  edges: NetworkEdge[];
}
/**
 * One module of a model at one step.
 *
 * Attributes:
 *     path: Its path, "" for the model itself.
 *     type: Its class.
 *     depth: How many modules it lies within.
 *     order: When it ran, counted from 0 within the model; -1 if that is not known.
 *     modules: How many modules it stands for, those that hold others left out; 1 where it stands for itself.
 *     tensors: Names of the tensors that belong to it; none where it stands for others.
 *     value: The chosen reduction of the first of them that has it, at the step or the latest before; None without.
 *         Of several modules, the one of the largest magnitude, or one that is not finite.
 *     shown: That tensor's name.
 *     health: The worst that an open finding of that step or an earlier one says of them.
 */
export interface NetworkNode {
  path: string;
  type: string;
  depth: number;
  order: number;
  modules: number;
  tensors: string[];
  value: number | ('-Infinity' | 'Infinity' | 'NaN') | null;
  shown: string;
  health: 'error' | 'info' | 'ok' | 'warning';
}
/**
 * The output of one module was an input of another; both by path.
 */
export interface NetworkEdge {
  source: string;
  destination: string;
}
/**
 * A person's commands, applied together or not at all.
 */
export interface CommandRequest {
  commands: (
    | OpenExperiment
    | RenameExperiment
    | SetObjective
    | RenameTrial
    | Annotate
    | SetTags
    | Archive
    | Delete
    | Restore
    | SaveView
    | DeleteView
    | PutNode
    | RemoveNode
    | Associate
    | Dissociate
    | AskTraining
    | Dismiss
  )[];
}
/**
 * Create the experiment of that name unless there is one.
 *
 * Attributes:
 *     id: The id it gets if it is new.
 *     name: Its name.
 *     created: When.
 *     objective, goal: The metric it is judged by; None leaves what is there.
 */
export interface OpenExperiment {
  command: 'open-experiment';
  id: string;
  name: string;
  created: number;
  objective?: string | null;
  goal?: 'max' | 'min';
}
/**
 * Give an experiment another name; Conflict if it is taken.
 */
export interface RenameExperiment {
  command: 'rename-experiment';
  id: string;
  name: string;
}
/**
 * Choose the metric an experiment is judged by; None returns to the automatic choice.
 */
export interface SetObjective {
  command: 'set-objective';
  id: string;
  metric: string | null;
  goal?: 'max' | 'min';
}
/**
 * Give a trial another name; Conflict if it is taken within the experiment.
 */
export interface RenameTrial {
  command: 'rename-trial';
  id: string;
  name: string;
}
/**
 * Replace the note of an experiment or trial.
 */
export interface Annotate {
  command: 'annotate';
  id: string;
  note: string;
}
/**
 * Set and remove tags of experiments or trials.
 */
export interface SetTags {
  command: 'set-tags';
  ids: string[];
  set?: {
    [k: string]: string;
  };
  remove?: string[];
}
/**
 * Put experiments or trials away, or take them out again: they stay, but lists leave them out.
 */
export interface Archive {
  command: 'archive';
  ids: string[];
  archived?: boolean;
}
/**
 * Delete experiments (with their trials) or trials.
 *
 * The trials that are part of a trial go with it. They can be restored until purged. Their names are free at once.
 */
export interface Delete {
  command: 'delete';
  ids: string[];
  time: number;
}
/**
 * Take back a deletion; a name that was taken meanwhile gets "-2", "-3" … appended.
 */
export interface Restore {
  command: 'restore';
  ids: string[];
}
/**
 * Keep a comparison under a name; one of that id is replaced.
 */
export interface SaveView {
  command: 'save-view';
  view: ViewRecord;
}
/**
 * Forget a saved comparison.
 */
export interface DeleteView {
  command: 'delete-view';
  id: string;
}
/**
 * Record a node of the lineage; one of that id gets the new name, type, place and properties.
 *
 * Attributes:
 *     node: The node.
 *     replace: False leaves a node of that id as it is: what people say outlives what is noticed by itself.
 */
export interface PutNode {
  command: 'put-node';
  node: LineageNode;
  replace?: boolean;
}
/**
 * Forget a node of the lineage and its associations; trials are not removed by this.
 */
export interface RemoveNode {
  command: 'remove-node';
  id: string;
}
/**
 * Record that one node led to another; said again, it stays as it was.
 */
export interface Associate {
  command: 'associate';
  edge: LineageEdge;
}
/**
 * Take an association back.
 */
export interface Dissociate {
  command: 'dissociate';
  source: string;
  destination: string;
  association:
    'AssociatedWith' | 'ContributedTo' | 'DerivedFrom' | 'Produced' | 'SameAs';
}
/**
 * Ask something of a running training; asked again under the same id it is asked once.
 */
export interface AskTraining {
  command: 'ask-training';
  request: RequestRecord;
}
/**
 * What a person asks of a running training.
 *
 * Attributes:
 *     id: Its identity.
 *     trial_id: The trial.
 *     wish: What is wanted.
 *     argument: The rule's name for "rule-on" and "rule-off".
 *     created: When.
 */
export interface RequestRecord {
  id: string;
  trial_id: string;
  wish:
    | 'go-on'
    | 'lower-learning-rate'
    | 'pause'
    | 'record'
    | 'rule-off'
    | 'rule-on'
    | 'stop';
  argument: string;
  created: number;
}
/**
 * Put findings away, or take them out again.
 */
export interface Dismiss {
  command: 'dismiss';
  ids: string[];
  dismissed?: boolean;
}
/**
 * The cursor after which the commands are visible.
 */
export interface CommandResult {
  seq: number;
}
/**
 * The first frame: who answers and where the log stands.
 */
export interface Hello {
  message: 'hello';
  version: string;
  wire: number;
  seq: number;
}
/**
 * Events after the reader's cursor, oldest first.
 */
export interface Events {
  message: 'events';
  events: (
    | ExperimentChanged
    | TrialChanged
    | DetailChanged
    | MetricsAdvanced
    | ViewsChanged
    | LineageChanged
    | FindingChanged
    | DebuggerChanged
    | TrainingAsked
  )[];
}
/**
 * An experiment was created, renamed, annotated, deleted or restored, or its counts changed.
 */
export interface ExperimentChanged {
  event: 'experiment-changed';
  seq: number;
  time: number;
  experiment: ExperimentRecord;
}
/**
 * A trial started, ended, was renamed, annotated, deleted or restored.
 */
export interface TrialChanged {
  event: 'trial-changed';
  seq: number;
  time: number;
  trial: TrialRecord;
}
/**
 * Facts of a trial beyond its record changed; whoever shows them reads them anew.
 */
export interface DetailChanged {
  event: 'detail-changed';
  seq: number;
  time: number;
  trial_id: string;
  experiment_id: string;
  what: 'artifacts' | 'captures' | 'components' | 'output' | 'params';
}
/**
 * Series of a trial have grown.
 *
 * Attributes:
 *     points: Points in all series of the trial.
 *     objective: The summary that stands for the trial in lists.
 *     metrics: The summaries that changed, without sparks; at most 50, then `truncated` is set and the rest must be
 *         read.
 */
export interface MetricsAdvanced {
  event: 'metrics-advanced';
  seq: number;
  time: number;
  trial_id: string;
  experiment_id: string;
  points: number;
  objective: MetricSummary | null;
  goal: 'max' | 'min';
  metrics: MetricSummary[];
  truncated: boolean;
}
/**
 * Saved comparisons were added, replaced or removed; whoever lists them reads them anew.
 */
export interface ViewsChanged {
  event: 'views-changed';
  seq: number;
  time: number;
}
/**
 * Nodes of the lineage or their associations changed.
 *
 * Attributes:
 *     ids: The nodes concerned, trials among them; at most 200, then `truncated` is set.
 */
export interface LineageChanged {
  event: 'lineage-changed';
  seq: number;
  time: number;
  ids: string[];
  truncated: boolean;
}
/**
 * A rule found something, found it again, or a finding was dismissed.
 */
export interface FindingChanged {
  event: 'finding-changed';
  seq: number;
  time: number;
  experiment_id: string;
  finding: FindingRecord;
}
/**
 * The rules over a trial or its watching changed, or tensors were recorded; whoever shows them reads them anew.
 */
export interface DebuggerChanged {
  event: 'debugger-changed';
  seq: number;
  time: number;
  trial_id: string;
  experiment_id: string;
}
/**
 * Something was asked of a running training.
 */
export interface TrainingAsked {
  event: 'training-asked';
  seq: number;
  time: number;
  trial_id: string;
}
/**
 * The cursor is too old or from another store: read everything anew and go on from `seq`.
 */
export interface Reset {
  message: 'reset';
  seq: number;
}

/** The version this file was generated for; the server says its own in Status. */
export const WIRE_VERSION = 3;
