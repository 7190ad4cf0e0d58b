/** Which fields the charts of a comparison show, and the figures that the server draws of them. */
import type { IFigure } from '#plotly';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type IQuestion, LiveReading } from '../liveReading';
import { type Kept, toKept, toTexts } from '../settings';
import type { IFigureRequest, ILabdeckClient } from '../tokens';
import type { Importance, TrialFacts } from '../wire';
import {
  fieldText,
  type IField,
  listFields,
  objectiveField,
  varyingParams
} from './fields';

/** The charts over the trials as points; importance is computed rather than drawn. */
export const CHARTS = [
  'scatter',
  'box',
  'bar',
  'contour',
  'parallel',
  'importance'
] as const;

export type ChartKind = (typeof CHARTS)[number];

/** What a field is chosen for. */
export type Role = 'x' | 'y' | 'z' | 'color' | 'group' | 'field' | 'target';

/** One choice that a chart offers. */
export interface IRole {
  role: Role;
  /** Whether several fields may be chosen, one must be, or none need be. */
  amount: 'one' | 'optional' | 'many';
  /** Whether only numbers can be shown there. */
  numeric: boolean;
}

/** The choices of each chart, in the order in which they are offered. */
export const ROLES: Readonly<Record<ChartKind, readonly IRole[]>> = {
  scatter: [one('x'), one('y'), { ...one('color'), amount: 'optional' }],
  box: [
    { ...one('y'), numeric: true },
    { ...one('group'), amount: 'optional' }
  ],
  bar: [
    { role: 'y', amount: 'many', numeric: true },
    { ...one('group'), amount: 'optional' }
  ],
  contour: [one('x'), one('y'), { ...one('z'), numeric: true }],
  parallel: [
    { role: 'field', amount: 'many', numeric: false },
    { ...one('color'), amount: 'optional' }
  ],
  importance: [
    { ...one('target'), numeric: true },
    { role: 'field', amount: 'many', numeric: false }
  ]
};

/** The charts whose axes may be logarithmic, and which axes those are. */
export const LOG_AXES: Readonly<
  Record<ChartKind, readonly ('logx' | 'logy')[]>
> = {
  scatter: ['logx', 'logy'],
  box: ['logy'],
  bar: ['logy'],
  contour: ['logx', 'logy'],
  parallel: [],
  importance: []
};

/** Fields that a chart shows at first where it can show many. */
const FIRST_AXES = 7;
/** The most fields that the server takes, by chart. */
const MOST: Partial<Record<ChartKind, number>> = {
  bar: 12,
  parallel: 30,
  importance: 100
};
/** Groups of a box plot that can be told apart. */
const MOST_GROUPS = 20;

