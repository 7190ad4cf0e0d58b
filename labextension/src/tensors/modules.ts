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
 * Sort tensors into their modules, in the model's order; before them the values of the training, after them times and
 * the machine.
 *
 * @param rows - The tensors.
 * @param words - Only tensors whose names hold all of these words.
 */
export function toModules(
  rows: readonly TensorRow[],
  words = ''
): readonly IModule[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = rows.filter(row =>
    wanted.every(word => row.name.toLowerCase().includes(word))
  );
  const ofModel = kept.filter(row => kindOf(row) === 'module');
  return [
    ...apart('values', kept),
    ...modulesOf(ofModel),
    ...apart('timing', kept),
    ...apart('system', kept)
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

function apart(kind: IModule['kind'], rows: readonly TensorRow[]): IModule[] {
  const tensors = rows.filter(row => kindOf(row) === kind);
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

function modulesOf(kept: readonly TensorRow[]): IModule[] {
  const types = new Map<string, string>();
  const groups = new Map<string, TensorRow[]>();
  for (const row of kept) {
    for (const path of withParents(row.module)) {
      if (!groups.has(path)) {
        groups.set(path, []);
      }
    }
    groups.get(row.module)?.push(row);
    if (row.module_type !== '') {
      types.set(row.module, row.module_type);
    }
  }
  const paths = [...groups.keys()];
  return paths.map(path => {
    const within = kept.filter(
      row =>
        row.module === path ||
        (path !== '' && row.module.startsWith(`${path}.`))
    );
    return {
      kind: 'module',
      path,
      type: types.get(path) ?? '',
      depth: path === '' ? 0 : path.split('.').length - 1,
      tensors: groups.get(path) ?? [],
      health: within.reduce<Health>((so, row) => worst(so, row.health), 'ok'),
      isParent: path !== '' && paths.some(one => one.startsWith(`${path}.`))
    };
  });
}

/** A module's path and the paths of those it lies within, the outermost first; "" stays alone. */
function withParents(path: string): string[] {
  const parts = path.split('.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

/** The modules that are seen while some are closed. */
export function shownModules(
  modules: readonly IModule[],
  closed: ReadonlySet<string>
): readonly IModule[] {
  return modules.filter(({ path }) =>
    withParents(path)
      .slice(0, -1)
      .every(parent => !closed.has(parent))
  );
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
