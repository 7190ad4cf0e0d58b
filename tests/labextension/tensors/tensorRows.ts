/** Recorded tensors for tests. */
import type { TensorList, TensorRow } from '../../../labextension/src/wire';
import { id } from '../pagesServer';

/** A tensor of a module. */
export function row(name: string, more: Partial<TensorRow> = {}): TensorRow {
  return {
    name,
    collections: ['gradients'],
    module: '',
    module_type: '',
    parameter: '',
    shape: [4, 3],
    dtype: 'float32',
    reductions: ['abs_mean', 'l2', 'histogram'],
    arrays: 0,
    health: 'ok',
    ...more
  };
}

/** Three layers in a block, the first of them ill, and a loss. */
export const ROWS: readonly TensorRow[] = [
  row('gradient/block.conv1.weight', {
    module: 'block.conv1',
    module_type: 'Conv2d',
    health: 'error'
  }),
  row('gradient/block.conv2.weight', {
    module: 'block.conv2',
    module_type: 'Conv2d'
  }),
  row('gradient/fc.weight', { module: 'fc', module_type: 'Linear' }),
  row('loss', { collections: ['losses'], reductions: ['value'], shape: [] })
];

/** All that was recorded of trial 1. */
export function listOf(more: Partial<TensorList> = {}): TensorList {
  return {
    trial_id: id(1),
    tensors: [...ROWS],
    modes: [
      { mode: 'TRAIN', count: 20, first: 0, last: 19 },
      { mode: 'EVAL', count: 2, first: 0, last: 1 }
    ],
    recordings: [],
    ...more
  };
}
