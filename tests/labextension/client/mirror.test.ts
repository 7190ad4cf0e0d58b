import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { LabdeckClient } from '../../../labextension/src/client/client';
import { StoreMirror } from '../../../labextension/src/client/mirror';
import { MOST_KEPT, PAGE } from '../../../labextension/src/client/trials';
import type { TrialRecord } from '../../../labextension/src/wire';
import {
  experiment,
  FakeServer,
  id,
  settle,
  summary,
  trial
} from './fakeServer';

const digits = experiment(1, 'digits', { trials: 1000 });

let server: FakeServer;
let client: LabdeckClient;
let mirror: StoreMirror;

/** Trials with the highest number first, as the server sends them. */
function many(count: number): TrialRecord[] {
  return Array.from({ length: count }, (_, i) =>
    trial(100 + count - i, digits)
  );
}

function names(): string[] {
  return mirror.trials(digits.id).items.map(({ name }) => name);
}

function expectWhole(): void {
  const all = server.trials.get(digits.id)!;
  const { items } = mirror.trials(digits.id);
  expect(items.map(one => one.id)).toEqual(
    all.slice(0, items.length).map(one => one.id)
  );
}

beforeEach(async () => {
  server = new FakeServer();
  server.experiments = [digits];
  server.trials.set(digits.id, many(1000));
  client = new LabdeckClient(server);
  mirror = new StoreMirror(client);
  await settle();
  server.welcome();
  await settle();
});

afterEach(() => {
  mirror.dispose();
  client.dispose();
});

/** What is in the list, place by place; a dot for what was not read. */
function places(from: number, to: number): string[] {
  const list = mirror.trials(digits.id);
  return Array.from(
    { length: to - from },
    (_, index) => list.at(from + index)?.name ?? '.'
  );
}

describe('trials', () => {
  it('come page by page as they come into sight, and no page twice', async () => {
    const list = mirror.trials(digits.id);
    await list.show(0, 40);
    expect(list.length).toBe(1000);
    expect(list.items).toHaveLength(PAGE);
    await Promise.all([list.show(0, 40), list.show(190, 230), list.show(5, 9)]);
    await list.show(190, 230);
    expect(list.items).toHaveLength(2 * PAGE);
    expect(server.paths('/trials?')).toHaveLength(2);
    expectWhole();
  });

  it('far down are read without those above them', async () => {
    const list = mirror.trials(digits.id);
    await list.show(0, 40);
    await list.show(950, 1000);
    expect(server.paths('/trials?')).toHaveLength(2);
    expect(places(398, 402)).toEqual(['.', '.', '.', '.']);
    expect(list.at(999)?.name).toBe('trial-101');
    expect(list.complete).toBe(false);
  });

  it('that are far from sight are let go of', async () => {
    server.trials.set(digits.id, many(5000));
    const list = mirror.trials(digits.id);
    for (let place = 0; place < 5000; place += PAGE) {
      await list.show(place, place + 50);
    }
    expect(list.items).toHaveLength(MOST_KEPT);
    expect(list.at(0)).toBeUndefined();
    expect(list.at(4849)?.name).toBe('trial-251');
  });

  it('have their right places when one was deleted between two pages', async () => {
    const list = mirror.trials(digits.id);
    await list.show(0, 40);
    server.trials.get(digits.id)!.splice(10, 1);
    await list.show(190, 230);
    expect(list.length).toBe(999);
    const all = server.trials.get(digits.id)!;
    expect(places(190, 230)).toEqual(
      all.slice(190, 230).map(({ name }) => name)
    );
  });

  it('have no double when one begins between two pages', async () => {
    const list = mirror.trials(digits.id);
    await list.show(0, 40);
    const fresh = trial(5000, digits, { state: 'running', ended: null });
    server.trials.get(digits.id)!.unshift(fresh);
    await list.show(150, 230);
    server.tell({ event: 'trial-changed', trial: fresh });
    await list.show(0, 40);
    expect(names().filter(name => name === fresh.name)).toHaveLength(1);
    expect(names()[0]).toBe(fresh.name);
    expectWhole();
  });

  it('keep an event that overtakes the page it is not in', async () => {
    const late = trial(1050, digits, { name: 'renamed while on its way' });
    server.beforePage = () =>
      server.tell({ event: 'trial-changed', trial: late });
    await mirror.trials(digits.id).show(0, 40);
    expect(names()).toContain(late.name);
  });

  it('that were not read yet are not shown for an event', async () => {
    await mirror.trials(digits.id).show(0, 40);
    const old = trial(101, digits, { name: 'renamed' });
    server.tell({ event: 'trial-changed', trial: old });
    expect(names()).not.toContain('renamed');
    expect(names()).toHaveLength(PAGE);
  });

  it('go when they are deleted or archived and come back in their place', async () => {
    const list = mirror.trials(digits.id);
    await list.show(0, 40);
    const third = list.items[2];
    for (const gone of [{ deleted: 9 }, { archived: true }]) {
      server.tell({ event: 'trial-changed', trial: { ...third, ...gone } });
      expect(names()).not.toContain(third.name);
      expect(list.length).toBe(999);
      server.tell({ event: 'trial-changed', trial: third });
      expect(names()[2]).toBe(third.name);
    }
  });

  it('that are part of another are left to it', async () => {
    const [whole] = server.trials.get(digits.id)!;
    const part = trial(6000, digits, { parent_id: whole.id });
    server.trials.get(digits.id)!.unshift(part);
    await mirror.trials(digits.id).show(0, 40);
    server.tell({ event: 'trial-changed', trial: part });
    expect(names()[0]).toBe(whole.name);
    mirror.needDetail(whole.id);
    await settle();
    const more = trial(6001, digits, { parent_id: whole.id });
    server.tell({ event: 'trial-changed', trial: more });
    expect(mirror.detail(whole.id)).toMatchObject({ children: [part, more] });
    expect(mirror.findTrial(more.id)).toEqual(more);
    server.tell({ event: 'trial-changed', trial: { ...part, deleted: 7 } });
    expect(mirror.detail(whole.id)).toMatchObject({ children: [more] });
  });

  it('say why they could not be read, and are read again on demand', async () => {
    const list = mirror.trials(digits.id);
    server.trouble = 'down';
    await list.show(0, 40);
    expect(list.problem?.code).toBe('network');
    server.trouble = null;
    await list.show(0, 40);
    expect(list.items).toHaveLength(0);
    await list.reload();
    expect(list.problem).toBeNull();
    expect(list.items).toHaveLength(PAGE);
  });

  it('stay in sight while they are read anew', async () => {
    const list = mirror.trials(digits.id);
    await list.show(0, 40);
    server.trials.get(digits.id)!.splice(0, 500);
    const firsts = new Set<string>();
    mirror.changed.connect(() => void firsts.add(places(0, 1)[0]));
    server.socketNow.send({ message: 'reset', seq: 1 });
    await settle();
    expect(list.length).toBe(500);
    expect([...firsts]).toEqual(['trial-1100', 'trial-600']);
    expectWhole();
  });

  it('tell all their ids without being kept', async () => {
    const list = mirror.trials(digits.id);
    await list.show(0, 40);
    const all = server.trials.get(digits.id)!;
    expect(await list.ids()).toEqual(all.map(one => one.id));
    expect(list.items).toHaveLength(PAGE);
  });
});

