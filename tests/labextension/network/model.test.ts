import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { NetworkModel } from '../../../labextension/src/network/model';
import { facts, id, PagesServer } from '../pagesServer';

const PATH = `trials/${id(1)}/network`;
const EVAL = {
  mode: 'EVAL',
  reduction: 'l2',
  collection: 'gradients',
  within: 'fc'
};
const BODY = {
  trial_id: id(1),
  mode: 'TRAIN',
  step: 19,
  reduction: 'abs_mean',
  within: '',
  total: 0,
  nodes: [],
  edges: []
};

describe('the network at a step', () => {
  let server: PagesServer;
  let model: NetworkModel;

  const settle = (time = 300): Promise<unknown> =>
    vi.advanceTimersByTimeAsync(time);

  beforeEach(async () => {
    vi.useFakeTimers();
    server = new PagesServer().put(facts(1));
    server.failures.set(PATH, { status: 200, body: BODY });
    model = new NetworkModel(server.client, id(1));
    await settle();
  });

  afterEach(() => {
    model.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  it('is read when somebody looks, at the latest step', async () => {
    expect(server.count(PATH)).toBe(0);
    model.setVisible(true);
    await settle();
    expect(model.network?.step).toBe(19);
    expect(server.last(PATH)).not.toContain('step=');
  });

  it('follows what the page chooses, and a step that a finding names', async () => {
    model.setVisible(true);
    model.setPlace(EVAL, 7);
    await settle();
    expect(server.last(PATH)).toContain(
      'mode=EVAL&reduction=l2&collection=gradients&within=fc&step=7'
    );
    model.setStep(4);
    model.setPlace(EVAL, 7);
    await settle();
    expect(model.step).toBe(4);
  });

  it('plays from the first step to the last, and stops', async () => {
    model.setVisible(true);
    model.play(0, 3);
    expect(model.isPlaying).toBe(true);
    await settle(2000);
    expect([model.step, model.isPlaying]).toEqual([3, false]);
    const asked = server.asked
      .filter(path => path.startsWith(PATH))
      .map(path => new URLSearchParams(path.split('?')[1]).get('step'));
    expect(asked).toEqual([null, '0', '1', '2', '3']);
    model.play(0, 3);
    model.play(0, 3);
    expect(model.isPlaying).toBe(false);
  });

  it('stops when nobody looks any more', () => {
    model.setVisible(true);
    model.play(0, 3);
    model.setVisible(false);
    expect(model.isPlaying).toBe(false);
  });

  it('keeps what is known when it cannot be read', async () => {
    model.setVisible(true);
    await settle();
    const body = { code: 'not-found', message: 'gone', remedy: '' };
    server.failures.set(PATH, { status: 404, body });
    model.setStep(2);
    await settle();
    expect([model.error?.message, model.network?.step]).toEqual(['gone', 19]);
  });
});
