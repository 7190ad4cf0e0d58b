import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CurvesModel } from '../../../labextension/src/curves/model';
import { allSeries, seriesId } from '../../../labextension/src/readings';
import type { AnyEvent } from '../../../labextension/src/tokens';
import { facts, id, metric, PagesServer } from '../pagesServer';
import { finding, found } from '../rules/records';

const SERIES = allSeries([
  facts(
    1,
    [],
    ['a', 'b', 'c', 'd', 'e'].map(name => metric(name, 1))
  )
]);

function advanced(name: string, more: object = {}): AnyEvent {
  return {
    event: 'metrics-advanced',
    seq: 1,
    time: 1,
    trial_id: id(1),
    experiment_id: id(1000),
    points: 3,
    objective: null,
    goal: 'max',
    metrics: [metric(name, 1)],
    truncated: false,
    ...more
  };
}

describe('curves', () => {
  let server: PagesServer;
  let model: CurvesModel;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new PagesServer();
    model = new CurvesModel(server.client);
    model.setTrials([id(1)], SERIES);
  });

  afterEach(() => {
    model.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  const settle = (time = 600): Promise<unknown> =>
    vi.advanceTimersByTimeAsync(time);
  const asked = (): string[] =>
    server.asked.filter(path => path.startsWith('figures'));

  it('of one trial are marked with what was found, as long as that is wanted', async () => {
    model.setVisible(true);
    await settle();
    expect(server.last('figures')).toContain('findings=1');
    const before = asked().length;
    server.tell(found(finding(5, { trial_id: id(2) })));
    await settle();
    expect(asked()).toHaveLength(before);
    server.tell(found(finding(5)));
    await settle();
    expect(asked().length).toBeGreaterThan(before);
    const view = model.view;
    model.setOptions({ findings: false });
    await settle();
    expect(server.last('figures')).toContain('findings=0');
    expect(model.view).toBe(view);
    model.setOptions({ findings: true });
    model.setTrials([id(1), id(2)], SERIES);
    await settle();
    expect(model.isOfOne).toBe(false);
    expect(server.last('figures')).toContain('findings=0');
  });

  it('are read only while somebody looks', async () => {
    await settle();
    expect(asked()).toEqual([]);
    model.setVisible(true);
    await settle();
    expect(model.charts.map(chart => chart.series.metric)).toEqual([
      'a',
      'b',
      'c',
      'd'
    ]);
    expect(model.charts.every(chart => chart.figure !== null)).toBe(true);
    model.setVisible(false);
    const before = asked().length;
    server.tell(advanced('a'));
    await settle();
    expect(asked()).toHaveLength(before);
    model.setVisible(true);
    await settle();
    expect(asked().length).toBeGreaterThan(before);
  });

  it('are read anew at most twice a second while trials run, and once more at the end', async () => {
    model.choose(new Set([seriesId(SERIES[0])]));
    model.setVisible(true);
    await settle();
    const before = asked().length;
    for (let turn = 0; turn < 40; turn++) {
      server.tell(advanced('a'));
      await settle(50);
    }
    expect(asked().length - before).toBeLessThanOrEqual(5);
    const after = asked().length;
    await settle(2000);
    expect(asked().length - after).toBeLessThanOrEqual(1);
  });

  it('stay when metrics that are not shown grow', async () => {
    model.setVisible(true);
    await settle();
    const before = asked().length;
    server.tell(advanced('e'), advanced('a', { trial_id: id(7) }));
    await settle();
    expect(asked()).toHaveLength(before);
    server.tell(advanced('e', { truncated: true }));
    await settle();
    expect(asked().length).toBeGreaterThan(before);
  });

  it('ask for what the reader chose', async () => {
    model.setVisible(true);
    model.choose(new Set([seriesId(SERIES[4])]));
    model.setOptions({ x: 'relative', smoothing: 0.6, log: true });
    await settle();
    const query = new URLSearchParams(server.last('figures').split('?')[1]);
    expect(query.getAll('series')).toEqual(['["","e"]']);
    expect(query.get('x')).toBe('relative');
    expect(query.get('smoothing')).toBe('0.6');
    expect(query.get('log')).toBe('1');
  });

  it('keep the zoom over smoothing but not over another axis', () => {
    const before = model.view;
    model.setOptions({ smoothing: 0.5 });
    expect(model.view).toBe(before);
    model.setOptions({ x: 'time' });
    expect(model.view).not.toBe(before);
  });

  it('keep the last figure when it cannot be read anew', async () => {
    model.setVisible(true);
    await settle();
    server.failures.set('figures', {
      status: 503,
      body: { code: 'store-busy', message: 'busy', remedy: '' }
    });
    model.refresh();
    await settle();
    expect(model.charts[0].error?.code).toBe('store-busy');
    expect(model.charts[0].figure).not.toBeNull();
    server.failures.clear();
    model.refresh();
    await settle();
    expect(model.charts[0].error).toBeNull();
  });

  it('never run twice at once, and do not forget what came meanwhile', async () => {
    let open = (): void => undefined;
    server.gate = new Promise(resolve => {
      open = resolve;
    });
    model.choose(new Set([seriesId(SERIES[0])]));
    model.setVisible(true);
    await settle(5000);
    expect(asked()).toHaveLength(1);
    model.setOptions({ smoothing: 0.9 });
    await settle(5000);
    expect(asked()).toHaveLength(1);
    open();
    await settle();
    expect(asked()).toHaveLength(2);
    expect(asked()[1]).toContain('smoothing=0.9');
  });

  it('lead with the objective, then with what has more than one point', () => {
    const known = facts(
      1,
      [],
      [metric('mean', 1, { count: 1 }), metric('loss', 1), metric('acc', 1)]
    );
    known.trial.objective = metric('acc', 1);
    const series = allSeries([known]);
    expect(series.map(s => s.metric)).toEqual(['acc', 'loss', 'mean']);
    model.setTrials([id(1)], series);
    expect(model.charts.map(c => c.series.metric)).toEqual(['acc', 'loss']);
  });
});
