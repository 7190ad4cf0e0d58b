import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { LabdeckClient } from '../../../labextension/src/client/client';
import { StoreMirror } from '../../../labextension/src/client/mirror';
import { PAGE } from '../../../labextension/src/client/trials';
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

describe('trials', () => {
  it('come page by page, and no page twice', async () => {
    const list = mirror.trials(digits.id);
    await list.load(PAGE);
    expect(list.items).toHaveLength(PAGE);
    await Promise.all([list.load(PAGE), list.load(2 * PAGE), list.load(1)]);
    expect(list.items.length).toBeGreaterThanOrEqual(2 * PAGE);
    expect(server.paths('/trials?')).toHaveLength(2);
    expectWhole();
  });

  it('are all there at the end', async () => {
    const list = mirror.trials(digits.id);
    await list.load(Infinity);
    expect(list.complete).toBe(true);
    expect(list.items).toHaveLength(1000);
    expectWhole();
  });

  it('have no hole when one is deleted between two pages', async () => {
    const list = mirror.trials(digits.id);
    await list.load(PAGE);
    server.trials.get(digits.id)!.splice(10, 1);
    await list.load(2 * PAGE);
    await list.load(Infinity);
    expectWhole();
    expect(list.items).toHaveLength(999);
  });

  it('have no double when one begins between two pages', async () => {
    const list = mirror.trials(digits.id);
    await list.load(PAGE);
    const fresh = trial(5000, digits, { state: 'running', ended: null });
    server.trials.get(digits.id)!.unshift(fresh);
    await list.load(2 * PAGE);
    server.tell({ event: 'trial-changed', trial: fresh });
    expect(names().filter(name => name === fresh.name)).toHaveLength(1);
    expect(names()[0]).toBe(fresh.name);
    expectWhole();
  });

  it('keep an event that overtakes the page it is not in', async () => {
    const late = trial(1050, digits, { name: 'renamed while on its way' });
    server.beforePage = () =>
      server.tell({ event: 'trial-changed', trial: late });
    await mirror.trials(digits.id).load(PAGE);
    expect(names()).toContain(late.name);
  });

  it('ignore an old trial that was not read yet', async () => {
    await mirror.trials(digits.id).load(PAGE);
    const old = trial(101, digits, { name: 'renamed' });
    server.tell({ event: 'trial-changed', trial: old });
    expect(names()).not.toContain('renamed');
    expect(names()).toHaveLength(PAGE);
  });

  it('go when they are deleted and come back in their place', async () => {
    await mirror.trials(digits.id).load(PAGE);
    const third = mirror.trials(digits.id).items[2];
    server.tell({ event: 'trial-changed', trial: { ...third, deleted: 9 } });
    expect(names()).not.toContain(third.name);
    server.tell({ event: 'trial-changed', trial: third });
    expect(names()[2]).toBe(third.name);
  });

  it('say why they could not be read, and are read again on demand', async () => {
    const list = mirror.trials(digits.id);
    server.trouble = 'down';
    await list.load(PAGE);
    expect(list.problem?.code).toBe('network');
    server.trouble = null;
    await list.load(PAGE);
    expect(list.items).toHaveLength(0);
    await list.reload();
    expect(list.problem).toBeNull();
    expect(list.items).toHaveLength(PAGE);
  });

  it('stay in sight while they are read anew', async () => {
    const list = mirror.trials(digits.id);
    await list.load(Infinity);
    server.trials.get(digits.id)!.splice(0, 500);
    const sizes = new Set<number>();
    mirror.changed.connect(() => void sizes.add(list.items.length));
    server.socketNow.send({ message: 'reset', seq: 1 });
    await settle();
    await settle();
    expect(list.items).toHaveLength(500);
    expect([...sizes].sort()).toEqual([1000, 500]);
    expectWhole();
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
    await mirror.trials(digits.id).load(PAGE);
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
