import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  ComparisonModel,
  MOST_TRIALS
} from '../../../labextension/src/comparison/model';
import type { AnyEvent } from '../../../labextension/src/tokens';
import { readBody, writeBody } from '../../../labextension/src/views/body';
import { facts, id, metric, PagesServer, param, trial } from '../pagesServer';

function advanced(number: number, last: number): AnyEvent {
  return {
    event: 'metrics-advanced',
    seq: 1,
    time: 1,
    trial_id: id(number),
    experiment_id: id(1000),
    points: 3,
    objective: metric('accuracy', last),
    goal: 'max',
    metrics: [metric('accuracy', last, { count: 3 })],
    truncated: false
  };
}

describe('a comparison', () => {
  let server: PagesServer;
  let model: ComparisonModel;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new PagesServer().put(
      facts(
        1,
        [param('hidden', 2)],
        [metric('accuracy', 0.7, { spark: [1, 2] })]
      ),
      facts(2, [param('hidden', 5)], [metric('accuracy', 0.8)])
    );
    model = new ComparisonModel(server.client, [id(2), id(1)], 'digits');
  });

  afterEach(() => {
    model.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  const settle = (time = 0): Promise<unknown> =>
    vi.advanceTimersByTimeAsync(time);
  const names = (): string[] => model.facts.map(f => f.trial.name);
  const accuracy = (number: number): unknown =>
    model.facts.find(f => f.trial.id === id(number))?.metrics[0].last;

  it('shows the trials in the order asked for', async () => {
    expect(model.isLoading).toBe(true);
    expect(model.experiment).toBe('digits');
    await settle();
    expect(model.isLoading).toBe(false);
    expect(names()).toEqual(['cnn-2', 'cnn-1']);
  });

  it('takes new values from events without asking again', async () => {
    await settle(600);
    const before = server.count('comparison');
    server.tell(advanced(1, 0.9));
    await settle(5000);
    expect(accuracy(1)).toBe(0.9);
    expect(model.facts[1].metrics[0].spark).toEqual([1, 2]);
    expect(server.count('comparison')).toBe(before);
  });

  it('does not let an answer overtake an event that is newer', async () => {
    await settle(600);
    let open = (): void => undefined;
    server.gate = new Promise(resolve => {
      open = resolve;
    });
    model.refresh();
    await settle(600);
    server.tell(advanced(1, 0.95));
    open();
    await settle();
    expect(accuracy(1)).toBe(0.95);
  });

  it('asks again where an event does not tell all', async () => {
    await settle(600);
    const before = server.count('comparison');
    server.tell({ ...advanced(1, 0.9), truncated: true } as AnyEvent);
    await settle(600);
    expect(server.count('comparison')).toBe(before + 1);
  });

  it('asks at most twice a second however much happens', async () => {
    await settle(600);
    const before = server.count('comparison');
    for (let turn = 0; turn < 40; turn++) {
      server.tell({ ...advanced(1, turn), truncated: true } as AnyEvent);
      await settle(50);
    }
    expect(server.count('comparison') - before).toBeLessThanOrEqual(5);
    expect(server.count('comparison') - before).toBeGreaterThan(2);
  });

  it('tells deleted and unknown trials and takes them out when asked to', async () => {
    model.setTrials([id(1), id(2), id(9)]);
    await settle(600);
    expect(model.missing).toEqual([id(9)]);
    server.put(facts(2, [], [], { deleted: 5 }));
    server.tell({
      event: 'trial-changed',
      seq: 2,
      time: 1,
      trial: trial(2, { deleted: 5 })
    });
    await settle(600);
    expect([...model.missing].sort()).toEqual([id(2), id(9)]);
    expect(names()).toEqual(['cnn-1']);
    model.setTrials(model.trials.filter(t => !model.missing.includes(t)));
    await settle(600);
    expect(model.missing).toEqual([]);
  });

  it('finds a trial again that is restored', async () => {
    server.put(facts(2, [], [], { deleted: 5 }));
    await settle(600);
    expect(model.missing).toEqual([id(2)]);
    server.put(facts(2));
    server.tell({ event: 'trial-changed', seq: 2, time: 1, trial: trial(2) });
    await settle(600);
    expect(model.missing).toEqual([]);
    expect(names()).toEqual(['cnn-2', 'cnn-1']);
  });

  it('follows a trial that is renamed', async () => {
    await settle(600);
    server.tell({
      event: 'trial-changed',
      seq: 2,
      time: 1,
      trial: trial(1, { name: 'best' })
    });
    expect(names()).toEqual(['cnn-2', 'best']);
  });

  it('keeps what is known when it cannot be read anew', async () => {
    await settle(600);
    server.failures.set('comparison', {
      status: 503,
      body: { code: 'store-busy', message: 'the store is busy', remedy: '' }
    });
    model.refresh();
    await settle(600);
    expect(model.error?.code).toBe('store-busy');
    expect(names()).toEqual(['cnn-2', 'cnn-1']);
    server.failures.clear();
    model.refresh();
    await settle(600);
    expect(model.error).toBeNull();
  });

  it('hides a trial from table and curves, and shows it again', async () => {
    await settle();
    model.toggleHidden(id(1));
    expect(model.shown.map(f => f.trial.id)).toEqual([id(2)]);
    model.curves.setVisible(true);
    await settle(600);
    expect(server.last('figures')).toContain(`trial=${id(2)}`);
    expect(server.last('figures')).not.toContain(id(1));
    model.toggleHidden(id(1));
    expect(model.shown).toHaveLength(2);
  });

  it('shows no difference from a trial that is hidden', async () => {
    await settle();
    model.table.toggleBaseline(id(1));
    expect(model.table.baseline?.trial.id).toBe(id(1));
    model.toggleHidden(id(1));
    expect(model.table.baseline).toBeNull();
    model.showAll();
    expect(model.table.baseline?.trial.id).toBe(id(1));
    model.table.toggleBaseline(id(1));
    expect(model.table.baseline).toBeNull();
  });

  it('follows the latest trials of an experiment', async () => {
    await settle(600);
    model.followExperiment(id(1000));
    await settle(600);
    expect(names()).toEqual(['cnn-2', 'cnn-1']);
    server.put(facts(3));
    server.tell({ event: 'trial-changed', seq: 3, time: 1, trial: trial(3) });
    await settle(600);
    expect(names()).toEqual(['cnn-3', 'cnn-2', 'cnn-1']);
    model.removeTrial(id(2));
    await settle(600);
    expect(model.follow).toBeNull();
    server.put(facts(4));
    server.tell({ event: 'trial-changed', seq: 4, time: 1, trial: trial(4) });
    await settle(600);
    expect(names()).toEqual(['cnn-3', 'cnn-1']);
  });

  it('is the same again after it was kept as JSON', async () => {
    await settle(600);
    model.setTab('scatter');
    model.toggleHidden(id(2));
    model.table.set({
      differing: false,
      baseline: id(1),
      difference: 'both',
      sort: { column: 'duration', descending: true },
      columns: new Set(['started', 'param ["","hidden"]']),
      group: 'param ["","hidden"]',
      filter: 'cnn',
      step: 3
    });
    model.curves.setOptions({ x: 'relative', smoothing: 0.5, clip: true });
    model.charts.choose('scatter', 'x', ['params.hidden']);
    model.charts.setLog('scatter', 'logx', true);
    model.difference.choose({ before: id(1), after: id(2) });
    const kept = JSON.stringify(writeBody(model.keep()));
    const other = new ComparisonModel(server.client, []);
    other.restore(readBody(JSON.parse(kept)));
    await settle(600);
    expect(JSON.stringify(writeBody(other.keep()))).toBe(kept);
    expect(other.shown.map(f => f.trial.id)).toEqual([id(1)]);
    expect(other.charts.chosen('scatter', 'x')).toEqual(['params.hidden']);
    other.dispose();
  });

  it('takes what was kept and is damaged for a new comparison', async () => {
    const fresh = JSON.stringify(new ComparisonModel(server.client, []).keep());
    const damaged: unknown[] = [
      null,
      7,
      [],
      { tab: 'x', trials: 5, table: [], curves: { x: 'y', smoothing: 7 } },
      { table: { sort: {}, columns: 1, step: 0.5 }, charts: { fields: 'x' } }
    ];
    for (const body of damaged) {
      model.restore(readBody(body));
      expect(JSON.stringify(model.keep())).toBe(fresh);
    }
    await settle(600);
  });

  it('asks for no more trials than the server compares', async () => {
    const many = Array.from({ length: MOST_TRIALS + 3 }, (_, n) => id(n + 1));
    model.setTrials(many);
    await settle(600);
    expect(model.excess).toBe(3);
    const query = new URLSearchParams(server.last('comparison').split('?')[1]);
    expect(query.getAll('trial')).toHaveLength(MOST_TRIALS);
  });

  it('asks for nothing while it is empty', async () => {
    const empty = new ComparisonModel(server.client, []);
    await settle(600);
    const before = server.asked.length;
    empty.refresh();
    await settle(600);
    expect(server.asked).toHaveLength(before);
    expect(empty.isLoading).toBe(false);
    empty.dispose();
  });
});
