import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  FindingsFeed,
  type FindingsWanted,
  type IHeard,
  PAGE
} from '../../../labextension/src/client/debugging';
import { facts, id, PagesServer, trial } from '../pagesServer';
import { finding, found } from '../rules/records';

describe('findings', () => {
  let server: PagesServer;
  const feeds: FindingsFeed[] = [];

  beforeEach(() => {
    vi.useFakeTimers();
    server = new PagesServer().put(facts(1), facts(2));
  });

  afterEach(() => {
    feeds.splice(0).forEach(feed => feed.dispose());
    server.client.dispose();
    vi.useRealTimers();
  });

  const settle = (time = 600): Promise<unknown> =>
    vi.advanceTimersByTimeAsync(time);

  async function feedOf(wanted: FindingsWanted): Promise<FindingsFeed> {
    const feed = new FindingsFeed(server.client, wanted);
    feeds.push(feed);
    await settle();
    return feed;
  }

  const ids = (feed: FindingsFeed): string[] =>
    feed.findings.map(one => one.id);

  it('are read newest first, with their trials and counts', async () => {
    server.findings = [finding(7), finding(5, { trial_id: id(2) }), finding(3)];
    const feed = await feedOf({ dismissed: false });
    expect(ids(feed)).toEqual([id(7), id(5), id(3)]);
    expect([feed.total, feed.open, feed.hasMore]).toEqual([3, 3, false]);
    expect(feed.count(id(1))).toBe(2);
    expect(feed.count(id(9))).toBe(0);
    expect(feed.trial(id(2))?.name).toBe('cnn-2');
  });

  it('come, grow and go with events, without another reading', async () => {
    server.findings = [finding(3)];
    const feed = await feedOf({ dismissed: false });
    const before = server.count('findings');
    server.tell(found(finding(5)));
    expect(ids(feed)).toEqual([id(5), id(3)]);
    server.tell(found(finding(3, { count: 4, last_step: 9 })));
    expect(feed.get(id(3))?.count).toBe(4);
    expect(ids(feed)).toEqual([id(5), id(3)]);
    server.tell(found(finding(5, { dismissed: true })));
    expect(ids(feed)).toEqual([id(3)]);
    expect([feed.total, feed.open, feed.count(id(1))]).toEqual([1, 1, 1]);
    server.tell(found(finding(5)));
    expect([feed.total, feed.open]).toEqual([2, 2]);
    await settle();
    expect(server.count('findings')).toBe(before);
  });

  it('of one trial or experiment leave those of others alone', async () => {
    const one = await feedOf({ trial: id(1), dismissed: true });
    const other = await feedOf({ experiment: id(2000), dismissed: false });
    server.tell(found(finding(5, { trial_id: id(2) })));
    server.tell(found(finding(6)));
    expect(ids(one)).toEqual([id(6)]);
    expect(ids(other)).toEqual([]);
    server.tell(found(finding(6, { dismissed: true })));
    expect(ids(one)).toEqual([id(6)]);
    expect([one.total, one.open]).toEqual([1, 0]);
  });

  it('that arrive while a page is on its way are not lost, and older ones do not come back', async () => {
    server.findings = [finding(3)];
    server.seq = 5;
    const feed = await feedOf({ dismissed: false });
    let open: () => void = () => undefined;
    server.gate = new Promise(resolve => {
      open = resolve;
    });
    feed.refresh();
    await settle();
    server.tell(found(finding(3, { dismissed: true }), 4));
    server.tell(found(finding(6), 6));
    open();
    await settle(0);
    expect(ids(feed)).toEqual([id(6), id(3)]);
  });

  it('beyond the first page are read when asked for', async () => {
    server.findings = Array.from({ length: PAGE + 20 }, (_, index) =>
      finding(5000 - index)
    );
    const feed = await feedOf({ dismissed: false });
    expect(feed.findings).toHaveLength(PAGE);
    expect(feed.hasMore).toBe(true);
    // One that is not here may be an old one that has grown: only the store can count.
    server.tell(found(finding(5000 - PAGE - 3, { count: 2 })));
    await settle();
    expect(feed.total).toBe(PAGE + 20);
    feed.more();
    await settle();
    expect(feed.findings).toHaveLength(PAGE + 20);
    expect(feed.hasMore).toBe(false);
  });

  it('of a deleted trial go, and come back with it', async () => {
    server.findings = [finding(3)];
    const feed = await feedOf({ dismissed: false });
    const tell = async (deleted: number | null): Promise<void> => {
      server.findings = deleted === null ? [finding(3)] : [];
      const record = trial(1, { deleted });
      server.tell({ event: 'trial-changed', seq: 9, time: 1, trial: record });
      await settle();
    };
    await tell(3);
    expect(ids(feed)).toEqual([]);
    await tell(null);
    expect(ids(feed)).toEqual([id(3)]);
  });

  it('take over the new name of their trial', async () => {
    server.findings = [finding(3)];
    const feed = await feedOf({ dismissed: false });
    const before = server.count('findings');
    const renamed = trial(1, { name: 'best' });
    server.tell({ event: 'trial-changed', seq: 9, time: 1, trial: renamed });
    expect(feed.trial(id(1))?.name).toBe('best');
    expect(server.count('findings')).toBe(before);
  });

  it('tell what is heard together with what was known', async () => {
    server.findings = [finding(3)];
    const feed = await feedOf({ dismissed: false });
    const heard: IHeard[] = [];
    feed.heard.connect((_, some) => void heard.push(...some));
    server.tell(found(finding(3, { count: 2 })), found(finding(4)));
    expect(heard.map(h => [h.finding.id, h.before?.count])).toEqual([
      [id(3), 1],
      [id(4), undefined]
    ]);
  });

  it('say why they cannot be read, and are read again when that is over', async () => {
    const failure = {
      status: 503,
      body: { code: 'store-busy', message: 'the store is busy', remedy: '' }
    };
    server.failures.set('findings', failure);
    const feed = await feedOf({ dismissed: false });
    expect(feed.known).toBe(false);
    expect(feed.problem?.code).toBe('store-busy');
    server.failures.clear();
    server.findings = [finding(3)];
    feed.refresh();
    await settle();
    expect(feed.problem).toBeNull();
    expect(ids(feed)).toEqual([id(3)]);
  });
});
