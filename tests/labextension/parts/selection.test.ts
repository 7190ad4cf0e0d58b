import { describe, expect, it } from 'vitest';

import { Selection } from '../../../labextension/src/parts/selection';

const order = ['a', 'b', 'c', 'd', 'e'];

function after(...steps: [string, 'only' | 'toggle' | 'range'][]): string {
  const selection = new Selection();
  for (const [key, mode] of steps) {
    selection.select(key, mode, order);
  }
  return selection.keys.join('');
}

describe('a selection', () => {
  it('takes one alone', () => {
    expect(after(['a', 'only'], ['c', 'only'])).toBe('c');
  });

  it('puts in and out, in the order of the clicks', () => {
    expect(after(['c', 'toggle'], ['a', 'toggle'], ['e', 'toggle'])).toBe(
      'cae'
    );
    expect(after(['c', 'toggle'], ['a', 'toggle'], ['c', 'toggle'])).toBe('a');
  });

  it('stretches from where it began, both ways', () => {
    expect(after(['c', 'only'], ['e', 'range'])).toBe('cde');
    expect(after(['c', 'only'], ['e', 'range'], ['a', 'range'])).toBe('abc');
    expect(after(['b', 'range'])).toBe('b');
  });

  it('never holds what may not be chosen', () => {
    expect(after(['a', 'only'], ['experiment', 'toggle'])).toBe('a');
    expect(after(['a', 'only'], ['experiment', 'only'])).toBe('');
  });

  it('drops what is gone', () => {
    const selection = new Selection();
    selection.replace(order);
    selection.keep(key => key !== 'b');
    expect(selection.keys.join('')).toBe('acde');
  });
});
