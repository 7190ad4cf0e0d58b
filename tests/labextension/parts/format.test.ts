import { describe, expect, it } from 'vitest';

import {
  ABSENT,
  formatAge,
  formatDuration,
  formatNumber,
  formatSize
} from '../../../labextension/src/parts/format';
import {
  SERIES_COLOURS,
  trialColour
} from '../../../labextension/src/parts/palette';
import { sparkPath } from '../../../labextension/src/parts/Sparkline';

describe('numbers', () => {
  it.each([
    [0.98123, '0.9812'],
    [0, '0'],
    [-0.5, '−0.5'],
    [12340, '12340'],
    [123456.789, '123500'],
    [1e6, '1e6'],
    [0.00012345, '1.234e−4'],
    [0.001, '0.001'],
    [-2.5e-7, '−2.5e−7'],
    [1e308, '1e308'],
    [5e-324, '4.941e−324'],
    ['NaN', 'NaN'],
    ['Infinity', '∞'],
    ['-Infinity', '−∞'],
    [null, ABSENT]
  ] as const)('%s reads %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe('durations, ages and sizes', () => {
  it.each([
    [0.0019, '2 ms'],
    [0.9999, '1 s'],
    [2.44, '2.4 s'],
    [59.4, '59 s'],
    [59.7, '1 min'],
    [125, '2 min 5 s'],
    [3600 * 3 + 1200, '3 h 20 min'],
    [86400 * 4 + 7200, '4 d 2 h'],
    [-5, '0 ms']
  ])('%d s reads %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it.each([
    [-3, '0s'],
    [12.9, '12s'],
    [125, '2m'],
    [7300, '2h'],
    [86400 * 5, '5d'],
    [86400 * 15, '2w']
  ])('%d s ago reads %s', (seconds, text) => {
    expect(formatAge(seconds, 'en')).toBe(text);
  });

  it.each([
    [812, '812 B'],
    [1234567, '1.23 MB'],
    [999_999, '1000 kB']
  ])('%d bytes read %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});

describe('the palette', () => {
  it('gives ten trials in a row ten colours, and then begins anew', () => {
    const numbers = Array.from({ length: 10 }, (_, index) => index + 1);
    expect(numbers.map(trialColour)).toEqual([...SERIES_COLOURS]);
    expect(trialColour(11)).toBe(SERIES_COLOURS[0]);
  });
});

describe('the sparkline', () => {
  it('rises from the lower left to the upper right', () => {
    expect(sparkPath([0, 1])).toBe('M2 14L46 2');
  });

  it('leaves a gap at what is not finite, and shows a lone value', () => {
    expect(sparkPath([0, 'NaN', 1])).toBe('M2 14h1M46 2h1');
    expect(sparkPath(['Infinity'])).toBe('');
    expect(sparkPath([])).toBe('');
  });

  it('survives the largest floats', () => {
    expect(sparkPath([-1.7e308, 1.7e308])).toBe('M2 14L46 2');
    expect(sparkPath([3, 3])).toBe('M2 8L46 8');
  });
});
