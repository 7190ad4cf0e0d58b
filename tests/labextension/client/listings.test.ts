import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { LabdeckClient } from '../../../labextension/src/client/client';
import { StoreMirror } from '../../../labextension/src/client/mirror';
import type { TrialRecord } from '../../../labextension/src/wire';
import { experiment, FakeServer, settle, trial } from './fakeServer';

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

describe('another order', () => {
  it('is asked of the server', async () => {
    const list = mirror.trials(digits.id);
    await list.show(0, 40);
    mirror.lists.listing = { sort: 'name', archived: false };
    await settle();
    expect(names().slice(0, 3)).toEqual([
      'trial-1000',
      'trial-1001',
      'trial-1002'
    ]);
    expect(list.isDisposed).toBe(true);
  });

  it('shows what is archived when it is wanted', async () => {
    const [first] = server.trials.get(digits.id)!;
    server.trials.get(digits.id)![0] = { ...first, archived: true };
    await mirror.trials(digits.id).show(0, 40);
    expect(names()).not.toContain(first.name);
    mirror.lists.listing = { sort: 'newest', archived: true };
    await settle();
    expect(names()[0]).toBe(first.name);
  });

  it('by values that change waits for the reader to leave', async () => {
    vi.useFakeTimers();
    server.trials.set(digits.id, many(3));
    mirror.lists.listing = { sort: 'name', archived: false };
    await mirror.trials(digits.id).show(0, 40);
    mirror.lists.held = true;
    const last = server.trials.get(digits.id)![0];
    const renamed = { ...last, name: 'a' };
    server.trials.get(digits.id)![0] = renamed;
    server.tell({ event: 'trial-changed', trial: renamed });
    await vi.advanceTimersByTimeAsync(5000);
    expect(names()).toEqual(['trial-101', 'trial-102', 'a']);
    mirror.lists.held = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(names()).toEqual(['a', 'trial-101', 'trial-102']);
    vi.useRealTimers();
  });
});

describe('a search', () => {
  const other = experiment(2, 'other', { trials: 1 });

  it('that finds little needs one request', async () => {
    server.trials.set(other.id, [trial(7, other)]);
    mirror.lists.search('name ~ "trial-7"');
    await waitFound();
    const { found } = mirror.lists;
    expect(found?.total).toBe(101);
    expect(found?.list(other.id).items).toHaveLength(1);
    expect(found?.list(digits.id).complete).toBe(true);
    expect(server.paths('search?')).toHaveLength(1);
  });

  it('that finds much is read as it comes into sight', async () => {
    mirror.lists.search('name ~ "trial"');
    await waitFound();
    const list = mirror.lists.found!.list(digits.id);
    expect(list.length).toBe(1000);
    await list.show(900, 950);
    expect(list.at(949)?.name).toBe('trial-151');
    expect(list.at(500)).toBeUndefined();
  });

  it('keeps what was found until the next answer has come', async () => {
    mirror.lists.search('name ~ "trial-7"');
    await waitFound();
    const before = mirror.lists.found;
    mirror.lists.search('name ~ "trial-77"');
    expect(mirror.lists.found).toBe(before);
    await waitFound();
    expect(mirror.lists.found?.total).toBe(10);
    mirror.lists.search('');
    expect(mirror.lists.found).toBeNull();
  });

  it('tells why it has no answer, and where', async () => {
    server.matches = () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw { code: 'invalid-query', message: 'no', remedy: '', position: 4 };
    };
    mirror.lists.search('acc = ');
    await waitFound();
    expect(mirror.lists.wanted?.problem).toMatchObject({
      code: 'invalid-query',
      position: 4
    });
  });

  it('finds a trial that begins to match', async () => {
    vi.useFakeTimers();
    mirror.lists.search('name ~ "best"');
    await vi.advanceTimersByTimeAsync(2000);
    expect(mirror.lists.found?.total).toBe(0);
    const best = trial(9000, digits, { name: 'best' });
    server.trials.get(digits.id)!.unshift(best);
    server.tell({ event: 'trial-changed', trial: best });
    await vi.advanceTimersByTimeAsync(2000);
    expect(mirror.lists.found?.list(digits.id).items).toEqual([best]);
    server.trials.get(digits.id)!.shift();
    const gone = { ...best, deleted: 3 };
    server.tell({ event: 'trial-changed', trial: gone });
    expect(mirror.lists.found?.list(digits.id).items).toEqual([]);
    vi.useRealTimers();
  });
});

/** Wait for the answer to the latest query. */
async function waitFound(): Promise<void> {
  await vi.waitFor(() => {
    const { found, wanted } = mirror.lists;
    expect(wanted?.problem ?? found).not.toBeNull();
    expect(wanted?.problem || wanted === found).toBeTruthy();
  });
  await settle();
}
