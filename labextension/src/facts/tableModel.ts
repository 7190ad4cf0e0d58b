/** How the reader looks at the table of a comparison, and which rows and columns it has for that. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { LabdeckError } from '../client/errors';
import { LiveReading } from '../liveReading';
import { type ISort, nextSort, sortRows } from '../parts/sorting';
import { toFloat } from '../parts/format';
import { seriesId } from '../readings';
import {
  type Kept,
  toChoice,
  toFlag,
  toKept,
  toNumber,
  toText,
  toTexts
} from '../settings';
import type { ILabdeckClient, ISeriesKey } from '../tokens';
import type { TrialFacts } from '../wire';
import {
  differs,
  factColumns,
  firstColumns,
  type IFactColumn,
  isOptional,
  type StepValues
} from './columns';
import { filterTrials } from './filter';
import { groupTrials, type IGroup, summarise } from './grouping';

/** How differences from the baseline are written. */
export const DIFFERENCES = ['absolute', 'relative', 'both'] as const;

/** How the reader looks at the table. */
export interface ITableSettings {
  /** Show only columns in which the trials differ. */
  differing: boolean;
  /** The trial from which differences are counted; null for none. */
  baseline: string | null;
  difference: (typeof DIFFERENCES)[number];
  sort: ISort | null;
  /** Ids of the columns that the reader chose; null leaves the choice to the table. */
  columns: ReadonlySet<string> | null;
  /** The column by which trials are grouped; null for none. */
  group: string | null;
  /** Keys of groups whose trials are not shown. */
  closed: ReadonlySet<string>;
  /** Words that a trial must have. */
  filter: string;
  /** The step at which values are shown; null for none. */
  step: number | null;
}

/** One line of the table. */
export type TableRow =
  | { kind: 'trial'; id: string; facts: TrialFacts; level: number }
  | { kind: 'group'; id: string; group: IGroup; open: boolean };

/** What the ids of columns with differences from the baseline begin with. */
export const DIFFERENCE = 'difference ';

/** Series times trials that the server answers for at once. */
const MOST_VALUES = 2000;
const MOST_SERIES = 50;

const FIRST: ITableSettings = {
  differing: true,
  baseline: null,
  difference: 'absolute',
  sort: null,
  columns: null,
  group: null,
  closed: new Set(),
  filter: '',
  step: null
};

