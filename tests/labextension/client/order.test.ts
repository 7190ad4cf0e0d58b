import { describe, expect, it } from 'vitest';

import {
  compareTrials,
  type SortKey,
  sortText
} from '../../../labextension/src/client/order';
import { experiment, summary, trial } from './fakeServer';

const digits = experiment(1, 'digits');
const trials = [
  trial(14, digits, { name: 'b', state: 'running', ended: null }),
  trial(13, digits, { name: 'a', ended: 20, objective: summary('acc', 0.5) }),
  trial(12, digits, { name: 'B', ended: 99, objective: summary('acc', 0.9) }),
  trial(11, digits, {
    name: 'b',
    state: 'failed',
    objective: { ...summary('acc', 0), last: 'NaN' }
  })
];

function ordered(sort: SortKey): number[] {
  return [...trials]
    .reverse()
    .sort(compareTrials(sort))
    .map(({ number }) => number);
}

describe('an order', () => {
  it.each([
    ['newest', [14, 13, 12, 11]],
    ['name', [12, 13, 14, 11]],
    ['objective', [12, 13, 14, 11]],
    ['duration', [12, 13, 11, 14]],
    ['state', [14, 11, 13, 12]]
  ] as const)('by %s', (sort, numbers) => {
    expect(ordered(sort)).toEqual(numbers);
  });

  it('by objective follows its goal', () => {
    const down = trials.map(one => ({ ...one, goal: 'min' as const }));
    down.sort(compareTrials('objective'));
    expect(down.map(({ number }) => number)).toEqual([13, 12, 14, 11]);
  });

  it('is written in the words of the search language', () => {
    const judge = { name: 'a "b"', component: 'train', goal: 'max' as const };
    expect(sortText('objective', judge)).toBe('-metrics."train/a \\"b\\""');
    expect(
      sortText('objective', { ...judge, component: '', goal: 'min' })
    ).toBe('metrics."a \\"b\\""');
    expect(sortText('objective', null)).toBe('-number');
  });
});
