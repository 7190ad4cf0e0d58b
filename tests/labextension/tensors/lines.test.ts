import { describe, expect, it } from 'vitest';

import {
  closedAtFirst,
  type Line,
  MANY,
  pathsAbove,
  shortName,
  toLines
} from '../../../labextension/src/tensors/lines';
import { toModules } from '../../../labextension/src/tensors/modules';
import { row, ROWS } from './tensorRows';

const MODULES = toModules(ROWS);

const told = (lines: readonly Line[]): object =>
  lines.map(({ id, depth, position, siblings }) => [
    id,
    depth,
    `${position}/${siblings}`
  ]);

describe('the lines of the tree', () => {
  it('count each among those beside it', () => {
    expect(told(toLines(MODULES, new Set()))).toEqual([
      ['m:(values)', 0, '1/3'],
      ['t:loss', 1, '1/1'],
      ['m:block', 0, '2/3'],
      ['m:block.conv1', 1, '1/2'],
      ['t:gradient/block.conv1.weight', 2, '1/1'],
      ['m:block.conv2', 1, '2/2'],
      ['t:gradient/block.conv2.weight', 2, '1/1'],
      ['m:fc', 0, '3/3'],
      ['t:gradient/fc.weight', 1, '1/1']
    ]);
  });

  it('hide what lies within closed modules, however deep', () => {
    const ids = (...closed: string[]): object =>
      toLines(MODULES, new Set(closed)).map(({ id }) => id);
    expect(ids('block', '(values)')).toEqual([
      'm:(values)',
      'm:block',
      'm:fc',
      't:gradient/fc.weight'
    ]);
    expect(ids('block.conv1', 'fc', '(values)')).toEqual([
      'm:(values)',
      'm:block',
      'm:block.conv1',
      'm:block.conv2',
      't:gradient/block.conv2.weight',
      'm:fc'
    ]);
  });

  it('begin open in a small model, and at what is wrong in a large one', () => {
    expect([...closedAtFirst(MODULES)]).toEqual(['(timing)', '(system)']);
    const many = Array.from({ length: MANY }, (_, index) =>
      row(`gradient/l.${index}.weight`, {
        module: `l.${index}`,
        health: index === 7 ? 'error' : 'ok'
      })
    );
    const modules = toModules(many);
    const lines = toLines(modules, closedAtFirst(modules));
    expect(lines).toHaveLength(1 + MANY + 1);
    expect(lines[9].id).toBe('t:gradient/l.7.weight');
  });

  it('know what to open for a tensor to be seen', () => {
    expect(pathsAbove(MODULES, 'gradient/block.conv2.weight')).toEqual([
      'block.conv2',
      'block'
    ]);
    expect(pathsAbove(MODULES, 'loss')).toEqual(['(values)']);
    expect(pathsAbove(MODULES, 'nothing')).toEqual([]);
  });

  it.each([
    ['gradient/block.conv1.weight', 'block.conv1', 'gradient/weight'],
    ['block.conv1.weight', 'block.conv1', 'weight'],
    ['optimizer/fc.bias/exp_avg', 'fc', 'optimizer/bias/exp_avg'],
    ['relu1_output_0', 'relu1', 'output_0'],
    ['fc1.weight', 'fc', 'fc1.weight'],
    ['loss', '', 'loss'],
    ['elsewhere', 'fc', 'elsewhere'],
    ['fc', 'fc', 'fc']
  ])('call %s in %s %s', (name, module, expected) => {
    expect(shortName(row(name, { module }))).toBe(expected);
  });
});
