/** Notices in JupyterLab's corner for findings that ask for one. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';

import type { FindingsFeed, IHeard } from '../client/debugging';
import { firstStepText } from '../findings/words';
import { CommandIDs } from '../tokens';
import type { FindingRecord } from '../wire';

/** Which findings are told: those whose rule was given the action Notify, also errors, all, or none. */
export type Told = 'asked' | 'errors' | 'all' | 'none';

export const TOLD: readonly Told[] = ['asked', 'errors', 'all', 'none'];

/** How often the feed may change before a finding is told without the name of its trial. */
const PATIENCE = 3;
/** How long a notice stays in sight where the pointer does not hold it, in milliseconds. */
const LIFE = 10_000;
/** Notices in sight at once: more would climb over what they tell of. */
const MOST_IN_SIGHT = 3;
/** Keeps a notice in JupyterLab's list of notices alone; one that is in the corner stays there as it is. */
const SILENT = 0;

/** Where notices are shown. */
export interface INoticeBoard {
  emit: (message: string, type: NoticeType, options: object) => string;
  update: (notice: INoticeUpdate) => boolean;
  dismiss: (id: string) => void;
}

/** A notice with other words. */
export interface INoticeUpdate {
  id: string;
  message: string;
  type: NoticeType;
  autoClose: number;
}

type NoticeType = FindingRecord['severity'];

/** What was told of a trial. */
interface ITold {
  id: string;
  /** The finding that came first. */
  first: FindingRecord;
  severity: NoticeType;
  rules: Set<string>;
  count: number;
  /** When it leaves the corner, in milliseconds since 1970. */
  until: number;
}

/** One notice a trial: what it finds further is counted there, and only another rule brings it back into sight. */
export class Notices implements IDisposable {
  constructor(
    feed: FindingsFeed,
    commands: CommandRegistry,
    trans: TranslationBundle,
    board: INoticeBoard = BOARD
  ) {
    this.#feed = feed;
    this.#commands = commands;
    this.#trans = trans;
    this.#board = board;
    feed.heard.connect(this.#onHeard, this);
    feed.changed.connect(this.#onFeed, this);
  }

  /** Which findings are told. */
  told: Told = 'errors';

  get isDisposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    this.#disposed = true;
    this.#feed.heard.disconnect(this.#onHeard, this);
    this.#feed.changed.disconnect(this.#onFeed, this);
  }

  #onHeard(_: FindingsFeed, heard: readonly IHeard[]): void {
    for (const { finding, before } of heard) {
      const was = before !== null && wants(before, this.told);
      if (!was && !finding.dismissed && wants(finding, this.told)) {
        this.#late.push({ finding, turns: 0 });
      }
    }
    this.#flush();
  }

  /** A trial that has just begun is read a moment later: wait for its name, but not for ever. */
  #onFeed(): void {
    this.#late.forEach(one => one.turns++);
    this.#flush();
  }

  /** Tell what need not wait, of each trial at once. */
  #flush(): void {
    const ripe = new Map<string, FindingRecord[]>();
    for (const one of this.#late.splice(0)) {
      const { trial_id } = one.finding;
      if (this.#feed.trial(trial_id) || one.turns >= PATIENCE) {
        ripe.set(trial_id, [...(ripe.get(trial_id) ?? []), one.finding]);
      } else {
        this.#late.push(one);
      }
    }
    ripe.forEach((findings, trial) => this.#tell(trial, findings));
  }

  #tell(trial: string, findings: readonly FindingRecord[]): void {
    const before = this.#shown.get(trial);
    const isOther = findings.some(({ rule }) => !before?.rules.has(rule));
    const inSight = before !== undefined && before.until > Date.now();
    const first = [...(before ? [before.first] : []), ...findings].sort(
      earliestFirst
    )[0];
    const now: ITold = {
      id: before?.id ?? '',
      first,
      severity: worst([
        ...(before ? [before.severity] : []),
        ...severities(findings)
      ]),
      rules: new Set([...(before?.rules ?? []), ...findings.map(f => f.rule)]),
      count: (before?.count ?? 0) + findings.length,
      until: before?.until ?? 0
    };
    this.#shown.set(trial, now);
    if (before && (inSight || !isOther)) {
      this.#renew(now);
    } else {
      this.#show(now);
    }
  }

  /** Count on in the list: a notice that changes in the corner would begin its life anew, or come back when closed. */
  #renew(told: ITold): void {
    this.#board.update({
      id: told.id,
      message: this.#words(told),
      type: told.severity,
      autoClose: SILENT
    });
  }

  #show(told: ITold): void {
    const now = Date.now();
    if (told.id !== '') {
      this.#board.dismiss(told.id);
    }
    const others = [...this.#shown.values()].filter(
      other => other !== told && other.until > now
    );
    const isCrowded = others.length >= MOST_IN_SIGHT;
    told.until = isCrowded ? 0 : now + LIFE;
    told.id = this.#board.emit(this.#words(told), told.severity, {
      autoClose: isCrowded ? SILENT : LIFE,
      actions: this.#actions(told.first)
    });
  }

  #words({ first, count }: ITold): string {
    const trans = this.#trans;
    const trial = this.#feed.trial(first.trial_id)?.name;
    const step = firstStepText(first, trans);
    const where = [trial, step].filter(Boolean).join(', ');
    const what = `${first.rule} (${where})`;
    // The number comes first: JupyterLab cuts what is long.
    const head =
      count === 1
        ? what
        : trans._n(
            '%2 and %1 more finding',
            '%2 and %1 more findings',
            count - 1,
            what
          );
    return `${head}: ${first.message}`;
  }

  #actions(finding: FindingRecord): Notification.IAction[] {
    const trans = this.#trans;
    const run = (command: string, args: object) => () =>
      void this.#commands.execute(command, { ...args });
    return [
      {
        label: trans.__('Open'),
        displayType: 'accent',
        callback: run(CommandIDs.openFinding, { id: finding.id })
      },
      {
        label: trans.__('Findings'),
        callback: run(CommandIDs.openTrial, {
          trial: finding.trial_id,
          tab: 'findings'
        })
      }
    ];
  }

  readonly #feed: FindingsFeed;
  readonly #commands: CommandRegistry;
  readonly #trans: TranslationBundle;
  readonly #board: INoticeBoard;
  /** Findings whose trial is not known yet, and how often the feed has changed since. */
  readonly #late: { finding: FindingRecord; turns: number }[] = [];
  readonly #shown = new Map<string, ITold>();
  #disposed = false;
}

const BOARD: INoticeBoard = {
  emit: (message, type, options) => Notification.emit(message, type, options),
  update: notice => Notification.update(notice),
  dismiss: id => Notification.dismiss(id)
};

/** Whether a finding is to be told. */
export function wants(finding: FindingRecord, told: Told): boolean {
  const isAsked = finding.actions.some(({ name }) => name === 'Notify');
  switch (told) {
    case 'none':
      return false;
    case 'all':
      return true;
    case 'errors':
      return isAsked || finding.severity === 'error';
    case 'asked':
      return isAsked;
  }
}

function earliestFirst(a: FindingRecord, b: FindingRecord): number {
  return a.time - b.time || a.step - b.step;
}

function severities(findings: readonly FindingRecord[]): NoticeType[] {
  return findings.map(({ severity }) => severity);
}

function worst(all: readonly NoticeType[]): NoticeType {
  return all.includes('error')
    ? 'error'
    : all.includes('warning')
      ? 'warning'
      : 'info';
}
