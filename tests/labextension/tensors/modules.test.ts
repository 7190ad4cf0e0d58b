import { describe, expect, it } from 'vitest';

import {
  collectionsOf,
  parentOf,
  reductionsOf,
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

  it('keeps what lies within a module below it, in whatever order it was recorded', () => {
    const rows = ['a.x', 'b', 'a.y', 'a'].map(path =>
      row(`gradient/${path}.weight`, { module: path })
    );
    expect(toModules(rows).map(({ path, depth }) => [path, depth])).toEqual([
      ['a', 0],
      ['a.x', 1],
      ['a.y', 1],
      ['b', 0]
    ]);
  });

  it('is filtered by modules and their types, too', () => {
    const paths = (words: string): object =>
      toModules(ROWS, words).map(({ path }) => path);
    expect(paths('linear')).toEqual(['fc']);
    expect(paths('block conv1')).toEqual(['block', 'block.conv1']);
  });

  it('knows the way up in the paths of PyTorch and of Keras', () => {
    expect(['a.b.c', 'a/b', 'a', ''].map(parentOf)).toEqual([
      'a.b',
      'a',
      null,
      null
    ]);
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
