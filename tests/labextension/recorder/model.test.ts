import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { RecorderModel } from '../../../labextension/src/recorder/model';
import type { TensorFacts, TensorList } from '../../../labextension/src/wire';
import { facts, id, PagesServer } from '../pagesServer';

const TRIAL = `trials/${id(1)}`;

function tensor(name: string, broken = 0): TensorFacts {
  return {
    name,
    shape: [2],
    dtype: 'float32',
    min: 0,
    max: 1,
    mean: 0.5,
    std: 0.1,
    l2: 1,
    nan_count: broken,
    inf_count: 0,
    zero_count: 0,
    change: null
  };
}

function recording(
  number: number,
  ...steps: number[]
): TensorList['recordings'][number] {
  return {
    id: id(number),
    time: number,
    finding: id(50 + number),
    rule: 'NaNOrigin',
    severity: null,
    steps: steps.map(step => ({ mode: 'TRAIN', step })),
    tensors: ['a', 'b']
  };
}

describe('the flight recorder', () => {
  let server: PagesServer;
  let model: RecorderModel;

  const put = (
    number: number,
    step: number,
    ...tensors: TensorFacts[]
  ): void => {
    const body = {
      recording: id(number),
      mode: 'TRAIN',
      step,
      time: 1,
      tensors
    };
    const path = `${TRIAL}/recordings/${id(number)}?mode=TRAIN&step=${step}`;
    server.failures.set(path, { status: 200, body });
  };
  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(50);

  beforeEach(() => {
    vi.useFakeTimers();
    server = new PagesServer().put(facts(1));
    const figure = { data: [{ z: [[1]] }], layout: {} };
    server.failures.set(`${TRIAL}/figures`, { status: 200, body: figure });
    put(2, 17, tensor('a'), tensor('b'));
    put(2, 18, tensor('a'), tensor('b'));
    put(2, 19, tensor('a'), tensor('b', 3));
    put(1, 4, tensor('c'));
    model = new RecorderModel(server.client, id(1));
  });

  afterEach(() => {
    model.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  it('has nothing to play before there is a recording', async () => {
    model.setRecordings([]);
    await settle();
    expect([model.recording, model.shown]).toEqual([null, null]);
    expect(server.count(TRIAL)).toBe(0);
  });

  it('begins at the failure, with the first tensor that is not finite', async () => {
    model.setRecordings([recording(2, 17, 18, 19), recording(1, 4)]);
    await settle();
    expect([model.place, model.shown?.step, model.tensor]).toEqual([
      2,
      19,
      'b'
    ]);
    expect(model.values).not.toBeNull();
    expect(server.last(`${TRIAL}/figures/values`)).toContain(
      `tensor=b&mode=TRAIN&step=19&recording=${id(2)}`
    );
  });

  it('opens the recording of the first error, not what was kept after it', async () => {
    const error = { ...recording(1, 4), severity: 'error' as const };
    const later = { ...recording(3, 6), severity: 'error' as const };
    const eased = { ...recording(2, 17, 18, 19), severity: 'info' as const };
    model.setRecordings([later, eased, error]);
    await settle();
    expect([model.recording?.id, model.shown?.step]).toEqual([id(1), 4]);
    model.choose(id(2));
    await settle();
    expect(model.shown?.step).toBe(19);
  });

  it('steps backwards and stays at the ends', async () => {
    model.setRecordings([recording(2, 17, 18, 19)]);
    await settle();
    model.goTo(model.place - 1);
    await settle();
    expect([model.shown?.step, model.tensor]).toEqual([18, 'b']);
    model.goTo(-5);
    await settle();
    expect(model.shown?.step).toBe(17);
    model.goTo(99);
    await settle();
    expect(model.shown?.step).toBe(19);
  });

  it('opens at the recording, step and tensor of a finding, even before they are known', async () => {
    model.open(id(2), 18, 'a');
    model.setRecordings([recording(3, 30), recording(2, 17, 18, 19)]);
    await settle();
    expect([model.recording?.id, model.shown?.step, model.tensor]).toEqual([
      id(2),
      18,
      'a'
    ]);
  });

  it('plays another recording that is chosen', async () => {
    model.setRecordings([recording(2, 17, 18, 19), recording(1, 4)]);
    await settle();
    model.choose(id(1));
    await settle();
    expect([model.shown?.step, model.tensor]).toEqual([4, 'c']);
  });

  it('says why a step cannot be read', async () => {
    model.setRecordings([recording(2, 17, 18, 19)]);
    await settle();
    const body = { code: 'store-corrupt', message: 'damaged', remedy: '' };
    server.failures.clear();
    server.failures.set(`${TRIAL}/recordings`, { status: 500, body });
    model.goTo(0);
    await settle();
    expect(model.error?.message).toBe('damaged');
  });
});
