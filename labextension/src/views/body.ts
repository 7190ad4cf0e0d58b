/** What is kept of a comparison: which trials, and how the reader looks at them. Pure. */
import { type Kept, toChoice, toKept, toText, toTexts } from '../settings';

/** The faces of a comparison, in order. */
export const FACES = [
  'table',
  'curves',
  'scatter',
  'box',
  'bar',
  'contour',
  'parallel',
  'importance',
  'code',
  'environment'
] as const;

export type Face = (typeof FACES)[number];

/** A comparison as it is kept under a name, and while the page is reloaded. */
export interface IViewBody {
  /** The trials; those of the experiment come anew where it is followed. */
  trials: readonly string[];
  /** The experiment whose latest trials are compared; null where the trials were chosen. */
  follow: string | null;
  /** Trials left out of what is shown. */
  hidden: readonly string[];
  tab: Face;
  /** Each part's own settings. */
  table: Kept;
  curves: Kept;
  charts: Kept;
  difference: Kept;
}

/** How a body is written; a later version may be read by this one as far as it knows it. */
export const VERSION = 1;

/** A body as JSON. */
export function writeBody(body: IViewBody): Kept {
  return { version: VERSION, ...body };
}

/** A body as it was kept; what is missing or damaged is as in a new comparison. */
export function readBody(kept: unknown): IViewBody {
  const body = toKept(kept);
  return {
    trials: toTexts(body.trials) ?? [],
    follow: toText(body.follow),
    hidden: toTexts(body.hidden) ?? [],
    tab: toChoice(body.tab, FACES, 'table'),
    table: toKept(body.table),
    curves: toKept(body.curves),
    charts: toKept(body.charts),
    difference: toKept(body.difference)
  };
}
