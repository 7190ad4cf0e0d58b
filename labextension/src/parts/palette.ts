/** The series colours, and the rule by which a trial gets its colour: the same as in `labdeck_ui.palette`. */

/** Ten colours told apart on white and on dark, with normal and with colour-blind eyes. */
export const SERIES_COLOURS = [
  '#1e5aff',
  '#b44b00',
  '#3c784b',
  '#ff3cd2',
  '#a59600',
  '#a578ff',
  '#f06978',
  '#1e96c3',
  '#b40fd2',
  '#875a96'
] as const;

/** The colour of a trial seen alone: its last six hexadecimal digits, modulo the length of the list. */
export function trialColour(trial: string): string {
  return SERIES_COLOURS[preferred(trial)];
}

/**
 * The colours of trials seen together: each its own, unless an older trial among them has it already.
 *
 * Trials are served in the order of their ids, which is the order in which they were made. A trial whose colour is
 * taken gets the next free one; when all are taken, a new round begins.
 */
export function trialColours(trials: Iterable<string>): Map<string, string> {
  const colours = new Map<string, string>();
  const taken = new Set<number>();
  for (const trial of [...new Set(trials)].sort()) {
    if (taken.size === SERIES_COLOURS.length) {
      taken.clear();
    }
    let index = preferred(trial);
    while (taken.has(index)) {
      index = (index + 1) % SERIES_COLOURS.length;
    }
    taken.add(index);
    colours.set(trial, SERIES_COLOURS[index]);
  }
  return colours;
}

function preferred(trial: string): number {
  return parseInt(trial.slice(-6), 16) % SERIES_COLOURS.length;
}
