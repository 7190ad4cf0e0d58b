/** The lines of the tree, from what is known of the store and what the reader has opened. */
import { LabdeckError } from '../client/errors';
import { compareTrials } from '../client/order';
import type { StoreMirror } from '../client/mirror';
import type { TrialList } from '../client/trials';
import type { ComponentRecord, ExperimentRecord, TrialRecord } from '../wire';
import { nest, type INested } from './nesting';

/** Where a line stands among those beside it. */
export interface IPlaced {
  key: string;
  /** 1 for an experiment, one more for each step down. */
  level: number;
  /** Its place among its siblings, from 1, and their number. */
  position: number;
  siblings: number;
}

/** A line of the tree. */
export type Row =
  | (IPlaced & {
      kind: 'experiment';
      experiment: ExperimentRecord;
      open: boolean;
      /** How many of its trials match the query; null without one. */
      found: number | null;
    })
  /** `place` is where it stands in its experiment's list; -1 below another trial. */
  | (IPlaced & {
      kind: 'trial';
      trial: TrialRecord;
      open: boolean;
      place: number;
    })
  | (IPlaced & {
      kind: 'component';
      trial: string;
      component: ComponentRecord;
    })
  /** A trial or component that was not read yet; a trial's place in its experiment, -1 for what is below a trial. */
  | (IPlaced & { kind: 'pending'; of: string; place: number })
  /** There is nothing below an open row. */
  | (IPlaced & { kind: 'nothing'; below: 'experiment' | 'trial' })
  /** What is below an open row could not be read. */
  | (IPlaced & { kind: 'failed'; of: string; error: LabdeckError });

/** What the reader has asked to see. */
export interface ITreeView {
  /** Ids of open experiments and trials. */
  open: ReadonlySet<string>;
  /** Experiments and trials closed by hand while a search holds them open. */
  shut: ReadonlySet<string>;
  /** Grows with every change of the two. */
  version: number;
  /** What a name must contain for an experiment to be found by it, in lower case; null where names are not sought. */
  words: readonly string[] | null;
}

/** Makes the lines; those of an experiment are made anew only when something of it has changed. */
export class TreeRows {
  constructor(mirror: StoreMirror) {
    this.#mirror = mirror;
  }

  /** The lines of experiments in the order given. */
  build(experiments: readonly ExperimentRecord[], view: ITreeView): Row[] {
    const parts = experiments
      .map(experiment => this.#part(experiment, view))
      .filter(part => part.length > 0);
    const kept = new Set(experiments.map(({ id }) => id));
    for (const id of this.#parts.keys()) {
      if (!kept.has(id)) {
        this.#parts.delete(id);
      }
    }
    parts.forEach(([head], index) => {
      head.position = index + 1;
      head.siblings = parts.length;
    });
    return parts.flat();
  }

  #part(experiment: ExperimentRecord, view: ITreeView): Row[] {
    const { lists, detailsVersion } = this.#mirror;
    const base = lists.of(experiment.id);
    const found = lists.found?.list(experiment.id) ?? null;
    const reasons = [
      experiment,
      base,
      base.version,
      found,
      found?.version,
      view.version,
      view.words,
      detailsVersion
    ];
    const known = this.#parts.get(experiment.id);
    if (known?.reasons.every((reason, index) => reason === reasons[index])) {
      return known.rows;
    }
    const rows = new Part(this.#mirror, view, experiment).rows(base, found);
    this.#parts.set(experiment.id, { reasons, rows });
    return rows;
  }

  readonly #mirror: StoreMirror;
  readonly #parts = new Map<string, { reasons: unknown[]; rows: Row[] }>();
}

/** The lines of one experiment. */
class Part {
  constructor(
    readonly mirror: StoreMirror,
    readonly view: ITreeView,
    readonly experiment: ExperimentRecord
  ) {}

  rows(base: TrialList, found: TrialList | null): Row[] {
    const { view, experiment } = this;
    if (found === null) {
      return this.#whole(base, view.open.has(experiment.id), null);
    }
    if (found.length > 0 || found.problem) {
      const open = !view.shut.has(experiment.id);
      return this.#whole(found, open, found.length);
    }
    const name = experiment.name.toLowerCase();
    const own = view.words?.every(word => name.includes(word)) ?? false;
    return own ? this.#whole(base, view.open.has(experiment.id), null) : [];
  }

