/** Notices in JupyterLab's corner for findings that ask for one. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';

import type { FindingsFeed, IHeard } from '../client/debugging';
import { stepText } from '../findings/words';
import { CommandIDs } from '../tokens';
import type { FindingRecord } from '../wire';

/** Which findings are told: those whose rule was given the action Notify, also errors, all, or none. */
export type Told = 'asked' | 'errors' | 'all' | 'none';

export const TOLD: readonly Told[] = ['asked', 'errors', 'all', 'none'];

/** How often the feed may change before a finding is told without the name of its trial. */
const PATIENCE = 3;

/** Where notices are shown. */
export interface INoticeBoard {
  emit: (message: string, type: NoticeType, options: object) => string;
  update: (notice: { id: string; message: string }) => boolean;
}

type NoticeType = 'error' | 'warning' | 'info';

/** One notice a rule and trial: a rule that finds the same in many tensors counts up instead of filling the screen. */
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

  #flush(): void {
    const waiting = this.#late.splice(0);
    for (const one of waiting) {
      const isNamed = this.#feed.trial(one.finding.trial_id) !== undefined;
      if (isNamed || one.turns >= PATIENCE) {
        this.#tell(one.finding);
      } else {
        this.#late.push(one);
      }
    }
  }

  #tell(finding: FindingRecord): void {
    const key = JSON.stringify([finding.trial_id, finding.rule]);
    const shown = this.#shown.get(key);
    if (shown) {
      const count = shown.count + 1;
      const message = this.#words(finding, count);
      // The reader may have closed it meanwhile.
      if (this.#board.update({ id: shown.id, message })) {
        shown.count = count;
        return;
      }
    }
    const words = this.#words(finding, 1);
    const id = this.#board.emit(words, finding.severity, {
      autoClose: finding.severity === 'error' ? false : 15_000,
      actions: this.#actions(finding)
    });
    this.#shown.set(key, { id, count: 1 });
  }

  #words(finding: FindingRecord, count: number): string {
    const trans = this.#trans;
    const trial = this.#feed.trial(finding.trial_id)?.name;
    const where = [trial, stepText(finding, trans)].filter(Boolean).join(', ');
    const text = `${finding.rule} (${where}): ${finding.message}`;
    return count === 1
      ? text
      : trans.__('%1 – and %2 more of this rule', text, count - 1);
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
  readonly #shown = new Map<string, { id: string; count: number }>();
  #disposed = false;
}

const BOARD: INoticeBoard = {
  emit: (message, type, options) => Notification.emit(message, type, options),
  update: notice => Notification.update(notice)
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
