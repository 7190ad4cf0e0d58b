import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FindingsFeed } from '../../../labextension/src/client/debugging';
import { WatchModel } from '../../../labextension/src/findings/model';
import type { Wish } from '../../../labextension/src/findings/words';
import { FindingsModel } from '../../../labextension/src/rules/model';
import {
  MOST_RUNNING,
  RunningModel
} from '../../../labextension/src/rules/running';
import type {
  ICurrentExperiment,
  ISidebar
} from '../../../labextension/src/tokens';
import type {
  DebuggerDetail,
  TrialRecord
} from '../../../labextension/src/wire';
import { facts, id, PagesServer, trial } from '../pagesServer';
import { finding, found, rule, watch } from './records';

let server: PagesServer;

beforeEach(() => {
  vi.useFakeTimers();
  server = new PagesServer().put(facts(1), facts(2));
});

afterEach(() => {
  server.client.dispose();
  vi.useRealTimers();
});

const settle = (time = 600): Promise<unknown> =>
  vi.advanceTimersByTimeAsync(time);

class Current {
  current: ICurrentExperiment | null = null;
  readonly currentChanged = new Signal<ISidebar, ICurrentExperiment | null>(
    this as unknown as ISidebar
  );

  set(current: ICurrentExperiment | null): void {
    this.current = current;
    this.currentChanged.emit(current);
  }
}

describe("the sidebar's findings", () => {
  let all: FindingsFeed;
  let model: FindingsModel;
  let sidebar: Current;

  beforeEach(async () => {
    server.findings = [finding(7), finding(5), finding(3)];
    all = new FindingsFeed(server.client, { dismissed: false });
    sidebar = new Current();
    model = new FindingsModel(server.client, all, sidebar);
    await settle();
  });

  afterEach(() => {
    model.dispose();
    all.dispose();
  });

  const rows = (): string[] => model.rows.map(one => one.id);

  it('keep their places while the reader is among them', () => {
    model.engaged = true;
    server.tell(found(finding(9)));
    server.tell(found(finding(5, { dismissed: true })));
    server.tell(found(finding(3, { count: 8 })));
    expect(rows()).toEqual([id(7), id(5), id(3)]);
    expect(model.rows[1].dismissed).toBe(true);
    expect(model.rows[2].count).toBe(8);
    expect(model.waiting).toBe(1);
    model.engaged = false;
    expect(rows()).toEqual([id(9), id(7), id(3)]);
    expect(model.waiting).toBe(0);
  });

  it('show what waits when asked to, and hold still again', () => {
    model.engaged = true;
    server.tell(found(finding(9)));
    model.showWaiting();
    expect(rows()).toEqual([id(9), id(7), id(5), id(3)]);
    server.tell(found(finding(10)));
    expect(rows()).toHaveLength(4);
    expect(model.waiting).toBe(1);
  });

  it('that the reader puts away go at once, and the next is current', () => {
    model.engaged = true;
    model.active = id(5);
    server.tell(found(finding(5, { dismissed: true })));
    model.forget([id(5)]);
    expect(rows()).toEqual([id(7), id(3)]);
    expect(model.activeFinding?.id).toBe(id(3));
    server.tell(found(finding(3, { dismissed: true })));
    model.forget([id(3)]);
    expect(model.activeFinding?.id).toBe(id(7));
    model.forget([id(7)]);
    server.tell(found(finding(7, { dismissed: true })));
    expect(rows()).toEqual([]);
    expect(model.active).toBeNull();
  });

  it('can be those of the current experiment alone', async () => {
    model.onlyCurrent = true;
    expect(model.only).toBeNull();
    sidebar.set({ id: id(2000), name: 'other' });
    await settle();
    expect(rows()).toEqual([]);
    sidebar.set({ id: id(1000), name: 'digits' });
    await settle();
    expect(model.only?.name).toBe('digits');
    expect(rows()).toHaveLength(3);
    // Nothing is current any more: the reader goes on to see the same.
    sidebar.set(null);
    expect(model.only?.name).toBe('digits');
    model.onlyCurrent = false;
    expect(model.feed).toBe(all);
  });

  it('can be listed with those that were dismissed', async () => {
    server.findings = [finding(7, { dismissed: true }), finding(5)];
    model.showDismissed = true;
    await settle();
    expect(model.rows.map(one => one.dismissed)).toEqual([true, false]);
    model.active = id(7);
    model.forget([id(7)]);
    expect(model.active).toBe(id(7));
    model.showDismissed = false;
    expect(model.feed).toBe(all);
  });
});

