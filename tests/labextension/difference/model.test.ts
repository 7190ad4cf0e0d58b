import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DifferenceModel } from '../../../labextension/src/difference/model';
import { id, PagesServer, trial } from '../pagesServer';

describe('the difference of two trials', () => {
  let server: PagesServer;
  let model: DifferenceModel;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new PagesServer();
    // What the answer holds does not matter to the model.
    server.failures.set('difference', { status: 200, body: { rows: [] } });
    model = new DifferenceModel(server.client);
    model.setTrials([
      trial(2, { started: 20 }),
      trial(3, { started: 30 }),
      trial(1, { started: 10 })
    ]);
  });

  afterEach(() => {
    model.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  const pair = (): unknown[] => [model.before?.number, model.after?.number];
  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(500);

  it('is at first from the oldest to the newest', () => {
    expect(pair()).toEqual([1, 3]);
  });

  it('is of the trials that were chosen, both ways', () => {
    model.choose({ before: id(3) });
    expect(pair()).toEqual([3, 2]);
    model.choose({ after: id(1) });
    expect(pair()).toEqual([3, 1]);
    model.swap();
    expect(pair()).toEqual([1, 3]);
  });

  it('falls back to those that are left', () => {
    model.choose({ before: id(2), after: id(3) });
    model.setTrials([trial(1), trial(3)]);
    expect(pair()).toEqual([1, 3]);
    model.setTrials([trial(1)]);
    expect(pair()).toEqual([1, undefined]);
    model.setTrials([]);
    expect(pair()).toEqual([undefined, undefined]);
  });

  it('is read only while it is shown, and only of two trials', async () => {
    await settle();
    expect(server.count('difference')).toBe(0);
    model.show('code');
    await settle();
    expect(server.last('difference')).toBe(
      `difference/code?a=${id(1)}&b=${id(3)}&equal=0`
    );
    model.showEqual(true);
    model.show('environment');
    await settle();
    expect(server.last('difference')).toBe(
      `difference/environment?a=${id(1)}&b=${id(3)}&equal=1`
    );
    const before = server.count('difference');
    model.choose({ after: id(1) });
    await settle();
    expect(server.count('difference')).toBe(before);
    expect(model.environment.answer).toBeNull();
  });
});
