import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  CaptureBody,
  captureOf,
  TrialModel
} from '../../../labextension/src/trials/model';
import { facts, id, metric, PagesServer, trial } from '../pagesServer';

describe("a trial's page", () => {
  let server: PagesServer;
  let model: TrialModel;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new PagesServer().put(facts(1, [], [metric('loss', 1)]));
    model = new TrialModel(server.client, id(1));
  });

  afterEach(() => {
    model.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  const settle = (time = 600): Promise<unknown> =>
    vi.advanceTimersByTimeAsync(time);

  it('reads the trial', async () => {
    expect(model.detail).toBeNull();
    await settle();
    expect(model.detail?.trial.name).toBe('cnn-1');
    expect(model.curves.available.map(s => s.metric)).toEqual(['loss']);
  });

  it('says when there is no such trial, and finds it when it comes', async () => {
    const lost = new TrialModel(server.client, id(9));
    await settle();
    expect(lost.error?.code).toBe('not-found');
    server.put(facts(9));
    server.tell({ event: 'trial-changed', seq: 1, time: 1, trial: trial(9) });
    await settle();
    expect(lost.error).toBeNull();
    expect(lost.detail?.trial.id).toBe(id(9));
    lost.dispose();
  });

  it('follows the trial from events', async () => {
    await settle();
    const before = server.count('trials');
    server.tell({
      event: 'metrics-advanced',
      seq: 1,
      time: 1,
      trial_id: id(1),
      experiment_id: id(1000),
      points: 3,
      objective: null,
      goal: 'max',
      metrics: [metric('loss', 0.5), metric('acc', 0.9)],
      truncated: false
    });
    server.tell({
      event: 'trial-changed',
      seq: 2,
      time: 1,
      trial: trial(1, { state: 'failed' })
    });
    expect(model.detail?.metrics.map(m => m.last)).toEqual([0.5, 0.9]);
    expect(model.detail?.trial.state).toBe('failed');
    await settle();
    expect(server.count('trials')).toBe(before);
  });

  it('reads anew what events do not carry', async () => {
    await settle();
    server.put(facts(1, [{ name: 'lr', value: 1, component: '' }]));
    server.tell({
      event: 'detail-changed',
      seq: 1,
      time: 1,
      trial_id: id(1),
      experiment_id: id(1000),
      what: 'params'
    });
    await settle();
    expect(model.detail?.params.map(p => p.name)).toEqual(['lr']);
  });

  it('leaves events of other trials alone', async () => {
    await settle();
    const changed = vi.fn();
    model.changed.connect(changed);
    server.tell({ event: 'trial-changed', seq: 1, time: 1, trial: trial(2) });
    expect(changed).not.toHaveBeenCalled();
  });

  it('gives the commands of the reader', async () => {
    await settle();
    await model.rename('best');
    await model.annotate('a note');
    await model.setTag('kind', 'sweep');
    await model.removeTag('kind');
    expect(server.sent).toEqual([
      { commands: [{ command: 'rename-trial', id: id(1), name: 'best' }] },
      { commands: [{ command: 'annotate', id: id(1), note: 'a note' }] },
      {
        commands: [
          {
            command: 'set-tags',
            ids: [id(1)],
            set: { kind: 'sweep' },
            remove: []
          }
        ]
      },
      {
        commands: [
          { command: 'set-tags', ids: [id(1)], set: {}, remove: ['kind'] }
        ]
      }
    ]);
  });

  it('tells why a change was refused until it is dismissed', async () => {
    await settle();
    server.failures.set('commands', {
      status: 409,
      body: { code: 'conflict', message: 'the name is taken', remedy: '' }
    });
    await model.rename('taken');
    expect(model.refusal?.message).toBe('the name is taken');
    model.dismissRefusal();
    expect(model.refusal).toBeNull();
  });
});

describe('what was captured', () => {
  it('is read as far as it is what it should be', () => {
    const body = new CaptureBody({
      path: 'a.py',
      dirty: true,
      memory: 'much',
      cells: [{ number: 1, source: 'x' }, null, 3],
      packages: { numpy: '2.4' }
    });
    expect(body.text('path')).toBe('a.py');
    expect(body.text('dirty')).toBe('true');
    expect(body.text('cells')).toBe('');
    expect(body.number('memory')).toBeNaN();
    expect(body.records('cells').map(c => c.text('source'))).toEqual(['x']);
    expect(body.records('packages')).toEqual([]);
    expect(body.entries('packages')).toEqual([['numpy', '2.4']]);
    expect(body.entries('missing')).toEqual([]);
  });

  it('is found by its kind', () => {
    const detail = {
      ...facts(1),
      components: [],
      artifacts: [],
      children: [],
      captures: [{ kind: 'error', body: { traceback: 'boom' } }]
    };
    expect(captureOf(detail, 'error')?.text('traceback')).toBe('boom');
    expect(captureOf(detail, 'code')).toBeNull();
  });
});
