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

  beforeEach(async () => {
    vi.useFakeTimers();
    server = new PagesServer().put(facts(1));
    server.findings = [finding(3, { severity: 'error' })];
    feed = new FindingsFeed(server.client, { dismissed: false });
    shown = new Map();
    const trans = nullTranslator.load('labdeck');
    notices = new Notices(feed, new CommandRegistry(), trans, {
      emit: message => {
        const notice = String(shown.size);
        shown.set(notice, message);
        return notice;
      },
      update: notice => {
        const isThere = shown.has(notice.id);
        if (isThere) {
          shown.set(notice.id, notice.message);
        }
        return isThere;
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
    server.tell(found(finding(6, { severity: 'error', rule: 'AllZero' })));
    server.tell(found(finding(7, { actions: [NOTIFY] })));
    expect([...shown.values()]).toEqual([
      'AllZero (cnn-1, step 6): the gradient has all but vanished',
      'VanishingGradient (cnn-1, step 7): the gradient has all but vanished'
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

  it('count up where one rule finds the same in many tensors', () => {
    for (let number = 10; number < 60; number++) {
      server.tell(found(finding(number, { severity: 'error' })));
    }
    expect(shown.size).toBe(1);
    expect([...shown.values()][0]).toContain('49 more');
    shown.clear(); // the reader closed it
    server.tell(found(finding(99, { severity: 'error' })));
    expect([...shown.values()][0]).not.toContain('more');
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
    expect(shown.size).toBe(count);
    expect(feed.get(id(5))).toBeDefined();
  });
});
