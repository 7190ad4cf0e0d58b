import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ChartsModel } from '../../../labextension/src/charts/chartsModel';
import {
  fieldText,
  listFields,
  objectiveField,
  quoteName,
  varyingParams
} from '../../../labextension/src/charts/fields';
import { facts, id, metric, PagesServer, param } from '../pagesServer';

const ALL = [1, 2, 3].map(n =>
  facts(
    n,
    [
      param('epochs', 5),
      param('optimizer', n === 1 ? 'adam' : 'sgd'),
      param('lr', n / 10),
      param('width', n > 1 ? 8 : 4)
    ],
    [metric('accuracy', n / 4), { ...metric('cpu', n), component: 'system' }]
  )
);

describe('the fields of a chart', () => {
  it('are written as the server reads them', () => {
    expect(quoteName('params', '', 'lr')).toBe('lr');
    expect(quoteName('metrics', 'prep', 'train:loss')).toBe('prep/train:loss');
    expect(quoteName('metrics', '', 'größe')).toBe('größe');
    expect(quoteName('metrics', '', 'loss.min')).toBe('"loss.min"');
    expect(quoteName('params', '', 'loss.min')).toBe('loss.min');
    expect(quoteName('params', '', 'a "b" \\c')).toBe('"a \\"b\\" \\\\c"');
    expect(quoteName('params', '', '')).toBe('""');
  });

  it('know numbers from texts, and how many values there are', () => {
    const found = new Map(listFields(ALL).map(f => [f.text, f]));
    expect(found.get('params.lr')).toMatchObject({ numeric: true, variety: 3 });
    expect(found.get('params.optimizer')).toMatchObject({
      numeric: false,
      variety: 2
    });
    expect(found.get('metrics.system/cpu')?.isSystem).toBe(true);
    expect(found.has('duration')).toBe(true);
  });

  it('put what varies most first, and numbers before texts', () => {
    expect(varyingParams(ALL).map(f => f.name)).toEqual([
      'lr',
      'width',
      'optimizer'
    ]);
  });

  it('take no measurement of a machine for the objective', () => {
    const watched = [
      facts(1, [], [{ ...metric('cpu', 1), component: 'system' }])
    ];
    expect(objectiveField(watched)).toBeNull();
    const objective = objectiveField(ALL)!;
    expect(fieldText(objective, 'best')).toBe('metrics.accuracy.best');
    expect(fieldText(objective, 'last')).toBe('metrics.accuracy');
  });
});

describe('the charts of a comparison', () => {
  let server: PagesServer;
  let charts: ChartsModel;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new PagesServer().put(...ALL);
    charts = new ChartsModel(server.client);
    charts.setTrials(ALL);
  });

  afterEach(() => {
    charts.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(500);
  const asked = (name: string): URLSearchParams =>
    new URLSearchParams(server.last(`figures/${name}`).split('?')[1]);

  it('are read only while one is shown', async () => {
    await settle();
    expect(server.count('figures')).toBe(0);
    charts.show('scatter');
    await settle();
    expect(server.count('figures/scatter')).toBe(1);
    charts.show(null);
    charts.choose('scatter', 'x', ['duration']);
    await settle();
    expect(server.count('figures')).toBe(1);
  });

  it('show at first the objective against the parameters that vary', async () => {
    charts.show('scatter');
    await settle();
    expect(asked('scatter').get('x')).toBe('params.lr');
    expect(asked('scatter').get('y')).toBe('metrics.accuracy.best');
    expect(asked('scatter').getAll('trial')).toEqual([id(1), id(2), id(3)]);
    charts.show('contour');
    await settle();
    expect(['x', 'y', 'z'].map(role => asked('contour').get(role))).toEqual([
      'params.lr',
      'params.width',
      'metrics.accuracy.best'
    ]);
    charts.show('box');
    await settle();
    expect(asked('box').get('group')).toBe('params.width');
    charts.show('parallel');
    await settle();
    expect(asked('parallel').getAll('field')).toEqual([
      'params.lr',
      'params.width',
      'params.optimizer',
      'metrics.accuracy.best'
    ]);
  });

  it('keep what the reader chose, also when it is nothing', async () => {
    charts.show('box');
    charts.choose('box', 'group', []);
    charts.setLog('box', 'logy', true);
    await settle();
    expect(asked('box').has('group')).toBe(false);
    expect(asked('box').get('logy')).toBe('1');
    charts.choose('bar', 'y', []);
    charts.show('bar');
    await settle();
    expect(server.count('figures/bar')).toBe(0);
  });

  it('ask for no more fields than the server draws', () => {
    const many = Array.from({ length: 50 }, (_, n) => `params.p${n}`);
    charts.choose('parallel', 'field', many);
    charts.choose('bar', 'y', many);
    expect(charts.chosen('parallel', 'field')).toHaveLength(30);
    expect(charts.chosen('bar', 'y')).toHaveLength(12);
  });

  it('are read anew when one of their trials grows, and keep the last figure when that fails', async () => {
    charts.show('scatter');
    await settle();
    const tell = (number: number): void =>
      server.tell({
        event: 'detail-changed',
        seq: 1,
        time: 1,
        trial_id: id(number),
        experiment_id: id(1000),
        what: 'params'
      });
    await settle();
    const before = server.count('figures');
    tell(9);
    await settle();
    expect(server.count('figures')).toBe(before);
    server.failures.set('figures', {
      status: 503,
      body: { code: 'store-busy', message: 'the store is busy', remedy: '' }
    });
    tell(1);
    await settle();
    expect(server.count('figures')).toBe(before + 1);
    expect(charts.figure.error?.code).toBe('store-busy');
    expect(charts.figure.answer).not.toBeNull();
    server.failures.clear();
    charts.figure.refresh();
    await settle();
    expect(charts.figure.error).toBeNull();
  });

  it('do not let an answer to an earlier question overtake a later one', async () => {
    let open = (): void => undefined;
    server.gate = new Promise(resolve => {
      open = resolve;
    });
    charts.show('scatter');
    await settle();
    charts.choose('scatter', 'x', ['duration']);
    expect(charts.figure.isLoading).toBe(true);
    open();
    await settle();
    expect(asked('scatter').get('x')).toBe('duration');
    expect(charts.figure.isLoading).toBe(false);
  });
});
