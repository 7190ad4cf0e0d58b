import { describe, expect, it } from 'vitest';

import {
  collectionsOf,
  reductionsOf,
  shownModules,
  toModules,
  worst
} from '../../../labextension/src/tensors/modules';
import { row, ROWS } from './tensorRows';

describe('the tree of modules', () => {
  it('holds every tensor once, below its module', () => {
    const modules = toModules(ROWS);
    expect(modules.map(({ path }) => path)).toEqual([
      'block',
      'block.conv1',
      'block.conv2',
      'fc',
      ''
    ]);
    expect(modules.flatMap(({ tensors }) => tensors)).toEqual(ROWS);
    expect(modules.map(({ depth }) => depth)).toEqual([0, 1, 1, 0, 0]);
    expect(modules.map(({ isParent }) => isParent)).toEqual([
      true,
      false,
      false,
      false,
      false
    ]);
  });

  it('tells the worst of what lies within', () => {
    const health = toModules(ROWS).map(module => module.health);
    expect(health).toEqual(['error', 'error', 'ok', 'ok', 'ok']);
    expect(worst('info', 'warning')).toBe('warning');
    expect(worst('error', 'warning')).toBe('error');
  });

  it('does not take a module for one whose name begins alike', () => {
    const modules = toModules([
      row('a', { module: 'fc', health: 'ok' }),
      row('b', { module: 'fc1', health: 'error' })
    ]);
    expect(modules.map(({ health }) => health)).toEqual(['ok', 'error']);
  });

  it('is filtered by words, in any order and case', () => {
    const found = toModules(ROWS, 'WEIGHT conv2');
    expect(found.flatMap(({ tensors }) => tensors)).toEqual([ROWS[1]]);
    expect(toModules(ROWS, 'nothing')).toEqual([]);
  });

  it('hides what lies within closed modules', () => {
    const shown = shownModules(toModules(ROWS), new Set(['block']));
    expect(shown.map(({ path }) => path)).toEqual(['block', 'fc', '']);
  });
});

describe('what can be chosen', () => {
  it('offers the usual reductions first, and none that is no single number', () => {
    const rows = [row('x', { reductions: ['zero_count', 'histogram', 'l2'] })];
    expect(reductionsOf(rows)).toEqual(['l2', 'zero_count']);
    expect(reductionsOf([])).toEqual([]);
  });

  it('offers only collections that have the reduction', () => {
    expect(collectionsOf(ROWS, 'value')).toEqual(['losses']);
    expect(collectionsOf(ROWS, 'l2')).toEqual(['gradients']);
  });
});
