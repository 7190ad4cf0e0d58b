/** What stands on the lines of the tree of tensors. Pure. */
import type { TensorRow } from '../wire';
import { type IModule, parentOf } from './modules';

/** With more lines than these, modules begin closed. */
export const MANY = 300;

/** One line, and its place among its siblings, counted from 1. */
export type Line = {
  id: string;
  depth: number;
  position: number;
  siblings: number;
} & (
  | { kind: 'module'; module: IModule; isOpen: boolean }
  | { kind: 'tensor'; tensor: TensorRow }
);

/** The id of a tensor's line. */
export function tensorId(name: string): string {
  return `t:${name}`;
}

/** The id of a module's line. */
export function moduleId(path: string): string {
  return `m:${path}`;
}

/**
 * The lines that are seen.
 *
 * @param modules - As `toModules` sorts them: what lies within a module stands right below it.
 * @param closed - Paths of modules whose insides are hidden.
 */
export function toLines(
  modules: readonly IModule[],
  closed: ReadonlySet<string>
): readonly Line[] {
  const lines: Line[] = [];
  let hidden = Infinity; // modules deeper than this lie within a closed one
  for (const module of modules) {
    if (module.depth > hidden) {
      continue;
    }
    const isOpen = !closed.has(module.path);
    hidden = isOpen ? Infinity : module.depth;
    const { depth } = module;
    const id = moduleId(module.path);
    lines.push({ kind: 'module', id, module, isOpen, depth, ...UNPLACED });
    for (const tensor of isOpen ? module.tensors : []) {
      const id = tensorId(tensor.name);
      lines.push({ kind: 'tensor', id, tensor, depth: depth + 1, ...UNPLACED });
    }
  }
  return placed(lines);
}

const UNPLACED = { position: 0, siblings: 0 };

/** Count each line among those of the same parent. */
function placed(lines: readonly Line[]): readonly Line[] {
  const counts: number[] = [];
  const positions = lines.map(({ depth }) => {
    counts.length = depth + 1; // what lay deeper belonged to another parent
    counts[depth] = (counts[depth] ?? 0) + 1;
    return counts[depth];
  });
  const last: number[] = [];
  const siblings = [...positions].reverse().map((position, index) => {
    const { depth } = lines[lines.length - 1 - index];
    last.length = depth + 1;
    last[depth] ??= position;
    return last[depth];
  });
  siblings.reverse();
  return lines.map((line, index) => ({
    ...line,
    position: positions[index],
    siblings: siblings[index]
  }));
}

/** Which modules begin closed: times and the machine, and in a large model all but those in which something is wrong. */
export function closedAtFirst(
  modules: readonly IModule[]
): ReadonlySet<string> {
  const count = modules.reduce(
    (sum, { tensors }) => sum + 1 + tensors.length,
    0
  );
  const apart = ['(timing)', '(system)'];
  const many =
    count > MANY
      ? modules.filter(({ health }) => health === 'ok').map(({ path }) => path)
      : [];
  return new Set([...apart, ...many]);
}

/** The path of the module that a tensor's line stands below, and of all that that one lies within. */
export function pathsAbove(
  modules: readonly IModule[],
  tensor: string
): readonly string[] {
  const module = modules.find(({ tensors }) =>
    tensors.some(({ name }) => name === tensor)
  );
  const paths: string[] = [];
  for (
    let path: string | null = module?.path ?? null;
    path !== null;
    path = parentOf(path)
  ) {
    paths.push(path);
  }
  return paths;
}

/** A tensor's name below its module: without the path of that module, which stands above it. */
export function shortName({ name, module }: TensorRow): string {
  const start = name.startsWith(module) ? 0 : name.indexOf(`/${module}`) + 1; // after "gradient/" and the like
  const rest = name.slice(start + module.length);
  const isWithin = module !== '' && name.startsWith(module, start);
  return isWithin && /^[._/]./.test(rest)
    ? name.slice(0, start) + rest.slice(1)
    : name;
}
