/** Networks for tests. */
import type { Network, NetworkNode } from '../../../labextension/src/wire';
import { id } from '../pagesServer';

/** A module without tensors. */
export function module(
  path: string,
  more: Partial<NetworkNode> = {}
): NetworkNode {
  return {
    path,
    type: 'Linear',
    depth: path === '' ? 0 : path.split('.').length,
    order: 0,
    modules: 1,
    tensors: [],
    value: null,
    shown: '',
    health: 'ok',
    ...more
  };
}

/** A network of modules, joined by edges. */
export function network(
  nodes: readonly NetworkNode[],
  ...edges: [string, string][]
): Network {
  return {
    trial_id: id(1),
    mode: 'TRAIN',
    step: 3,
    reduction: 'l2',
    within: '',
    nodes: [...nodes],
    total: nodes.length,
    edges: edges.map(([source, destination]) => ({ source, destination }))
  };
}
