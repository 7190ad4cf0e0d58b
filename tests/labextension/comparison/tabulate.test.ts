import { describe, expect, it } from 'vitest';

import {
  bestValue,
  difference,
  differs,
  factColumns,
  type IFactColumn
} from '../../../labextension/src/comparison/tabulate';
import type { TrialFacts } from '../../../labextension/src/wire';
import { facts, id, metric, param } from '../pagesServer';

const now = (): number => 130;

function column(
  all: readonly TrialFacts[],
  kind: IFactColumn['kind'],
  name = ''
): IFactColumn {
  return factColumns(all, now).find(c => c.kind === kind && c.name === name)!;
}

describe('the columns of a comparison', () => {
  const one = facts(
    1,
    [param('hidden', 2), param('lr', 0.1)],
    [metric('loss', 0.5, { min: 0.2, max: 0.9 }), metric('accuracy', 0.8)]
  );
  const two = facts(
    2,
    [param('hidden', 32), param('lr', 0.1)],
    [metric('loss', 0.4, { min: 0.3, max: 0.7 })]
  );
  const both = [one, two];

  it('name every parameter once and every metric twice', () => {
    expect(factColumns(both, now).map(c => [c.kind, c.name])).toEqual([
      ['name', ''],
      ['state', ''],
      ['param', 'hidden'],
      ['param', 'lr'],
      ['last', 'loss'],
      ['best', 'loss'],
      ['last', 'accuracy'],
      ['best', 'accuracy'],
      ['duration', '']
    ]);
  });

  it('take the least of a loss and the most of an accuracy for the best', () => {
    expect(column(both, 'best', 'loss').value(one)).toBe(0.2);
    expect(column(both, 'best', 'accuracy').value(one)).toBe(0.8);
  });

  it('follow the goal that the experiment has for its objective', () => {
    const objective = metric('loss', 0.5);
    const judged = { ...one, trial: { ...one.trial, objective } };
    expect(column([judged], 'best', 'loss').value(judged)).toBe(0.9);
  });

  it('tell parameters of the same name in two components apart', () => {
    const split = facts(3, [
      param('lr', 1),
      { ...param('lr', 2), component: 'training' }
    ]);
    const columns = factColumns([split], now).filter(c => c.kind === 'param');
    expect(columns.map(c => c.name)).toEqual(['lr', 'training / lr']);
    expect(columns.map(c => c.value(split))).toEqual([1, 2]);
  });

  it('differ where one trial lacks the value', () => {
    expect(differs(column(both, 'param', 'hidden'), both)).toBe(true);
    expect(differs(column(both, 'param', 'lr'), both)).toBe(false);
    expect(differs(column(both, 'last', 'accuracy'), both)).toBe(true);
  });

  it('ask for the experiment only where there are several', () => {
    const other = facts(3, [], [], { experiment_id: id(7), experiment: 'x' });
    const kinds = factColumns([one, other], now).map(c => c.kind);
    expect(kinds).toContain('experiment');
    expect(factColumns(both, now).map(c => c.kind)).not.toContain('experiment');
  });

  it('count the duration of a running trial up to now', () => {
    const running = facts(3, [], [], { state: 'running', ended: null });
    expect(column([running], 'duration').value(running)).toBe(30);
  });

  it('leave numbers that are not finite out of the best and of differences', () => {
    const broken = facts(
      3,
      [],
      [metric('loss', 'NaN'), metric('gain', 'Infinity')]
    );
    const all = [...both, broken];
    const last = column(all, 'last', 'loss');
    expect(last.value(broken)).toBeNaN();
    expect(bestValue(last, all)).toBe(0.4);
    expect(bestValue(column(all, 'last', 'gain'), all)).toBeNull();
    expect(difference(last, broken, one)).toBeNull();
    expect(difference(last, two, one)).toBeCloseTo(-0.1);
  });

  it('have no best where no way is better', () => {
    expect(bestValue(column(both, 'param', 'hidden'), both)).toBeNull();
  });

  it('treat names as names, whatever they are', () => {
    const hostile = facts(
      3,
      [param('__proto__', 1)],
      [metric('constructor', 2)]
    );
    expect(column([hostile], 'param', '__proto__').value(hostile)).toBe(1);
    expect(column([hostile], 'last', 'constructor').value(hostile)).toBe(2);
    expect(column([hostile, one], 'param', '__proto__').value(one)).toBeNull();
  });
});
