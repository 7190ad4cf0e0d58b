import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { TensorsModel } from '../../../labextension/src/tensors/model';
import { facts, id, PagesServer } from '../pagesServer';
import { listOf, ROWS } from './tensorRows';

const TRIAL = `trials/${id(1)}`;
const FIGURE = { data: [{ y: [1, 2] }], layout: {} };

describe('the tensor view', () => {
  let server: PagesServer;
  let model: TensorsModel;

  const answer = (path: string, body: object, status = 200): unknown =>
    server.failures.set(`${TRIAL}/${path}`, { status, body });
  const settle = (time = 1200): Promise<unknown> =>
    vi.advanceTimersByTimeAsync(time);

  beforeEach(async () => {
    vi.useFakeTimers();
    server = new PagesServer().put(facts(1));
    answer('tensors', listOf());
    answer('figures', FIGURE);
    model = new TensorsModel(server.client, id(1));
    model.setVisible(true);
    await settle();
  });

  afterEach(() => {
    model.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  it('begins with the gradients over the steps of training', () => {
    expect([model.mode, model.reduction, model.collection]).toEqual([
      'TRAIN',
      'abs_mean',
      'gradients'
    ]);
    expect(model.map).toEqual({ figure: FIGURE, error: null });
    expect(server.last(`${TRIAL}/figures/map`)).toContain(
      'mode=TRAIN&reduction=abs_mean&collection=gradients'
    );
    expect(server.count(`${TRIAL}/figures/tensor`)).toBe(0);
  });

  it('reads nothing while nobody looks', async () => {
    model.setVisible(false);
    const before = server.count(`${TRIAL}/tensors`);
    model.refresh();
    await settle();
    expect(server.count(`${TRIAL}/tensors`)).toBe(before);
  });

  it('reads the curves and the histogram of a tensor that is chosen', async () => {
    model.select(ROWS[0].name, 7);
    expect([model.tensor, model.step]).toEqual([ROWS[0], 7]);
    expect(model.curves.figure).toBeNull();
    await settle();
    expect(model.curves.figure).toEqual(FIGURE);
    expect(model.histogram.figure).toEqual(FIGURE);
    expect(server.last(`${TRIAL}/figures/histogram`)).toContain(
      encodeURIComponent(ROWS[0].name)
    );
  });

  it('falls back to what there is', async () => {
    model.setReduction('nonsense');
    model.setCollection('nothing');
    model.setMode('PREDICT');
    expect([model.mode, model.reduction, model.collection]).toEqual([
      'TRAIN',
      'abs_mean',
      'gradients'
    ]);
    model.setCollection('');
    model.setMode('EVAL');
    await settle();
    expect(server.last(`${TRIAL}/figures/map`)).toContain('mode=EVAL');
  });

  it('asks for no histogram of what has none', async () => {
    model.select('loss');
    await settle();
    expect(model.curves.figure).toEqual(FIGURE);
    expect(server.count(`${TRIAL}/figures/histogram`)).toBe(0);
  });

  it('opens at a finding: its tensor, mode and step, among all tensors', async () => {
    model.open({ tensor: 'loss', mode: 'EVAL', step: 1 });
    await settle();
    expect([model.tensor?.name, model.mode, model.step]).toEqual([
      'loss',
      'EVAL',
      1
    ]);
    expect(model.collection).toBe('');
    model.open({ recording: id(9) });
    expect(model.tab).toBe('recorder');
  });

  it('keeps what is known when a figure cannot be read, and says why', async () => {
    const missing = { code: 'not-found', message: 'no histogram', remedy: '' };
    server.failures.delete(`${TRIAL}/figures`);
    answer('figures/histogram', missing, 404);
    answer('figures', FIGURE);
    model.select(ROWS[0].name);
    await settle();
    expect(model.histogram.error?.message).toBe('no histogram');
    expect(model.curves.error).toBeNull();
  });

  it('says why there is no list, and keeps the last one', async () => {
    const lost = { code: 'store-unreachable', message: 'gone', remedy: '' };
    answer('tensors', lost, 503);
    model.refresh();
    await settle();
    expect(model.error?.message).toBe('gone');
    expect(model.list?.tensors).toHaveLength(ROWS.length);
  });

  it('is read anew when the trial grows, and not when another does', async () => {
    const before = server.count(`${TRIAL}/tensors`);
    const changed = {
      event: 'debugger-changed' as const,
      seq: 5,
      time: 1,
      experiment_id: id(1000)
    };
    server.tell({ ...changed, trial_id: id(2) });
    await settle();
    expect(server.count(`${TRIAL}/tensors`)).toBe(before);
    server.tell({ ...changed, trial_id: id(1) });
    await settle();
    expect(server.count(`${TRIAL}/tensors`)).toBe(before + 1);
  });
});
