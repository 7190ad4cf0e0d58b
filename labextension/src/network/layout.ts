/** Places for the modules of a model: those that hold no others, in rows from input to output. Pure. */
import type { Network, NetworkNode } from '../wire';

/** Sizes in pixels. */
export const BOX = { width: 168, height: 52 };
const GAP = { x: 24, y: 36 };
const MARGIN = 16;

/** A module and where its upper left corner is. */
export interface IPlacedModule {
  node: NetworkNode;
  row: number;
  column: number;
  x: number;
  y: number;
}

/** What one module gave to another, as a curve. */
export interface IWire {
  from: string;
  to: string;
  path: string;
}

/** A network ready to be drawn. */
export interface INetworkLayout {
  modules: readonly IPlacedModule[];
  wires: readonly IWire[];
  width: number;
  height: number;
  /** The smallest and largest magnitudes that are shown, for the colours; null if nothing has a value. */
  range: { low: number; high: number } | null;
}

/** Place a network: each module below all that it got something from. */
export function layOutNetwork(network: Network): INetworkLayout {
  const inner = new Set(network.nodes.flatMap(({ path }) => parentsOf(path)));
  const leaves = network.nodes.filter(
    node => node.path !== '' && !inner.has(node.path)
  );
  const shown = leaves.length > 0 ? leaves : network.nodes;
  const known = new Set(shown.map(node => node.path));
  const edges = network.edges.filter(
    ({ source, destination }) =>
      known.has(source) && known.has(destination) && source !== destination
  );
  const rows = rowsOf(shown, edges);
  const modules = place(shown, rows);
  const byPath = new Map(modules.map(one => [one.node.path, one]));
  const widest = Math.max(0, ...modules.map(({ x }) => x));
  const lowest = Math.max(0, ...modules.map(({ y }) => y));
  return {
    modules,
    wires: edges.flatMap(({ source: from, destination: to }) => {
      const [a, b] = [byPath.get(from), byPath.get(to)];
      return a && b ? [{ from, to, path: wire(a, b) }] : [];
    }),
    width: widest + BOX.width + MARGIN,
    height: lowest + BOX.height + MARGIN,
    range: rangeOf(shown)
  };
}

/** A share from 0 to 1 of a value between the smallest and largest magnitudes, by their logarithms; null without a value. */
export function shadeOf(
  value: NetworkNode['value'],
  range: INetworkLayout['range']
): number | null {
  if (typeof value !== 'number' || !range) {
    return null;
  }
  const [low, high] = [Math.log(range.low), Math.log(range.high)];
  const size = Math.abs(value);
  if (size <= range.low || high === low) {
    return size < range.low || high !== low ? 0 : 0.5;
  }
  return Math.min(1, (Math.log(size) - low) / (high - low));
}

function parentsOf(path: string): string[] {
  const parts = path.split('.');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
}

/** One more than the largest row of those before; edges that close a circle are left out. */
function rowsOf(
  nodes: readonly NetworkNode[],
  edges: Network['edges']
): Map<string, number> {
  const order = new Map(nodes.map((node, index) => [node.path, index]));
  const before = new Map<string, string[]>();
  for (const { source: from, destination: to } of edges) {
    if ((order.get(from) ?? 0) < (order.get(to) ?? 0)) {
      before.set(to, [...(before.get(to) ?? []), from]);
    }
  }
  const rows = new Map<string, number>();
  for (const { path } of nodes) {
    const above = (before.get(path) ?? []).map(one => rows.get(one) ?? 0);
    rows.set(path, above.length > 0 ? Math.max(...above) + 1 : 0);
  }
  return rows;
}

function place(
  nodes: readonly NetworkNode[],
  rows: ReadonlyMap<string, number>
): IPlacedModule[] {
  const filled = new Map<number, number>();
  return nodes.map(node => {
    const row = rows.get(node.path) ?? 0;
    const column = filled.get(row) ?? 0;
    filled.set(row, column + 1);
    return {
      node,
      row,
      column,
      x: MARGIN + column * (BOX.width + GAP.x),
      y: MARGIN + row * (BOX.height + GAP.y)
    };
  });
}

function wire(from: IPlacedModule, to: IPlacedModule): string {
  const span = to.row - from.row;
  if (span > 1 && from.column === to.column) {
    // Past the boxes between, beside them.
    const [x, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
    const [y2, far] = [
      to.y + BOX.height / 2,
      Math.min(GAP.x - 4, 8 + 2 * span)
    ];
    return `M${x} ${y1}C${x + far} ${y1} ${x + far} ${y2} ${x} ${y2}`;
  }
  const [x1, y1] = [from.x + BOX.width / 2, from.y + BOX.height];
  const [x2, y2] = [to.x + BOX.width / 2, to.y];
  const middle = (y1 + y2) / 2;
  return `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
}

function rangeOf(nodes: readonly NetworkNode[]): INetworkLayout['range'] {
  const sizes = nodes
    .map(({ value }) => (typeof value === 'number' ? Math.abs(value) : 0))
    .filter(size => size > 0);
  return sizes.length > 0
    ? { low: Math.min(...sizes), high: Math.max(...sizes) }
    : null;
}
