import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { TableModel } from '../../../labextension/src/facts/tableModel';
import { tableCsv } from '../../../labextension/src/facts/labels';
import { nullTranslator } from '@jupyterlab/translation';
import { facts, id, metric, PagesServer, param } from '../pagesServer';

const ALL = [
  facts(1, [param('lr', 0.1)], [metric('loss', 0.5)]),
  facts(2, [param('lr', 0.01)], [metric('loss', 0.9)]),
  facts(3, [param('lr', 0.1)], [metric('loss', 0.1)], { state: 'failed' }),
  facts(4, [param('lr', 0.01)], [])
];
const LR = 'param ["","lr"]';
const LOSS = 'metric last ["","loss"]';

describe('the table of a comparison', () => {
  let server: PagesServer;
  let table: TableModel;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new PagesServer();
    table = new TableModel(server.client);
    table.setTrials(ALL);
  });

  afterEach(() => {
    table.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  /** Trials by their numbers, groups by what they share. */
  const rows = (): unknown[] =>
    table.rows.map(row =>
      row.kind === 'trial' ? row.facts.trial.number : `= ${row.group.value}`
    );
  const shows = (column: string): boolean =>
    table.columns.some(c => c.id === column);

  it('puts the baseline first, whatever the order', () => {
    table.sortBy(LOSS);
    expect(rows()).toEqual([3, 1, 2, 4]);
    table.toggleBaseline(id(2));
    expect(rows()).toEqual([2, 3, 1, 4]);
    table.sortBy(LOSS);
    expect(rows()).toEqual([2, 1, 3, 4]);
  });

  it('sorts differences as what they are taken of', () => {
    table.toggleBaseline(id(2));
    table.sortBy(`difference ${LOSS}`);
    expect(rows()).toEqual([2, 3, 1, 4]);
  });

  it('groups, sorts groups by their means and trials within them', () => {
    table.set({ group: LR });
    expect(rows()).toEqual(['= 0.01', 2, 4, '= 0.1', 1, 3]);
    table.set({ sort: { column: LOSS, descending: false } });
    expect(rows()).toEqual(['= 0.1', 3, 1, '= 0.01', 2, 4]);
    const [first] = table.rows;
    table.toggleGroup(first.kind === 'group' ? first.group.key : '');
    expect(rows()).toEqual(['= 0.1', '= 0.01', 2, 4]);
    table.toggleBaseline(id(2));
    expect(rows()).toEqual([2, '= 0.1', '= 0.01', 4]);
  });

  it('groups by nothing where the column is gone', () => {
    table.set({ group: 'param ["","gone"]' });
    expect(table.grouping).toBeNull();
    expect(rows()).toEqual([1, 2, 3, 4]);
  });

  it('leaves out what the filter does not find, but not the baseline', () => {
    table.set({ filter: 'lr=0.01' });
    expect(rows()).toEqual([2, 4]);
    table.toggleBaseline(id(1));
    expect(rows()).toEqual([1, 2, 4]);
  });

  it('leaves out columns in which the trials do not differ', () => {
    table.setTrials([ALL[0], ALL[2]]);
    expect(shows(LR)).toBe(false);
    expect(shows(LOSS)).toBe(true);
    table.set({ differing: false });
    expect(shows(LR)).toBe(true);
  });

  it('shows and hides columns from the first choice on', () => {
    const mean = 'metric mean ["","loss"]';
    table.choose([mean], true);
    expect([shows(mean), shows(LOSS), shows(LR)]).toEqual([true, true, true]);
    table.choose([LOSS, LR], false);
    expect([shows(mean), shows(LOSS), shows(LR)]).toEqual([true, false, false]);
    table.set({ columns: null });
    expect([shows(mean), shows(LOSS)]).toEqual([false, true]);
  });

  it('asks for the values at a step, and only where one is chosen', async () => {
    const at = 'metric at ["","loss"]';
    expect(server.count('values')).toBe(0);
    server.values = [
      { trial_id: id(1), component: '', metric: 'loss', step: 2, value: 0.75 },
      { trial_id: id(2), component: '', metric: 'loss', step: 3, value: 'NaN' }
    ];
    table.choose([LOSS], true);
    table.setStep(3);
    await vi.advanceTimersByTimeAsync(500);
    const asked = new URLSearchParams(server.last('values').split('?')[1]);
    expect(asked.get('step')).toBe('3');
    expect(asked.getAll('series')).toEqual(['["","loss"]']);
    const column = table.columns.find(c => c.id === at)!;
    expect(ALL.map(f => column.value(f))).toEqual([0.75, NaN, null, null]);
    table.setStep(null);
    expect(shows(at)).toBe(false);
    const before = server.count('values');
    await vi.advanceTimersByTimeAsync(500);
    expect(server.count('values')).toBe(before);
  });

  it('tells why values at a step are missing', async () => {
    server.failures.set('values', {
      status: 413,
      body: { code: 'too-large', message: 'too many', remedy: '' }
    });
    table.setStep(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(table.error?.code).toBe('too-large');
  });

  it('asks for many series in parts that the server takes', async () => {
    const many = Array.from({ length: 120 }, (_, n) => metric(`m${n}`, n));
    table.setTrials(
      Array.from({ length: 100 }, (_, n) => facts(n + 1, [], many))
    );
    table.set({
      columns: new Set(many.map(m => `metric at ["","${m.name}"]`))
    });
    table.setStep(1);
    await vi.advanceTimersByTimeAsync(2000);
    const asked = server.asked.filter(path => path.startsWith('values'));
    const series = asked.map(path =>
      new URLSearchParams(path.split('?')[1]).getAll('series')
    );
    expect(Math.max(...series.map(part => part.length))).toBe(20);
    expect(new Set(series.flat()).size).toBe(120);
  });

  it('is copied with all digits, groups opened', () => {
    const trans = nullTranslator.load('labdeck');
    const exact = 0.1 + 0.2;
    table.setTrials([facts(1, [param('lr', exact)], []), ALL[1]]);
    table.set({ columns: new Set([LR]), group: LR });
    const [first, second] = table.rows.filter(row => row.kind === 'group');
    table.set({ closed: new Set([first.group.key, second.group.key]) });
    expect(tableCsv(table, trans).split('\r\n')).toEqual([
      'trial,state,lr',
      'cnn-2,completed,0.01',
      `cnn-1,completed,${exact}`,
      ''
    ]);
  });
});