/** The charts of a comparison; read only while one is shown. */
export class ChartsModel implements IDisposable {
  constructor(client: ILabdeckClient) {
    this.#client = client;
    this.#figure = new LiveReading(client);
    this.#importance = new LiveReading(client);
    for (const reading of [this.#figure, this.#importance]) {
      reading.changed.connect(this.#tell, this);
    }
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#figure.isDisposed;
  }

  /** The chart that is shown; null for none. */
  get kind(): ChartKind | null {
    return this.#kind;
  }

  /** The figure of the chart that is shown. */
  get figure(): LiveReading<IFigure> {
    return this.#figure;
  }

  get importance(): LiveReading<Importance> {
    return this.#importance;
  }

  /** The trials that are compared. */
  get facts(): readonly TrialFacts[] {
    return this.#facts;
  }

  /** All fields that a chart can show. */
  get fields(): readonly IField[] {
    return (this.#fields ??= listFields(this.#facts));
  }

  /** Say which chart is looked at; null for none. */
  show(kind: ChartKind | null): void {
    this.#kind = kind;
    this.#ask();
  }

  setTrials(facts: readonly TrialFacts[]): void {
    this.#facts = facts;
    this.#fields = null;
    this.#ask();
  }

  /** The fields chosen for something, or those that suit it. */
  chosen(kind: ChartKind, role: Role): readonly string[] {
    return this.#chosen.get(`${kind}.${role}`) ?? this.#suiting(kind, role);
  }

  choose(kind: ChartKind, role: Role, fields: readonly string[]): void {
    this.#chosen.set(`${kind}.${role}`, fields.slice(0, MOST[kind] ?? 1));
    this.#ask();
    this.#changed.emit();
  }

  isLog(kind: ChartKind, axis: 'logx' | 'logy'): boolean {
    return this.#logs.has(`${kind}.${axis}`);
  }

  setLog(kind: ChartKind, axis: 'logx' | 'logy', log: boolean): void {
    if (log) {
      this.#logs.add(`${kind}.${axis}`);
    } else {
      this.#logs.delete(`${kind}.${axis}`);
    }
    this.#ask();
    this.#changed.emit();
  }

  /** The arguments of the route that draws a chart. */
  settings(kind: ChartKind): [string, string][] {
    return [
      ...ROLES[kind].flatMap(({ role }) =>
        this.chosen(kind, role).map((field): [string, string] => [role, field])
      ),
      ...LOG_AXES[kind].map((axis): [string, string] => [
        axis,
        this.isLog(kind, axis) ? '1' : '0'
      ])
    ];
  }

  /** What the reader chose, as JSON. */
  keep(): Kept {
    return {
      fields: Object.fromEntries(this.#chosen),
      logs: [...this.#logs]
    };
  }

  /** Take over what was kept; the rest is left to the model. */
  restore(kept: Kept): void {
    this.#chosen.clear();
    this.#logs.clear();
    const fields = toKept(kept.fields);
    for (const kind of CHARTS) {
      for (const { role } of ROLES[kind]) {
        const chosen = toTexts(fields[`${kind}.${role}`]);
        if (chosen) {
          this.#chosen.set(`${kind}.${role}`, chosen);
        }
      }
    }
    toTexts(kept.logs)?.forEach(axis => this.#logs.add(axis));
    this.#ask();
    this.#changed.emit();
  }

  dispose(): void {
    this.#figure.dispose();
    this.#importance.dispose();
    Signal.clearData(this);
  }

  #tell(): void {
    this.#changed.emit();
  }

  #ask(): void {
    const kind = this.#kind;
    const trials = this.#facts.map(f => f.trial.id);
    const isReady =
      kind !== null &&
      trials.length > 0 &&
      ROLES[kind].every(
        ({ role, amount }) =>
          amount === 'optional' ||
          (kind === 'importance' && role === 'field') ||
          this.chosen(kind, role).length > 0
      );
    const isImportance = kind === 'importance';
    this.#figure.ask(
      isReady && !isImportance ? this.#figureOf(kind, trials) : null
    );
    this.#importance.ask(
      isReady && isImportance ? this.#importanceOf(trials) : null
    );
  }

  #figureOf(
    kind: IFigureRequest['kind'],
    trials: readonly string[]
  ): IQuestion<IFigure> {
    const request = { kind, trials, settings: this.settings(kind) };
    return {
      key: JSON.stringify(request),
      trials,
      read: () => this.#client.figure(request)
    };
  }

  #importanceOf(trials: readonly string[]): IQuestion<Importance> {
    const [target] = this.chosen('importance', 'target');
    const fields = this.chosen('importance', 'field');
    return {
      key: JSON.stringify([trials, target, fields]),
      trials,
      read: () => this.#client.importance(trials, target, fields)
    };
  }

  /** What a chart shows before the reader chooses: the objective against the parameters in which trials differ. */
  #suiting(kind: ChartKind, role: Role): readonly string[] {
    const objective = objectiveField(this.#facts);
    const reached = objective ? [fieldText(objective, 'best')] : [];
    const varying = varyingParams(this.#facts);
    const texts = varying.map(({ text }) => text);
    const numbers = varying.filter(f => f.numeric).map(({ text }) => text);
    const [first = 'number', second = 'duration'] = texts;
    const [firstNumber = first, secondNumber = second] = numbers;
    switch (`${kind}.${role}`) {
      case 'scatter.x':
        return [first];
      case 'scatter.y':
      case 'box.y':
      case 'bar.y':
      case 'contour.z':
      case 'parallel.color':
      case 'importance.target':
        return reached;
      case 'contour.x':
        return [firstNumber];
      case 'contour.y':
        return [secondNumber];
      case 'box.group':
        return [...varying]
          .filter(f => f.variety <= MOST_GROUPS)
          .sort((a, b) => a.variety - b.variety)
          .slice(0, 1)
          .map(({ text }) => text);
      case 'importance.field':
        return this.fields
          .filter(field => field.kind === 'param')
          .slice(0, MOST.importance)
          .map(({ text }) => text);
      case 'parallel.field':
        return [...texts.slice(0, FIRST_AXES), ...reached];
      default:
        return [];
    }
  }

  #kind: ChartKind | null = null;
  #facts: readonly TrialFacts[] = [];
  #fields: readonly IField[] | null = null;
  readonly #chosen = new Map<string, readonly string[]>();
  readonly #logs = new Set<string>();
  readonly #client: ILabdeckClient;
  readonly #figure: LiveReading<IFigure>;
  readonly #importance: LiveReading<Importance>;
  readonly #changed = new Signal<this, void>(this);
}

function one(role: Role): IRole {
  return { role, amount: 'one', numeric: false };
}
