/** What was found, in words. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { formatNumber, toFloat } from '../parts/format';
import { severityLabel } from '../parts/SeverityIcon';
import type { FindingRecord, RequestRecord, RuleRecord } from '../wire';

/** What can be asked of a training. */
export type Wish = RequestRecord['wish'];

export const WISHES: readonly Wish[] = [
  'stop',
  'pause',
  'go-on',
  'record',
  'lower-learning-rate',
  'rule-on',
  'rule-off'
];

/** The number that was judged against its threshold: 3e-9 < 1e-7; "" where there is none. */
export function measured(finding: FindingRecord): string {
  const { value, threshold } = finding;
  if (value === null) {
    return '';
  }
  if (threshold === null || Number.isNaN(toFloat(value))) {
    return formatNumber(value);
  }
  const sign =
    toFloat(value) < toFloat(threshold)
      ? '<'
      : toFloat(value) > toFloat(threshold)
        ? '>'
        : '=';
  return `${formatNumber(value)} ${sign} ${formatNumber(threshold)}`;
}

/** At which step it was found first; each mode counts its own, so that of an evaluation says so. */
export function firstStepText(
  { mode, step }: Pick<FindingRecord, 'mode' | 'step'>,
  trans: TranslationBundle
): string {
  switch (mode) {
    case 'EVAL':
      return trans.__('evaluation %1', step);
    case 'PREDICT':
      return trans.__('prediction %1', step);
    case 'TRAIN':
    case 'GLOBAL':
      return trans.__('step %1', step);
  }
}

/** At which step, or from which to which. */
export function stepText(
  finding: FindingRecord,
  trans: TranslationBundle
): string {
  const { mode, step, last_step } = finding;
  if (last_step === step) {
    return firstStepText(finding, trans);
  }
  switch (mode) {
    case 'EVAL':
      return trans.__('evaluations %1–%2', step, last_step);
    case 'PREDICT':
      return trans.__('predictions %1–%2', step, last_step);
    case 'TRAIN':
    case 'GLOBAL':
      return trans.__('steps %1–%2', step, last_step);
  }
}

/** Everything about a finding as lines of text. */
export function findingLines(
  finding: FindingRecord,
  trial: string,
  trans: TranslationBundle
): string[] {
  const where = stepText(finding, trans);
  const judged = [finding.tensor, measured(finding)].filter(Boolean).join(' ');
  return [
    `${severityLabel(finding.severity, trans)}: ${finding.rule} (${where})`,
    trial,
    judged,
    finding.message,
    finding.remedy,
    finding.origin
  ].filter(line => line !== '');
}

/** The state of a rule in the reader's language. */
export function ruleStateLabel(
  state: RuleRecord['state'],
  trans: TranslationBundle
): string {
  switch (state) {
    case 'watching':
      return trans.__('watching');
    case 'firing':
      return trans.__('firing');
    case 'failed':
      return trans.__('failed');
    case 'off':
      return trans.__('off');
  }
}

/** A wish as the label of its button. */
export function wishLabel(wish: Wish, trans: TranslationBundle): string {
  switch (wish) {
    case 'stop':
      return trans.__('Stop training');
    case 'pause':
      return trans.__('Pause');
    case 'go-on':
      return trans.__('Go on');
    case 'record':
      return trans.__('Record flight');
    case 'lower-learning-rate':
      return trans.__('Lower learning rate');
    case 'rule-on':
      return trans.__('Switch on');
    case 'rule-off':
      return trans.__('Switch off');
  }
}

/** What a wish does, as a hint. */
export function wishHint(wish: Wish, trans: TranslationBundle): string {
  switch (wish) {
    case 'stop':
      return trans.__(
        'End the training cleanly at its next step; what it has logged stays'
      );
    case 'pause':
      return trans.__('Stop at the next step, and hand over what is in memory');
    case 'go-on':
      return trans.__('Let a paused training go on');
    case 'record':
      return trans.__('Keep the last steps with all their tensors');
    case 'lower-learning-rate':
      return trans.__('Divide the learning rate by ten');
    case 'rule-on':
      return trans.__('Let the rule judge again from the next step on');
    case 'rule-off':
      return trans.__('Let the rule judge no further step');
  }
}

/** What was asked, as a notice. */
export function askedNotice(
  wish: Wish,
  trial: string,
  argument: string,
  trans: TranslationBundle
): string {
  switch (wish) {
    case 'stop':
      return trans.__('%1 is asked to stop at its next step.', trial);
    case 'pause':
      return trans.__('%1 is asked to pause at its next step.', trial);
    case 'go-on':
      return trans.__('%1 is asked to go on.', trial);
    case 'record':
      return trans.__('%1 is asked to keep its last steps.', trial);
    case 'lower-learning-rate':
      return trans.__('%1 is asked to lower its learning rate.', trial);
    case 'rule-on':
      return trans.__('%1 is asked to switch %2 on.', trial, argument);
    case 'rule-off':
      return trans.__('%1 is asked to switch %2 off.', trial, argument);
  }
}

/** What takes a wish back; null where nothing does. */
export function oppositeOf(wish: Wish): Wish | null {
  switch (wish) {
    case 'pause':
      return 'go-on';
    case 'rule-on':
      return 'rule-off';
    case 'rule-off':
      return 'rule-on';
    default:
      return null;
  }
}
