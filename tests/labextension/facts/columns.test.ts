import { describe, expect, it } from 'vitest';

import {
  bestValue,
  difference,
  differs,
  factColumns,
  firstColumns,
  type IFactColumn,
  isNumeric,
  type Statistic,
  STATISTICS
} from '../../../labextension/src/facts/columns';
import type { TrialFacts } from '../../../labextension/src/wire';
import { facts, id, metric, param } from '../pagesServer';

const now = (): number => 130;

function column(
  all: readonly TrialFacts[],
  kind: IFactColumn['kind'],
  name = '',
  statistic: Statistic | null = null
): IFactColumn {
  return factColumns(all, now).find(
    c => c.kind === kind && c.name === name && c.statistic === statistic
  )!;
}

describe('the columns of a comparison', () => {
  const one = facts(
    1,
    [param('hidden', 2), param('lr', 0.1)],
    [
      metric('loss', 0.5, {
        min: 0.2,
        max: 0.9,
        first: 0.8,
        mean: 0.6,
        std: 0.1,
        count: 7
      }),
      metric('accuracy', 0.8, { count: 1 })
    ],
    { tags: { team: 'vision' } }
  );
  const two = facts(
    2,
    [param('hidden', 32), param('lr', 0.1)],
    [metric('loss', 0.4, { min: 0.3, max: 0.7 })]
  );
  const both = [one, two];
  const ids = (all: readonly TrialFacts[]): string[] =>
    factColumns(all, now).map(c => c.id);

  it('name every parameter and tag once and every metric with each statistic', () => {
    const statistics = (name: string): string[] =>
      STATISTICS.filter(s => s !== 'at').map(
        s => `metric ${s} ${JSON.stringify(['', name])}`
      );
    expect(ids(both)).toEqual([
      'name',
      'state',
      'param ["","hidden"]',
      'param ["","lr"]',
      ...statistics('loss'),
      ...statistics('accuracy'),
      'tag team',
      'duration',
      'started'
    ]);
  });

  it('read each statistic from the summary', () => {
    const read = (statistic: Statistic): unknown =>
      column(both, 'metric', 'loss', statistic).value(one);
    expect(STATISTICS.slice(0, -1).map(read)).toEqual([
      0.5, 0.2, 0.2, 0.9, 0.8, 0.6, 0.1, 7
    ]);
  });

  it('hold the value at a step only once one is chosen', () => {
    const at = new Map([[id(1), new Map([['["","loss"]', 0.75]])]]);
    const found = factColumns(both, now, at).find(
      c => c.statistic === 'at' && c.name === 'loss'
    )!;
    expect([found.value(one), found.value(two)]).toEqual([0.75, null]);
    expect(ids(both).filter(item => item.startsWith('metric at'))).toEqual([]);
  });

  it('take the least of a loss and the most of an accuracy for the best', () => {
    expect(column(both, 'metric', 'loss', 'best').value(one)).toBe(0.2);
    expect(column(both, 'metric', 'accuracy', 'best').value(one)).toBe(0.8);
  });

  it('follow the goal that the experiment has for its objective', () => {
    const objective = metric('loss', 0.5);
    const judged = { ...one, trial: { ...one.trial, objective } };
    expect(column([judged], 'metric', 'loss', 'best').value(judged)).toBe(0.9);
  });

  it('are at first those of the training, with the best only where there is a curve', () => {
    const watched = facts(
      3,
      [],
      [{ ...metric('cpu', 50), component: 'system' }, metric('loss', 1)]
    );
    const all = [...both, watched];
    const first = firstColumns(factColumns(all, now), all);
    expect([...first].filter(item => item.startsWith('metric'))).toEqual([
      'metric last ["","loss"]',
      'metric best ["","loss"]',
      'metric last ["","accuracy"]'
    ]);
    expect(first).toContain('duration');
    expect(first).toContain('tag team');
    expect(first).not.toContain('name');
  });

  it('are few at first, however many there are, with duration and start among them', () => {
    const wide = facts(
      3,
      Array.from({ length: 300 }, (_, n) => param(`p${n}`, n))
    );
    const first = firstColumns(factColumns([wide], now), [wide]);
    expect(first.size).toBe(42);
    expect(first).toContain('started');
  });

  it('tell parameters of the same name in two components apart', () => {
    const split = facts(3, [
      param('lr', 1),
      { ...param('lr', 2), component: 'training' }
    ]);
    const columns = factColumns([split], now).filter(c => c.kind === 'param');
    expect(columns.map(c => c.component)).toEqual(['', 'training']);
    expect(columns.map(c => c.value(split))).toEqual([1, 2]);
  });

  it('differ where one trial lacks the value', () => {
    expect(differs(column(both, 'param', 'hidden'), both)).toBe(true);
    expect(differs(column(both, 'param', 'lr'), both)).toBe(false);
    expect(differs(column(both, 'metric', 'accuracy', 'last'), both)).toBe(
      true
    );
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
    const last = column(all, 'metric', 'loss', 'last');
    expect(last.value(broken)).toBeNaN();
    expect(bestValue(last, all)).toBe(0.4);
    expect(bestValue(column(all, 'metric', 'gain', 'last'), all)).toBeNull();
    expect(difference(last, broken, one)).toBeNull();
  });

  it('tell differences in numbers, as a part of the baseline, and whether they are better', () => {
    const last = column(both, 'metric', 'loss', 'last');
    const found = difference(last, two, one)!;
    expect(found.absolute).toBeCloseTo(-0.1);
    expect(found.relative).toBeCloseTo(-0.2);
    expect(found.better).toBe(true);
    expect(difference(last, one, one)?.better).toBeNull();
    const zero = facts(4, [], [metric('loss', 0)]);
    const negative = facts(5, [], [metric('loss', -2)]);
    expect(difference(last, one, zero)).toEqual({
      absolute: 0.5,
      relative: null,
      better: false
    });
    expect(difference(last, one, negative)?.relative).toBe(1.25);
    const spread = column(both, 'metric', 'loss', 'deviation');
    expect(difference(spread, two, one)?.better).toBeNull();
  });

  it('have no best where no way is better', () => {
    expect(bestValue(column(both, 'param', 'hidden'), both)).toBeNull();
    const count = column(both, 'metric', 'loss', 'count');
    expect(bestValue(count, both)).toBeNull();
  });

  it('are numbers where no trial has a text', () => {
    const text = facts(3, [param('hidden', 'wide')]);
    expect(isNumeric(column(both, 'param', 'hidden'), both)).toBe(true);
    const mixed = [...both, text];
    expect(isNumeric(column(mixed, 'param', 'hidden'), mixed)).toBe(false);
  });

  it('treat names as names, whatever they are', () => {
    const hostile = facts(
      3,
      [param('__proto__', 1)],
      [metric('constructor', 2)],
      { tags: JSON.parse('{"__proto__": "a"}') as Record<string, string> }
    );
    const all = [hostile, one];
    expect(column(all, 'param', '__proto__').value(hostile)).toBe(1);
    expect(column(all, 'metric', 'constructor', 'last').value(hostile)).toBe(2);
    expect(column(all, 'tag', '__proto__').value(hostile)).toBe('a');
    expect(column(all, 'tag', '__proto__').value(one)).toBeNull();
    expect(column(all, 'param', '__proto__').value(one)).toBeNull();
  });
});
