// @vitest-environment jsdom
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FindingsFeed } from '../../../labextension/src/client/debugging';
import { Notices } from '../../../labextension/src/rules/notices';
import { facts, id, PagesServer } from '../pagesServer';
import { finding, found } from './records';

const NOTIFY = { name: 'Notify', time: 1, done: true, message: '' };

describe('notices', () => {
  let server: PagesServer;
  let feed: FindingsFeed;
  let notices: Notices;
  let shown: Map<string, string>;
  let inCorner: Map<string, string>;

  beforeEach(async () => {
    vi.useFakeTimers();
    server = new PagesServer().put(facts(1));
    server.findings = [finding(3, { severity: 'error' })];
    feed = new FindingsFeed(server.client, { dismissed: false });
    shown = new Map();
    const trans = nullTranslator.load('labdeck');
    inCorner = new Map();
    let made = 0;
    notices = new Notices(feed, new CommandRegistry(), trans, {
      emit: (message, _, options) => {
        const notice = String(made++);
        shown.set(notice, message);
        const { autoClose } = options as { autoClose: number };
        if (autoClose > 0) {
          inCorner.set(notice, message);
          setTimeout(() => inCorner.delete(notice), autoClose);
        }
        return notice;
      },
      update: notice => {
        const isThere = shown.has(notice.id);
        if (isThere) {
          shown.set(notice.id, notice.message);
          if (notice.autoClose !== 0) {
            inCorner.set(notice.id, notice.message);
          }
        }
        return isThere;
      },
      dismiss: notice => {
        shown.delete(notice);
        inCorner.delete(notice);
      }
    });
    await vi.advanceTimersByTimeAsync(600);
  });

  afterEach(() => {
    notices.dispose();
    feed.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  it('tell errors, and what a rule was told to notify of', () => {
    server.tell(found(finding(5)));
    expect(shown.size).toBe(0);
    server.tell(
      found(finding(7, { severity: 'error', rule: 'AllZero', last_step: 9 }))
    );
    expect([...shown.values()]).toEqual([
      'AllZero (cnn-1, step 7): the gradient has all but vanished'
    ]);
    // The one that came first is told, in whatever order they are heard of.
    server.tell(found(finding(6, { actions: [NOTIFY] })));
    expect([...shown.values()]).toEqual([
      'VanishingGradient (cnn-1, step 6) and 1 more finding: the gradient has all but vanished'
    ]);
  });

  it('tell what was there before only when it becomes worth telling', () => {
    server.tell(found(finding(3, { severity: 'error', count: 9 })));
    expect(shown.size).toBe(0);
    server.tell(found(finding(5)));
    server.tell(found(finding(5, { actions: [NOTIFY] })));
    server.tell(found(finding(5, { actions: [NOTIFY], count: 2 })));
    expect(shown.size).toBe(1);
  });

  it('are one a trial, which leaves by itself and is brought back by another rule alone', async () => {
    const error = (number: number, rule = 'AllZero'): void =>
      server.tell(found(finding(number, { severity: 'error', rule })));
    for (let number = 10; number < 60; number++) {
      error(number, number % 2 ? 'AllZero' : 'NaNOrigin');
    }
    expect(shown.size).toBe(1);
    expect([...shown.values()][0]).toContain('step 10) and 49 more findings');
    await vi.advanceTimersByTimeAsync(9000);
    expect(inCorner.size).toBe(1);
    error(60);
    await vi.advanceTimersByTimeAsync(1500);
    expect(inCorner.size).toBe(0);
    error(61);
    expect(inCorner.size).toBe(0);
    expect([...shown.values()][0]).toContain('51 more');
    error(62, 'ExplodingTensor');
    expect(inCorner.size).toBe(1);
    expect([...shown.values()]).toHaveLength(1);
    shown.clear(); // the reader closed it
    inCorner.clear();
    error(63);
    expect(shown.size).toBe(0);
  });

  it('are three in the corner at most', async () => {
    const trials = [1, 2, 3, 4, 5];
    const of = (number: number): object => ({ trial_id: id(number) });
    trials.forEach(number => server.put(facts(number)));
    server.findings = trials.map(number => finding(number, of(number)));
    feed.refresh();
    await vi.advanceTimersByTimeAsync(600);
    for (const number of trials) {
      const more = { ...of(number), severity: 'error' } as const;
      server.tell(found(finding(30 + number, more)));
    }
    expect(shown.size).toBe(5);
    expect(inCorner.size).toBe(3);
  });

  it('wait a moment for the name of a trial that has just begun', async () => {
    server.put(facts(2));
    const one = finding(5, { trial_id: id(2), severity: 'error' });
    server.findings = [one];
    server.tell(found(one));
    expect(shown.size).toBe(0);
    await vi.advanceTimersByTimeAsync(600);
    expect([...shown.values()][0]).toContain('cnn-2');
    // One that cannot be read is told without it.
    server.tell(found(finding(6, { trial_id: id(9), severity: 'error' })));
    for (let turn = 0; turn < 3; turn++) {
      feed.refresh();
      await vi.advanceTimersByTimeAsync(600);
    }
    expect([...shown.values()][1]).toContain('(step 6)');
  });

  it.each([
    ['none', 0],
    ['asked', 1],
    ['errors', 2],
    ['all', 3]
  ] as const)('are as few as the setting %s says', (told, count) => {
    notices.told = told;
    server.tell(
      found(finding(5, { rule: 'A' })),
      found(finding(6, { rule: 'B', severity: 'error' })),
      found(finding(7, { rule: 'C', actions: [NOTIFY] })),
      found(finding(8, { rule: 'D', severity: 'error', dismissed: true }))
    );
    const words = [...shown.values()].join();
    expect(shown.size).toBe(Math.min(count, 1));
    expect(words.includes(`${count - 1} more`)).toBe(count > 1);
    expect(feed.get(id(5))).toBeDefined();
  });
});
