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

/** The colour of a trial, by its number within the experiment: ten in a row differ, then a new round begins. */
export function trialColour(number: number): string {
  return SERIES_COLOURS[(number - 1) % SERIES_COLOURS.length];
}
