/** The tensors of a model as a tree of its modules. Pure. */
import type { TensorRow } from '../wire';

type Health = TensorRow['health'];

/** A module, or the place of tensors that belong to none: values of the training, times of its steps, the machine. */
export interface IModule {
  kind: 'module' | 'values' | 'timing' | 'system';
  path: string;
  type: string;
  depth: number;
  tensors: readonly TensorRow[];
  /** The worst of its own tensors and of those of the modules within it. */
  health: Health;
  /** Modules lie within it. */
  isParent: boolean;
}

const WORSE: readonly Health[] = ['ok', 'info', 'warning', 'error'];

/** The worse of two. */
export function worst(a: Health, b: Health): Health {
  return WORSE.indexOf(a) >= WORSE.indexOf(b) ? a : b;
}

/**
 * Sort tensors into their modules, in the model's order, what lies within a module right below it; before them the
 * values of the training, after them times and the machine.
 *
 * @param rows - The tensors.
 * @param words - Only tensors whose names or modules hold all of these words, or whose module is of a type so called:
 * "conv2" finds no Conv2d.
 */
export function toModules(
  rows: readonly TensorRow[],
  words = ''
): readonly IModule[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const kinds: Record<IModule['kind'], TensorRow[]> = {
    values: [],
    module: [],
    timing: [],
    system: []
  };
  for (const row of rows) {
    const text = `${row.name} ${row.module}`.toLowerCase();
    const type = row.module_type.toLowerCase();
    if (wanted.every(word => word === type || text.includes(word))) {
      kinds[kindOf(row)].push(row);
    }
  }
  return [
    ...apart('values', kinds.values),
    ...modulesOf(kinds.module),
    ...apart('timing', kinds.timing),
    ...apart('system', kinds.system)
  ];
}

/** Where a tensor belongs. */
function kindOf(row: TensorRow): IModule['kind'] {
  for (const kind of ['timing', 'system'] as const) {
    if (row.collections.includes(kind)) {
      return kind;
    }
  }
  return row.module === '' && row.module_type === '' ? 'values' : 'module';
}

function apart(kind: IModule['kind'], tensors: TensorRow[]): IModule[] {
  const health = tensors.reduce<Health>(
    (so, row) => worst(so, row.health),
    'ok'
  );
  const module = {
    kind,
    path: `(${kind})`,
    type: '',
    depth: 0,
    isParent: false
  };
  return tensors.length > 0 ? [{ ...module, tensors, health }] : [];
}

/** A module while the tree grows. */
interface INode {
  path: string;
  type: string;
  tensors: TensorRow[];
  within: INode[];
}

function modulesOf(rows: readonly TensorRow[]): IModule[] {
  const known = new Map<string, INode>();
  const top: INode[] = [];
  const nodeOf = (path: string): INode => {
    const before = known.get(path);
    if (before) {
      return before;
    }
    const node: INode = { path, type: '', tensors: [], within: [] };
    known.set(path, node);
    const parent = parentOf(path);
    (parent === null ? top : nodeOf(parent).within).push(node);
    return node;
  };
  for (const row of rows) {
    const node = nodeOf(row.module);
    node.tensors.push(row);
    node.type = row.module_type || node.type;
  }
  return top.flatMap(node => flat(node, 0));
}

/** A module and all that lies within it, in the order in which they are shown. */
function flat(node: INode, depth: number): IModule[] {
  const below = node.within.flatMap(inner => flat(inner, depth + 1));
  const own = [...node.tensors, ...below].map(({ health }) => health);
  return [
    {
      kind: 'module',
      path: node.path,
      type: node.type,
      depth,
      tensors: node.tensors,
      health: own.reduce<Health>(worst, 'ok'),
      isParent: node.within.length > 0
    },
    ...below
  ];
}

/** The path of the module that a module lies within, null of the outermost; PyTorch writes dots, Keras slashes. */
export function parentOf(path: string): string | null {
  const end = Math.max(path.lastIndexOf('.'), path.lastIndexOf('/'));
  return end < 0 ? null : path.slice(0, end);
}

/** Whether anything is known of a tensor but that it was there. */
export function isRecorded(row: TensorRow): boolean {
  return row.reductions.length > 0 || row.arrays > 0;
}

/** Whether it is known how a tensor's values are spread. */
export function hasHistogram(row: TensorRow): boolean {
  return row.reductions.includes('histogram') || row.arrays > 0;
}

/** Which reductions can be chosen, the usual ones first. */
export function reductionsOf(rows: readonly TensorRow[]): readonly string[] {
  const usual = ['abs_mean', 'l2', 'mean', 'std', 'max', 'min', 'nan_count'];
  const found = new Set(rows.flatMap(row => row.reductions));
  found.delete('histogram');
  found.delete('quantiles');
  return [
    ...usual.filter(name => found.has(name)),
    ...[...found].filter(name => !usual.includes(name)).sort()
  ];
}

/** The collections that have a reduction, in the order of their first tensors. */
export function collectionsOf(
  rows: readonly TensorRow[],
  reduction: string
): readonly string[] {
  return [
    ...new Set(
      rows
        .filter(row => row.reductions.includes(reduction))
        .flatMap(row => row.collections)
    )
  ];
}
