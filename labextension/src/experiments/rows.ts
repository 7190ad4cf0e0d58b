/** The lines of the tree, from what is known of the store and what the reader has opened. */
import type { LabdeckError } from '../client/errors';
import type { StoreMirror } from '../client/mirror';
import type { ComponentRecord, ExperimentRecord, TrialRecord } from '../wire';

/** A line of the tree. */
export type Row =
  | {
      kind: 'experiment';
      key: string;
      experiment: ExperimentRecord;
      open: boolean;
    }
  | { kind: 'trial'; key: string; trial: TrialRecord; open: boolean }
  | {
      kind: 'component';
      key: string;
      trial: string;
      component: ComponentRecord;
    }
  /** A trial or component that was not read yet; a trial's place in its experiment, -1 for a component. */
  | { kind: 'pending'; key: string; level: number; of: string; place: number }
  /** There is nothing below an open row. */
  | {
      kind: 'nothing';
      key: string;
      level: number;
      below: 'experiment' | 'trial';
    }
  /** What is below an open row could not be read. */
  | {
      kind: 'failed';
      key: string;
      level: number;
      of: string;
      error: LabdeckError;
    };

/** What the reader has asked to see. */
export interface ITreeView {
  /** Ids of open experiments and trials. */
  open: ReadonlySet<string>;
  /** Experiments closed by hand while the filter holds them open. */
  shut: ReadonlySet<string>;
  /** What names must contain, in lower case; "" for all. */
  needle: string;
}

/** The lines of all experiments, in the order given. */
export function buildRows(
  experiments: readonly ExperimentRecord[],
  mirror: StoreMirror,
  view: ITreeView
): Row[] {
  return experiments.flatMap(one => experimentRows(one, mirror, view));
}

function experimentRows(
  experiment: ExperimentRecord,
  mirror: StoreMirror,
  view: ITreeView
): Row[] {
  const { id, name } = experiment;
  const { needle } = view;
  const { items } = mirror.trials(id);
  const found = items.filter(trial => contains(trial.name, needle));
  const own = contains(name, needle);
  if (!own && found.length === 0) {
    return [];
  }
  const held = needle !== '' && found.length > 0;
  const open = held ? !view.shut.has(id) : view.open.has(id);
  const head: Row = { kind: 'experiment', key: id, experiment, open };
  if (!open) {
    return [head];
  }
  const shown = found.length === 0 ? items : found;
  return [
    head,
    ...shown.flatMap(trial => trialRows(trial, mirror, view)),
    ...(needle === '' ? restRows(experiment, mirror) : [])
  ];
}

/** What stands below the trials that were read. */
function restRows(
  { id, trials }: ExperimentRecord,
  mirror: StoreMirror
): Row[] {
  const { problem, complete, items } = mirror.trials(id);
  if (problem) {
    return [
      { kind: 'failed', key: `${id}!`, level: 2, of: id, error: problem }
    ];
  }
  if (complete) {
    const nothing: Row = {
      kind: 'nothing',
      key: `${id}-`,
      level: 2,
      below: 'experiment'
    };
    return items.length === 0 ? [nothing] : [];
  }
  const rest = Math.max(1, trials - items.length);
  return Array.from({ length: rest }, (_, index) => ({
    kind: 'pending',
    key: `${id}#${items.length + index}`,
    level: 2,
    of: id,
    place: items.length + index
  }));
}

function trialRows(
  trial: TrialRecord,
  mirror: StoreMirror,
  view: ITreeView
): Row[] {
  const { id } = trial;
  const open = view.open.has(id);
  const head: Row = { kind: 'trial', key: id, trial, open };
  return open ? [head, ...componentRows(id, mirror)] : [head];
}

function componentRows(trial: string, mirror: StoreMirror): Row[] {
  const detail = mirror.detail(trial);
  if (detail === undefined) {
    return [
      { kind: 'pending', key: `${trial}#`, level: 3, of: trial, place: -1 }
    ];
  }
  if (detail instanceof Error) {
    return [
      { kind: 'failed', key: `${trial}!`, level: 3, of: trial, error: detail }
    ];
  }
  if (detail.components.length === 0) {
    return [{ kind: 'nothing', key: `${trial}-`, level: 3, below: 'trial' }];
  }
  return detail.components.map(component => ({
    kind: 'component',
    key: `${trial}/${component.name}`,
    trial,
    component
  }));
}

function contains(name: string, needle: string): boolean {
  return name.toLowerCase().includes(needle);
}
