/** Findings and rules as a store would give them. */
import type {
  FindingRecord,
  RuleRecord,
  WatchRecord
} from '../../../labextension/src/wire';
import { id } from '../pagesServer';

/** A finding in a trial; a larger number is a later one. */
export function finding(
  number: number,
  more: Partial<FindingRecord> = {}
): FindingRecord {
  return {
    id: id(number),
    trial_id: id(1),
    rule: 'VanishingGradient',
    severity: 'warning',
    mode: 'TRAIN',
    step: number,
    last_step: number,
    time: number,
    last_time: number,
    count: 1,
    tensor: 'gradient/conv1.weight',
    value: 3e-9,
    threshold: 1e-7,
    message: 'the gradient has all but vanished',
    remedy: 'Use another activation',
    origin: '',
    recording: '',
    actions: [],
    dismissed: false,
    ...more
  };
}

export function rule(name: string, more: Partial<RuleRecord> = {}): RuleRecord {
  return {
    name,
    rule: name,
    state: 'watching',
    params: { threshold: 1e-7 },
    description: 'Looks for trouble',
    findings: 0,
    evaluations: 10,
    cost: 0.0123,
    missing: '',
    error: '',
    report: {},
    ...more
  };
}

export function watch(more: Partial<WatchRecord> = {}): WatchRecord {
  return {
    name: 'Net',
    framework: 'torch',
    state: 'on',
    reason: '',
    steps: 10,
    recorded: 10,
    tensors: 6,
    parameters: 20_000,
    step_time: 10,
    cost: 0.2,
    budget: 0.03,
    interval: 1,
    recordings: 0,
    dropped: 0,
    warnings: [],
    ...more
  };
}

/** An event that a finding was made or has changed. */
export function found(
  one: FindingRecord,
  seq = 1
): { event: 'finding-changed'; seq: number; time: number } & {
  experiment_id: string;
  finding: FindingRecord;
} {
  return {
    event: 'finding-changed',
    seq,
    time: 1,
    experiment_id: id(1000),
    finding: one
  };
}