describe('the mirror', () => {
  it('is told of new, changed and deleted experiments, latest activity first', () => {
    const next = experiment(2, 'next', { updated: 50 });
    server.tell({ event: 'experiment-changed', experiment: next });
    expect(mirror.experiments.map(({ name }) => name)).toEqual([
      'next',
      'digits'
    ]);
    const active = { ...digits, updated: 60, running: 1 };
    server.tell({ event: 'experiment-changed', experiment: active });
    expect(mirror.experiments[0]).toEqual(active);
    const gone = { ...next, deleted: 70 };
    server.tell({ event: 'experiment-changed', experiment: gone });
    expect(mirror.experiments).toEqual([active]);
  });

  it('moves the objective of a running trial', async () => {
    await mirror.trials(digits.id).show(0, 40);
    const { id: first } = mirror.trials(digits.id).items[0];
    server.tell({
      event: 'metrics-advanced',
      trial_id: first,
      experiment_id: digits.id,
      points: 3,
      objective: summary('loss', 0.25),
      goal: 'min',
      metrics: [],
      truncated: false
    });
    expect(mirror.findTrial(first)).toMatchObject({
      objective: { last: 0.25 },
      goal: 'min'
    });
  });

  it('reads components anew when they change, and only those that were asked for', async () => {
    const one = id(1100);
    mirror.needDetail(one);
    mirror.needDetail(one);
    await settle();
    expect(mirror.detail(one)).toMatchObject({ components: [] });
    const component = {
      name: 'preprocessing',
      state: 'running',
      started: 1,
      ended: null,
      error: ''
    } as const;
    server.components.set(one, [component]);
    for (const changed of [one, id(1099)]) {
      server.tell({
        event: 'detail-changed',
        trial_id: changed,
        experiment_id: digits.id,
        what: 'components'
      });
    }
    await settle();
    expect(mirror.detail(one)).toMatchObject({ components: [component] });
    expect(server.paths('trials/')).toHaveLength(2);
  });

  it('keeps what it knows while there is no connection, and catches up', async () => {
    server.trouble = 'down';
    server.socketNow.close();
    mirror.refresh();
    await settle();
    expect(mirror.phase).toBe('ready');
    expect(mirror.experiments).toHaveLength(1);
  });

  it('says why nothing could be read at all', async () => {
    const other = new FakeServer();
    other.trouble = 'down';
    const lonely = new LabdeckClient(other);
    const empty = new StoreMirror(lonely);
    await settle();
    expect(empty.phase).toBe('failed');
    expect(empty.problem?.code).toBe('network');
    other.trouble = null;
    lonely.reconnect();
    await settle();
    other.welcome();
    await settle();
    expect(empty.phase).toBe('ready');
    empty.dispose();
    lonely.dispose();
  });
});
