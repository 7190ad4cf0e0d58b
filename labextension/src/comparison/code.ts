/** Python code that makes in a notebook what a comparison shows. Pure. */
import { type ChartKind, LOG_AXES, type Role } from '../charts/chartsModel';
import type { TrialRecord } from '../wire';
import type { ComparisonModel } from './model';

/** Return code that finds trials and compares them; names stand in comments, escaped. */
export function comparisonCode(
  trials: readonly TrialRecord[],
  last: readonly string[] = ['trials[0].experiment.compare(*trials)']
): string {
  const lines = trials.map(
    trial =>
      // JSON's escapes keep a name with a line break inside its comment.
      `    studio.find_trial(${python(trial.id)}),  # ${JSON.stringify(trial.name)}`
  );
  return [
    'import labdeck',
    '',
    'studio = labdeck.open()',
    'trials = [',
    ...lines,
    ']',
    ...last,
    ''
  ].join('\n');
}

/** Return code for the face that is shown, with what the reader chose there. */
export function shownCode(model: ComparisonModel): string {
  const trials = model.shown.map(f => f.trial);
  return comparisonCode(trials, faceLines(model));
}

function faceLines(model: ComparisonModel): readonly string[] | undefined {
  switch (model.tab) {
    case 'table':
      return undefined;
    case 'curves':
      return curveLines(model);
    case 'code':
    case 'environment':
      return differenceLines(model);
    case 'importance': {
      const [target = ''] = model.charts.chosen('importance', 'target');
      const fields = model.charts.chosen('importance', 'field');
      return [
        ...IDS,
        `studio.comparing.importance(ids, ${[python(target), ...(fields.length > 0 ? [list(fields)] : [])].join(', ')})`
      ];
    }
    default:
      return chartLines(model, model.tab);
  }
}

/** The charts that the server draws. */
type DrawnKind = Exclude<ChartKind, 'importance'>;

const IDS = ['ids = [trial.id for trial in trials]'];
const FIGURES = ['from labdeck_ui import figures', ''];

function curveLines(model: ComparisonModel): string[] {
  const { x, smoothing, log, logx, clip, group } = model.curves.options;
  const series = model.curves.charts
    .map(({ series: { component, metric } }) => [component, metric] as const)
    .map(
      ([component, metric]) =>
        `    SeriesKey(${python(component)}, ${python(metric)}),`
    );
  const read =
    group.length > 0
      ? `studio.comparing.grouped_curves(ids, series, ${list(group)}, ${python(x)})`
      : `studio.curves(ids, series, ${python(x)})`;
  const flags = [
    log && 'log=True',
    logx && 'log_x=True',
    clip && 'clip=True'
  ].filter(Boolean);
  const draw = group.length > 0 ? 'grouped_curves' : 'curves';
  return [
    ...FIGURES,
    'from labdeck import SeriesKey',
    '',
    ...IDS,
    'series = [',
    ...series,
    ']',
    `figures.${draw}(${[read, python(x), String(smoothing), ...flags].join(', ')})`
  ];
}

function differenceLines(model: ComparisonModel): string[] | undefined {
  const { before, after, equal } = model.difference;
  const kind = model.tab === 'code' ? 'code' : 'environment';
  return before && after
    ? [
        `before, after = ${python(before.id)}, ${python(after.id)}`,
        `studio.comparing.${kind}_difference(before, after${equal ? ', equal=True' : ''})`
      ]
    : undefined;
}

function chartLines({ charts }: ComparisonModel, kind: DrawnKind): string[] {
  const roles = (role: Role): string[] => charts.chosen(kind, role).map(python);
  const scales = LOG_AXES[kind]
    .filter(axis => charts.isLog(kind, axis))
    .map(axis => (axis === 'logx' ? 'log_x=True' : 'log_y=True'));
  const isBy = roles('group').length > 0;
  const by = `[${roles('group').join(', ')}]`;
  const table = (...fields: string[]): string =>
    `studio.comparing.table(ids, [${[...new Set(fields)].join(', ')}])`;
  const draw = (name: string, ...args: string[]): string[] => [
    ...FIGURES,
    ...IDS,
    `figures.${name}(${args.join(', ')})`
  ];
  // A box and a bar have one scale, and so one word for it.
  const scale = scales.length > 0 ? ['log=True'] : [];
  const tint = roles('color').map(field => `color=${field}`);
  const points = [...roles('x'), ...roles('y'), ...roles('z')];
  const y = `[${roles('y').join(', ')}]`;
  switch (kind) {
    case 'scatter':
    case 'contour':
      return draw(
        kind,
        table(...points, ...roles('color')),
        ...points,
        ...tint,
        ...scales
      );
    case 'box': {
      const groups = isBy ? [`studio.comparing.groups(ids, ${by})`] : [];
      return draw(kind, table(...points), ...points, ...groups, ...scale);
    }
    case 'bar':
      return isBy
        ? draw(
            'grouped_bar',
            `studio.comparing.groups(ids, ${by}, ${y})`,
            ...scale
          )
        : draw(kind, table(...points), y, ...scale);
    case 'parallel': {
      const axes = `[${roles('field').join(', ')}]`;
      const read = table(...roles('field'), ...roles('color'));
      return draw(kind, read, axes, ...tint);
    }
  }
}

/** A text as Python reads it: JSON's escapes are among Python's; what breaks or hides lines is escaped, too. */
function python(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}

function list(texts: readonly string[]): string {
  return `[${texts.map(python).join(', ')}]`;
}