describe('the watching of a trial', () => {
  let model: WatchModel;

  const put = (
    detail: Partial<Omit<DebuggerDetail, 'trial'>>,
    running = true
  ): void => {
    server.watching.set(id(1), { watches: [], rules: [], ...detail });
    server.put({
      ...facts(1),
      trial: trial(1, { state: running ? 'running' : 'completed' })
    });
  };

  const tell = async (): Promise<void> => {
    server.tell({
      event: 'debugger-changed',
      seq: 1,
      time: 1,
      trial_id: id(1),
      experiment_id: id(1000)
    });
    await settle();
  };

  beforeEach(async () => {
    put({ watches: [watch()], rules: [rule('AllZero')] });
    model = new WatchModel(server.client, id(1));
    await settle();
  });

  afterEach(() => model.dispose());

  it('is read only while somebody looks, and anew when it changes', async () => {
    const reads = (): number => server.count(`trials/${id(1)}/debugger`);
    expect(reads()).toBe(0);
    model.setVisible(true);
    await settle();
    expect(reads()).toBe(1);
    expect(model.detail?.rules).toHaveLength(1);
    await tell();
    expect(reads()).toBe(2);
    model.setVisible(false);
    await tell();
    expect(reads()).toBe(2);
    model.setVisible(true);
    await settle();
    expect(reads()).toBe(3);
  });

  it('can be asked of only while it runs', async () => {
    model.setVisible(true);
    await settle();
    expect(model.isLive).toBe(true);
    put({ watches: [watch({ state: 'off' })] });
    await tell();
    expect(model.isLive).toBe(false);
    put({ watches: [watch()] }, false);
    await tell();
    expect(model.isLive).toBe(false);
  });

  it.each([
    ['pause', '', { watches: [watch({ state: 'paused' })] }],
    ['record', '', { watches: [watch({ recordings: 1 })] }],
    ['lower-learning-rate', '', { watches: [watch({ steps: 12 })] }],
    ['rule-off', 'AllZero', { rules: [rule('AllZero', { state: 'off' })] }]
  ] as [Wish, string, Partial<DebuggerDetail>][])(
    'knows that %s was done',
    async (wish, argument, after) => {
      model.setVisible(true);
      await settle();
      model.ask(wish, argument);
      await tell();
      expect(model.isAsked(wish, argument)).toBe(true);
      put({ watches: [watch()], ...after });
      await tell();
      expect(model.isAsked(wish, argument)).toBe(false);
    }
  );

  it('is asked to stop until the trial has ended, or patience has', async () => {
    model.setVisible(true);
    await settle();
    model.ask('stop');
    await tell();
    expect(model.isAsked('stop')).toBe(true);
    put({ watches: [watch()] }, false);
    await tell();
    expect(model.isAsked('stop')).toBe(false);
    model.ask('pause');
    await settle(20_000);
    expect(model.isAsked('pause')).toBe(false);
  });

  it('says why it cannot be read, and keeps what was known', async () => {
    model.setVisible(true);
    await settle();
    server.failures.set(`trials/${id(1)}/debugger`, {
      status: 503,
      body: { code: 'store-busy', message: 'the store is busy', remedy: '' }
    });
    await tell();
    expect(model.error?.code).toBe('store-busy');
    expect(model.detail?.watches).toHaveLength(1);
  });
});

describe('the running trials', () => {
  it('come when they start and stay when they end, until they are closed', async () => {
    server.put({ ...facts(1), trial: trial(1, { state: 'running' }) });
    const model = new RunningModel(server.client);
    await settle();
    expect(model.trials.map(one => one.trial.id)).toEqual([id(1)]);
    const other = trial(2, { state: 'running', started: 500 });
    server.put({ ...facts(2), trial: other });
    server.tell({ event: 'trial-changed', seq: 1, time: 1, trial: other });
    expect(model.trials.map(one => one.trial.id)).toEqual([id(2), id(1)]);
    const ended = trial(1, { state: 'failed' });
    server.put({ ...facts(1), trial: ended });
    server.tell({ event: 'trial-changed', seq: 2, time: 1, trial: ended });
    await settle();
    expect(model.trials.map(one => one.trial.state)).toEqual([
      'running',
      'failed'
    ]);
    expect(model.total).toBe(1);
    const [, closed] = model.trials;
    model.close(id(1));
    expect(closed.watch.isDisposed).toBe(true);
    expect(model.trials).toHaveLength(1);
    model.dispose();
  });

  it('make room for new ones by the oldest that is over', async () => {
    const running = (number: number): TrialRecord =>
      trial(number, { state: 'running', started: number });
    for (let number = 1; number <= MOST_RUNNING; number++) {
      server.put({ ...facts(number), trial: running(number) });
    }
    const model = new RunningModel(server.client);
    await settle();
    expect(model.trials).toHaveLength(MOST_RUNNING);
    const tell = (record: TrialRecord): void => {
      server.put({ ...facts(record.number), trial: record });
      server.tell({ event: 'trial-changed', seq: 1, time: 1, trial: record });
    };
    tell(running(100));
    expect(model.trials.map(one => one.trial.id)).not.toContain(id(100));
    tell(trial(7, { started: 7 }));
    tell(running(101));
    const ids = model.trials.map(one => one.trial.id);
    expect(ids).toContain(id(101));
    expect(ids).not.toContain(id(7));
    model.dispose();
  });

  it('are not shown before they are known', async () => {
    server.failures.set('search', {
      status: 503,
      body: { code: 'store-busy', message: 'the store is busy', remedy: '' }
    });
    const model = new RunningModel(server.client);
    await settle();
    expect([model.known, model.problem?.code]).toEqual([false, 'store-busy']);
    server.failures.clear();
    model.refresh();
    await settle();
    expect([model.known, model.problem]).toEqual([true, null]);
    model.dispose();
  });
});
