import { describe, expect, it } from 'vitest';

import {
  factColumns,
  type IFactColumn
} from '../../../labextension/src/facts/columns';
import { toCsv } from '../../../labextension/src/facts/csv';
import { filterTrials } from '../../../labextension/src/facts/filter';
import {
  commonValue,
  groupTrials,
  summarise
} from '../../../labextension/src/facts/grouping';
import type { TrialFacts } from '../../../labextension/src/wire';
import { facts, metric, param } from '../pagesServer';

function columnOf(all: readonly TrialFacts[], id: string): IFactColumn {
  return factColumns(all, () => 0).find(c => c.id === id)!;
}

describe('groups of trials', () => {
  const all = [
    facts(1, [param('lr', 0.1)], [metric('acc', 1)]),
    facts(2, [param('lr', 0.01)], [metric('acc', 0.5)]),
    facts(3, [param('lr', 0.1)], [metric('acc', 3)]),
    facts(4, [param('lr', '0.1')], [metric('acc', 'NaN')]),
    facts(5, [], [metric('acc', 'Infinity')])
  ];
  const lr = columnOf(all, 'param ["","lr"]');
  const accuracy = columnOf(all, 'metric last ["","acc"]');

  it('hold the trials of one value, numbers before texts before none', () => {
    const found = groupTrials(all, lr);
    expect(
      found.map(g => [g.value, g.members.map(f => f.trial.number)])
    ).toEqual([
      [0.01, [2]],
      [0.1, [1, 3]],
      ['0.1', [4]],
      [null, [5]]
    ]);
    expect(new Set(found.map(g => g.key)).size).toBe(4);
  });

  it('tell mean and population deviation of what is finite', () => {
    for (const members of [all, all.slice(0, 3), [all[0]]]) {
      const values = members
        .map(f => f.metrics[0].last)
        .filter((v): v is number => typeof v === 'number');
      let sum = 0;
      for (const value of values) {
        sum += value;
      }
      const mean = sum / values.length;
      let squares = 0;
      for (const value of values) {
        squares += (value - mean) * (value - mean);
      }
      const found = summarise(accuracy, members)!;
      expect(found.count).toBe(values.length);
      expect(found.mean).toBeCloseTo(mean, 12);
      expect(found.deviation).toBeCloseTo(
        Math.sqrt(squares / values.length),
        12
      );
    }
    expect(summarise(accuracy, [all[3], all[4]])).toBeNull();
  });

  it('do not overflow', () => {
    const huge = [1, 2].map(n =>
      facts(n, [], [metric('acc', Number.MAX_VALUE)])
    );
    expect(summarise(columnOf(huge, 'metric last ["","acc"]'), huge)).toEqual({
      count: 2,
      mean: Number.MAX_VALUE,
      deviation: 0
    });
  });

  it('say what all members have in common', () => {
    expect(commonValue(lr, [all[0], all[2]])).toBe(0.1);
    expect(commonValue(lr, [all[0], all[1]])).toBeUndefined();
    expect(commonValue(lr, [all[4]])).toBeNull();
  });
});

describe('the filter of a table', () => {
  const all = [
    facts(1, [param('optimizer', 'Adam')], [], { tags: { team: 'vision' } }),
    facts(2, [{ ...param('lr', 0.5), component: 'prep' }], [], {
      state: 'failed'
    })
  ];
  const numbers = (text: string): number[] =>
    filterTrials(all, text).map(f => f.trial.number);

  it('looks at names, states, tags and parameters in whatever case', () => {
    expect(numbers('')).toEqual([1, 2]);
    expect(numbers('CNN-2')).toEqual([2]);
    expect(numbers('failed')).toEqual([2]);
    expect(numbers('team=vis')).toEqual([1]);
    expect(numbers('optimizer=adam')).toEqual([1]);
    expect(numbers('prep/lr=0.5')).toEqual([2]);
  });

  it('wants every word', () => {
    expect(numbers('cnn vision')).toEqual([1]);
    expect(numbers('vision failed')).toEqual([]);
    expect(numbers('  cnn  ')).toEqual([1, 2]);
  });

  it('takes signs for signs', () => {
    expect(numbers('.*')).toEqual([]);
    expect(numbers('[')).toEqual([]);
  });
});

describe('a table as CSV', () => {
  /** Reads RFC 4180 character by character. */
  function parse(text: string): string[][] {
    const rows: string[][] = [[]];
    let field = '';
    let inside = false;
    for (let at = 0; at < text.length; at++) {
      const sign = text[at];
      if (inside) {
        if (sign !== '"') {
          field += sign;
        } else if (text[at + 1] === '"') {
          field += '"';
          at++;
        } else {
          inside = false;
        }
      } else if (sign === '"') {
        inside = true;
      } else if (sign === ',' || sign === '\r') {
        rows[rows.length - 1].push(field);
        field = '';
      } else if (sign === '\n') {
        rows.push([]);
      } else {
        field += sign;
      }
    }
    return rows.slice(0, -1);
  }

  it('is read back as it was', () => {
    const head = ['a,b', 'c"d', ' e'];
    const rows = [
      ['x\ny', 0.1 + 0.2, null],
      ['"', true, '\r'],
      ['', -1e-300, '=1+1']
    ];
    expect(parse(toCsv(head, rows))).toEqual([
      head,
      ...rows.map(row => row.map(v => (v === null ? '' : String(v))))
    ]);
  });
});
