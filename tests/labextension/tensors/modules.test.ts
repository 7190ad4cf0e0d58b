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
      '(values)',
      'block',
      'block.conv1',
      'block.conv2',
      'fc'
    ]);
    const found = modules.flatMap(({ tensors }) => tensors);
    expect(found).toEqual([ROWS[3], ...ROWS.slice(0, 3)]);
    expect(modules.map(({ depth }) => depth)).toEqual([0, 0, 1, 1, 0]);
    expect(modules.map(({ isParent }) => isParent)).toEqual([
      false,
      true,
      false,
      false,
      false
    ]);
  });

  it('tells the worst of what lies within', () => {
    const health = toModules(ROWS).map(module => module.health);
    expect(health).toEqual(['ok', 'error', 'error', 'ok', 'ok']);
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

  it('keeps times and the machine apart, after the model', () => {
    const modules = toModules([
      row('system/cpu', { collections: ['system'] }),
      row('timing/step', { collections: ['timing'], health: 'warning' }),
      row('loss', { collections: ['losses'] }),
      row('Net_output_0', { module_type: 'Net' })
    ]);
    expect(modules.map(({ kind, health }) => [kind, health])).toEqual([
      ['values', 'ok'],
      ['module', 'ok'],
      ['timing', 'warning'],
      ['system', 'ok']
    ]);
  });

  it('is filtered by words, in any order and case', () => {
    const found = toModules(ROWS, 'WEIGHT conv2');
    expect(found.flatMap(({ tensors }) => tensors)).toEqual([ROWS[1]]);
    expect(toModules(ROWS, 'nothing')).toEqual([]);
  });

  it('hides what lies within closed modules', () => {
    const shown = shownModules(toModules(ROWS), new Set(['block']));
    expect(shown.map(({ path }) => path)).toEqual(['(values)', 'block', 'fc']);
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
