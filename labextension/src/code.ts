/** Python code that finds again what the page shows. Pure. */
import type { ExperimentRecord, TrialRecord } from './wire';

/** What is searched for, and how what is found is ordered. */
export interface ISearchCode {
  query: string;
  sort: string;
  archived: boolean;
}

/** A text as a literal of Python, which reads JSON's escapes. */
export function pythonString(text: string): string {
  return JSON.stringify(text);
}

/** Code that opens an experiment and reads its trials as a table. */
export function experimentCode(experiment: ExperimentRecord): string {
  const name = pythonString(experiment.name);
  return lines(
    'import labdeck',
    '',
    `experiment = labdeck.open().find_experiment(${name})`,
    'experiment.frame()'
  );
}

/** Code that opens a trial; a component of it that is meant stands beside it. */
export function trialCode(trial: TrialRecord, component = ''): string {
  const meant = component === '' ? '' : `  # ${pythonString(component)}`;
  return lines(
    'import labdeck',
    '',
    `trial = labdeck.open().find_trial(${reference(trial)}`,
    `trial${meant}`
  );
}

/** Code that opens trials and compares them; a name that is not known is left out. */
export function trialsCode(trials: readonly (TrialRecord | string)[]): string {
  return lines(
    'import labdeck',
    '',
    'studio = labdeck.open()',
    'trials = [',
    ...trials.map(trial => `    studio.find_trial(${entry(trial)}`),
    ']',
    'trials[0].experiment.compare(*trials)'
  );
}

/** Code that searches, in one experiment or in all. */
export function searchCode(
  { query, sort, archived }: ISearchCode,
  experiment: ExperimentRecord | null = null
): string {
  const whole =
    experiment === null
      ? 'labdeck.open()'
      : `labdeck.open().find_experiment(${pythonString(experiment.name)})`;
  const settings = [
    pythonString(query),
    ...(sort === '' ? [] : [`sort=${pythonString(sort)}`]),
    ...(archived ? ['archived=True'] : [])
  ];
  return lines(
    'import labdeck',
    '',
    `found = ${whole}.search(${settings.join(', ')})`,
    'found.frame()'
  );
}

/** An id with the name beside it, in a comment that no name can end. */
function reference(trial: TrialRecord): string {
  const full = `${trial.experiment} / ${trial.name}`;
  return `${pythonString(trial.id)})  # ${pythonString(full)}`;
}

function entry(trial: TrialRecord | string): string {
  return typeof trial === 'string'
    ? `${pythonString(trial)}),`
    : reference(trial).replace(')  #', '),  #');
}

function lines(...given: string[]): string {
  return `${given.join('\n')}\n`;
}