  #whole(list: TrialList, open: boolean, found: number | null): Row[] {
    const { experiment } = this;
    const head: Row = {
      kind: 'experiment',
      key: experiment.id,
      level: 1,
      position: 1,
      siblings: 1,
      experiment,
      open,
      found
    };
    return open ? [head, ...this.#listed(list)] : [head];
  }

  #listed(list: TrialList): Row[] {
    const { id } = this.experiment;
    const { problem } = list;
    if (problem) {
      const rows = list.items.flatMap((trial, place) =>
        this.#trial(trial, 2, place, place + 1, list.items.length, null)
      );
      return [...rows, failed(id, 2, problem)];
    }
    if (list.known && list.length === 0) {
      const key = `${id}-`;
      return [{ ...alone(key, 2), kind: 'nothing', below: 'experiment' }];
    }
    const { sort } = this.mirror.lists.listing;
    const isFlat = this.mirror.lists.found !== null || sort !== 'newest';
    if (isFlat && list.complete) {
      const nested = nest(list.items);
      return this.#siblings(nested.roots, 2, nested);
    }
    return this.#places(list, isFlat);
  }

  /** One line for every place, read or not. */
  #places(list: TrialList, isFlat: boolean): Row[] {
    const { id, trials, archived_trials } = this.experiment;
    const { archived } = this.mirror.lists.listing;
    const expected = trials + (archived ? archived_trials : 0);
    const length = list.known ? list.length : Math.max(1, expected);
    const rows: Row[] = [];
    for (let place = 0; place < length; place++) {
      const trial = list.at(place);
      if (trial) {
        const below = isFlat ? EMPTY : null;
        rows.push(...this.#trial(trial, 2, place, place + 1, length, below));
      } else {
        rows.push({
          kind: 'pending',
          key: `${id}#${place}`,
          level: 2,
          position: place + 1,
          siblings: length,
          of: id,
          place
        });
      }
    }
    return rows;
  }

  #siblings(
    trials: readonly TrialRecord[],
    level: number,
    nested: INested | null
  ): Row[] {
    return trials.flatMap((trial, index) =>
      this.#trial(trial, level, -1, index + 1, trials.length, nested)
    );
  }

  /**
   * A trial and what is below it.
   *
   * @param nested - What is listed below which trial; null where everything below an open trial is shown.
   */
  #trial(
    trial: TrialRecord,
    level: number,
    place: number,
    position: number,
    siblings: number,
    nested: INested | null
  ): Row[] {
    const { view } = this;
    const matching = nested?.below.get(trial.id) ?? [];
    const asked = view.open.has(trial.id);
    const held = this.mirror.lists.found !== null && matching.length > 0;
    const open = held ? !view.shut.has(trial.id) : asked;
    const head: Row = {
      kind: 'trial',
      key: trial.id,
      level,
      position,
      siblings,
      trial,
      open,
      place
    };
    if (!open) {
      return [head];
    }
    const parts = asked ? this.#components(trial.id, level + 1, nested) : [];
    return [head, ...parts, ...this.#siblings(matching, level + 1, nested)];
  }

  /** The components of a trial, and the trials that are part of it unless those are listed elsewhere. */
  #components(trial: string, level: number, nested: INested | null): Row[] {
    const detail = this.mirror.detail(trial);
    if (detail === undefined) {
      const key = `${trial}#`;
      return [{ ...alone(key, level), kind: 'pending', of: trial, place: -1 }];
    }
    if (detail instanceof LabdeckError) {
      return [failed(trial, level, detail)];
    }
    const { archived, sort } = this.mirror.lists.listing;
    const children = nested
      ? []
      : detail.children
          .filter(child => archived || !child.archived)
          .sort(compareTrials(sort));
    const { components } = detail;
    const siblings = components.length + children.length;
    if (siblings === 0 && !nested?.below.has(trial)) {
      const key = `${trial}-`;
      return [{ ...alone(key, level), kind: 'nothing', below: 'trial' }];
    }
    const lines = components.map((component, index): Row => ({
      kind: 'component',
      key: `${trial}/${component.name}`,
      level,
      position: index + 1,
      siblings,
      trial,
      component
    }));
    const parts = children.flatMap((child, index) => {
      const position = components.length + index + 1;
      return this.#trial(child, level, -1, position, siblings, null);
    });
    return [...lines, ...parts];
  }
}

const EMPTY: INested = { roots: [], below: new Map() };

function alone(key: string, level: number): IPlaced {
  return { key, level, position: 1, siblings: 1 };
}

function failed(of: string, level: number, error: LabdeckError): Row {
  return { ...alone(`${of}!`, level), kind: 'failed', of, error };
}
