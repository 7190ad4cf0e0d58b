/** Places for the modules of a model: those that hold no others, in rows from input to output. Pure. */
import type { Network, NetworkNode } from '../wire';

/** Sizes in pixels. */
export const BOX = { width: 168, height: 52 };
const GAP = { x: 24, y: 36 };
const MARGIN = 16;
/** Modules side by side. */
const WIDEST = 12;

/** A module and where its upper left corner is. */
export interface IPlacedModule {
  node: NetworkNode;
  row: number;
  column: number;
  x: number;
  y: number;
}

/** What one module gave to another, as a curve, and between which heights it runs. */
export interface IWire {
  from: string;
  to: string;
  path: string;
  top: number;
  bottom: number;
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
  const widest = modules.reduce((most, { x }) => Math.max(most, x), 0);
  const lowest = modules.reduce((most, { y }) => Math.max(most, y), 0);
  return {
    modules,
    wires: edges.flatMap(({ source: from, destination: to }) => {
      const [a, b] = [byPath.get(from), byPath.get(to)];
      if (!a || !b) {
        return [];
      }
      const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
      return [{ from, to, path: wire(a, b), top, bottom: bottom + BOX.height }];
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

/** The paths of the modules that one lies within; PyTorch writes dots into paths, Keras slashes. */
function parentsOf(path: string): string[] {
  return [...path.matchAll(/[./]/g)].map(({ index }) => path.slice(0, index));
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
      const some = before.get(to) ?? [];
      some.push(from);
      before.set(to, some);
    }
  }
  const rows = new Map<string, number>();
  for (const { path } of nodes) {
    const above = (before.get(path) ?? []).map(one => rows.get(one) ?? 0);
    rows.set(path, 1 + above.reduce((a, b) => Math.max(a, b), -1));
  }
  return rows;
}

/** Rows in which more modules than can be seen side by side are broken into several. */
function place(
  nodes: readonly NetworkNode[],
  rows: ReadonlyMap<string, number>
): IPlacedModule[] {
  const byRow: NetworkNode[][] = [];
  for (const node of nodes) {
    (byRow[rows.get(node.path) ?? 0] ??= []).push(node);
  }
  let line = 0;
  const placed = new Map<NetworkNode, IPlacedModule>();
  for (const some of byRow) {
    some.forEach((node, index) => {
      const [row, column] = [line + Math.floor(index / WIDEST), index % WIDEST];
      const x = MARGIN + column * (BOX.width + GAP.x);
      const y = MARGIN + row * (BOX.height + GAP.y);
      placed.set(node, { node, row, column, x, y });
    });
    line += Math.ceil(some.length / WIDEST);
  }
  return nodes.flatMap(node => placed.get(node) ?? []);
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