/** The table of a comparison. */
export class TableModel implements IDisposable {
  constructor(client: ILabdeckClient) {
    this.#client = client;
    this.#values = new LiveReading(client);
    this.#values.changed.connect(this.#update, this);
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get settings(): ITableSettings {
    return this.#settings;
  }

  /** Grows with every change: what was made from this table is out of date once it is another. */
  get revision(): number {
    return this.#revision;
  }

  /** The trials that are compared and not hidden. */
  get facts(): readonly TrialFacts[] {
    return this.#facts;
  }

  /** Those of them that the filter leaves. */
  get matching(): readonly TrialFacts[] {
    return filterTrials(this.#facts, this.#settings.filter);
  }

  get baseline(): TrialFacts | null {
    const { baseline } = this.#settings;
    return this.#facts.find(f => f.trial.id === baseline) ?? null;
  }

  /** Why values at the chosen step are missing or out of date. */
  get error(): LabdeckError | null {
    return this.#values.error;
  }

  get isDisposed(): boolean {
    return this.#values.isDisposed;
  }

  /** All columns there could be. */
  get all(): readonly IFactColumn[] {
    return (this.#all ??= factColumns(this.#facts, now, this.#at()));
  }

  /** The ids of the columns that are shown when the trials need not differ in them. */
  get chosen(): ReadonlySet<string> {
    return this.#settings.columns ?? firstColumns(this.all, this.#facts);
  }

  /** The columns that are shown. */
  get columns(): readonly IFactColumn[] {
    const { chosen } = this;
    const differing = this.#settings.differing && this.#facts.length > 1;
    return this.all.filter(
      column =>
        !isOptional(column) ||
        (chosen.has(column.id) && (!differing || differs(column, this.#facts)))
    );
  }

  /** The column by which trials are grouped. */
  get grouping(): IFactColumn | null {
    return this.all.find(({ id }) => id === this.#settings.group) ?? null;
  }

  /** The lines in the order of the chosen column: the baseline, then trials, or groups with their trials. */
  get rows(): readonly TableRow[] {
    const { baseline, grouping } = this;
    const { id: pinned } = baseline?.trial ?? { id: null };
    const others = this.#sorted(
      this.matching.filter(f => f.trial.id !== pinned)
    );
    return [
      ...(baseline ? [trialRow(baseline, 1)] : []),
      ...(grouping
        ? this.#groupRows(grouping)
        : others.map(facts => trialRow(facts, 1)))
    ];
  }

  set(change: Partial<ITableSettings>): void {
    this.#settings = { ...this.#settings, ...change };
    this.#update();
  }

  /** Sort by a column as a click on its head does. */
  sortBy(column: string): void {
    this.set({ sort: nextSort(this.#settings.sort, column) });
  }

  /** Count differences from a trial, or from none if it is the baseline already. */
  toggleBaseline(id: string): void {
    this.set({ baseline: this.#settings.baseline === id ? null : id });
  }

  /** Show the trials of a group, or only what they come to. */
  toggleGroup(key: string): void {
    const closed = new Set(this.#settings.closed);
    if (!closed.delete(key)) {
      closed.add(key);
    }
    this.set({ closed });
  }

  /** Show or hide columns. */
  choose(ids: Iterable<string>, shown: boolean): void {
    const columns = new Set(this.chosen);
    for (const id of ids) {
      if (shown) {
        columns.add(id);
      } else {
        columns.delete(id);
      }
    }
    this.set({ columns });
  }

  /** Choose the step at which values are shown; the metrics that are shown get a column for it. */
  setStep(step: number | null): void {
    const { columns } = this.#settings;
    const metrics = [...(columns ?? [])].flatMap(id => {
      const [, statistic, key] = /^metric (\S+) (.*)$/s.exec(id) ?? [];
      return key && statistic !== 'at' ? [`metric at ${key}`] : [];
    });
    this.set({ step, columns: columns && new Set([...columns, ...metrics]) });
  }

  /** Say which trials are compared. */
  setTrials(facts: readonly TrialFacts[]): void {
    this.#facts = facts;
    this.#update();
  }

  /** The settings as JSON. */
  keep(): Kept {
    const { columns, closed, ...others } = this.#settings;
    return {
      ...others,
      columns: columns && [...columns],
      closed: [...closed]
    };
  }

  /** Take over kept settings; what does not fit is left as it is at first. */
  restore(kept: Kept): void {
    const sort = toKept(kept.sort);
    const column = toText(sort.column);
    const columns = toTexts(kept.columns);
    const step = toNumber(kept.step, -LARGEST, LARGEST, NaN);
    this.set({
      differing: toFlag(kept.differing, FIRST.differing),
      baseline: toText(kept.baseline),
      difference: toChoice(kept.difference, DIFFERENCES, FIRST.difference),
      sort:
        column === null
          ? null
          : { column, descending: toFlag(sort.descending, false) },
      columns: columns && new Set(columns),
      group: toText(kept.group),
      closed: new Set(toTexts(kept.closed)),
      filter: toText(kept.filter) ?? '',
      step: Number.isInteger(step) ? step : null
    });
  }

  dispose(): void {
    this.#values.dispose();
    Signal.clearData(this);
  }

  /** The column by which rows are sorted; differences have the order of what they are taken of. */
  #sortColumn(): IFactColumn | null {
    const wanted = this.#settings.sort?.column ?? '';
    const own = wanted.startsWith(DIFFERENCE)
      ? wanted.slice(DIFFERENCE.length)
      : wanted;
    return this.all.find(({ id }) => id === own) ?? null;
  }

  #sorted(facts: readonly TrialFacts[]): readonly TrialFacts[] {
    const { sort } = this.#settings;
    const column = this.#sortColumn();
    return sort && column
      ? sortRows(facts, column.value, sort.descending)
      : facts;
  }

  #groupRows(by: IFactColumn): TableRow[] {
    const { sort, closed } = this.#settings;
    const pinned = this.baseline?.trial.id;
    const column = this.#sortColumn();
    const groups = groupTrials(this.matching, by);
    const sorted =
      sort && column
        ? sortRows(groups, group => groupValue(column, group), sort.descending)
        : groups;
    return sorted.flatMap((group): TableRow[] => {
      const open = !closed.has(group.key);
      const members = this.#sorted(group.members)
        .filter(f => f.trial.id !== pinned)
        .map(facts => trialRow(facts, 2));
      return [
        { kind: 'group', id: `group ${group.key}`, group, open },
        ...(open ? members : [])
      ];
    });
  }

  #at(): StepValues | null {
    return this.#settings.step === null ? null : (this.#values.answer ?? NONE);
  }

  #update(): void {
    this.#all = null;
    this.#revision++;
    this.#askValues();
    this.#changed.emit();
  }

  /** Ask for the values at the chosen step of the series that have a column for them. */
  #askValues(): void {
    const { step } = this.#settings;
    const { chosen } = this;
    const trials = this.#facts.map(f => f.trial.id);
    const series = this.all
      .filter(column => column.statistic === 'at' && chosen.has(column.id))
      .map(({ component, name }) => ({ component, metric: name }));
    if (step === null || trials.length === 0 || series.length === 0) {
      this.#values.ask(null);
      return;
    }
    this.#values.ask({
      key: JSON.stringify([step, trials, series]),
      trials,
      read: () => readValues(this.#client, trials, series, step)
    });
  }

  #settings = FIRST;
  #facts: readonly TrialFacts[] = [];
  #all: readonly IFactColumn[] | null = null;
  #revision = 0;
  readonly #client: ILabdeckClient;
  readonly #values: LiveReading<StepValues>;
  readonly #changed = new Signal<this, void>(this);
}

const LARGEST = Number.MAX_SAFE_INTEGER;
const NONE: StepValues = new Map();

/** Made once for each record, so that the table sees which lines have changed. */
const known = new WeakMap<TrialFacts, Map<number, TableRow>>();

function trialRow(facts: TrialFacts, level: number): TableRow {
  const rows = known.get(facts) ?? new Map<number, TableRow>();
  known.set(facts, rows);
  let row = rows.get(level);
  if (!row) {
    row = { kind: 'trial', id: facts.trial.id, facts, level };
    rows.set(level, row);
  }
  return row;
}

/** What a group is sorted by: its mean, or what its trials have in common. */
function groupValue(
  column: IFactColumn,
  group: IGroup
): ReturnType<IFactColumn['value']> {
  return (
    summarise(column, group.members)?.mean ?? column.value(group.members[0])
  );
}

async function readValues(
  client: ILabdeckClient,
  trials: readonly string[],
  series: readonly ISeriesKey[],
  step: number
): Promise<StepValues> {
  const most = Math.max(
    1,
    Math.min(MOST_SERIES, Math.floor(MOST_VALUES / trials.length))
  );
  const found = new Map<string, Map<string, number>>();
  for (let first = 0; first < series.length; first += most) {
    const some = series.slice(first, first + most);
    const { values } = await client.values(trials, some, step);
    for (const { trial_id, component, metric, value } of values) {
      const ofTrial = found.get(trial_id) ?? new Map<string, number>();
      ofTrial.set(seriesId({ component, metric }), toFloat(value));
      found.set(trial_id, ofTrial);
    }
  }
  return found;
}

function now(): number {
  return Date.now() / 1000;
}
