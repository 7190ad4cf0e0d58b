/** Places for the nodes of a lineage: columns from cause to effect, few crossings. Pure. */
import type { LineageGraph, LineageNode } from '../wire';

/** Sizes in pixels. */
export const NODE = { width: 184, height: 44 };
const GAP = { x: 72, y: 16 };
const MARGIN = 24;
/** How often the order within the columns is improved. */
const SWEEPS = 4;
const BY_NAME = new Intl.Collator(undefined, { numeric: true });

/** A node and where its upper left corner is. */
export interface IPlaced {
  node: LineageNode;
  column: number;
  row: number;
  x: number;
  y: number;
}

/** An association and the curve that draws it. */
export interface IArrow {
  source: IPlaced;
  destination: IPlaced;
  association: LineageGraph['edges'][number]['association'];
  path: string;
  /** Where its word stands. */
  middle: { x: number; y: number };
}

/** A lineage ready to be drawn. */
export interface ILayout {
  nodes: readonly IPlaced[];
  columns: readonly (readonly IPlaced[])[];
  arrows: readonly IArrow[];
  width: number;
  height: number;
}

/** Place a lineage: what came before is on the left of what it led to. */
export function layOut(graph: LineageGraph): ILayout {
  const ids = graph.nodes.map(node => node.id);
  const columnOf = findColumns(ids, graph.edges);
  const columns: string[][] = [];
  for (const id of ids) {
    const column = columnOf.get(id) ?? 0;
    (columns[column] ??= []).push(id);
  }
  const names = new Map(graph.nodes.map(node => [node.id, node.name]));
  for (const column of columns) {
    column.sort((a, b) =>
      BY_NAME.compare(names.get(a) ?? '', names.get(b) ?? '')
    );
  }
  improve(columns, graph.edges);
  const placed = place(graph, columns);
  const arrows = graph.edges.flatMap(edge => {
    const source = placed.get(edge.source);
    const destination = placed.get(edge.destination);
    return source && destination
      ? [
          {
            source,
            destination,
            association: edge.association,
            ...curve(source, destination)
          }
        ]
      : [];
  });
  const tallest = Math.max(1, ...columns.map(column => column.length));
  return {
    nodes: ids.flatMap(id => placed.get(id) ?? []),
    columns: columns.map(column => column.flatMap(id => placed.get(id) ?? [])),
    arrows,
    width:
      2 * MARGIN + Math.max(1, columns.length) * (NODE.width + GAP.x) - GAP.x,
    height: 2 * MARGIN + tallest * (NODE.height + GAP.y) - GAP.y
  };
}

type Arc = Pick<LineageGraph['edges'][number], 'source' | 'destination'>;

/** The longest way to each node from one that nothing led to; arcs that would close a circle do not count. */
function findColumns(
  ids: readonly string[],
  arcs: readonly Arc[]
): Map<string, number> {
  const before = groupBy(arcs, 'destination', 'source');
  const column = new Map<string, number>();
  const met = new Set<string>();
  for (const first of ids) {
    if (met.has(first)) {
      continue;
    }
    met.add(first);
    // A stack of our own: a chain may be longer than the browser's.
    const stack = [{ id: first, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const causes = before.get(top.id) ?? [];
      const cause = causes.find((id, at) => at >= top.next && !met.has(id));
      if (cause === undefined) {
        const known = causes.flatMap(id => column.get(id) ?? []);
        column.set(top.id, Math.max(-1, ...known) + 1);
        stack.pop();
      } else {
        top.next = causes.indexOf(cause) + 1;
        met.add(cause);
        stack.push({ id: cause, next: 0 });
      }
    }
  }
  return pullRight(column, ids, arcs);
}

/** Put what nothing led to right before the first thing it led to: a data set stands beside its trial. */
function pullRight(
  column: Map<string, number>,
  ids: readonly string[],
  arcs: readonly Arc[]
): Map<string, number> {
  const after = groupBy(arcs, 'source', 'destination');
  const hasCause = new Set(arcs.map(arc => arc.destination));
  for (const id of ids) {
    const effects = (after.get(id) ?? []).map(other => column.get(other) ?? 0);
    if (!hasCause.has(id) && effects.length > 0) {
      column.set(id, Math.max(0, Math.min(...effects) - 1));
    }
  }
  return column;
}

function groupBy(
  arcs: readonly Arc[],
  key: keyof Arc,
  value: keyof Arc
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const arc of arcs) {
    const group = groups.get(arc[key]);
    if (group) {
      group.push(arc[value]);
    } else {
      groups.set(arc[key], [arc[value]]);
    }
  }
  return groups;
}

/** Order each column by the middle of its neighbours, to and fro (Sugiyama, Tagawa and Toda, 1981). */
function improve(columns: string[][], arcs: readonly Arc[]): void {
  const neighbours = groupBy(arcs, 'source', 'destination');
  for (const [id, causes] of groupBy(arcs, 'destination', 'source')) {
    neighbours.set(id, [...(neighbours.get(id) ?? []), ...causes]);
  }
  const place = new Map<string, number>();
  const note = (column: readonly string[]): void =>
    column.forEach((id, index) =>
      place.set(id, index - (column.length - 1) / 2)
    );
  columns.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    // From column to column in turn: all at once would swap neighbours for ever.
    for (const column of sweep % 2 === 0 ? columns : [...columns].reverse()) {
      const wanted = new Map(
        column.map(id => [id, mean(neighbours.get(id) ?? [id], place)])
      );
      column.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      note(column);
    }
  }
}

function mean(
  ids: readonly string[],
  place: ReadonlyMap<string, number>
): number {
  return ids.reduce((sum, id) => sum + (place.get(id) ?? 0), 0) / ids.length;
}

function place(
  graph: LineageGraph,
  columns: readonly (readonly string[])[]
): Map<string, IPlaced> {
  const nodes = new Map(graph.nodes.map(node => [node.id, node]));
  const tallest = Math.max(1, ...columns.map(column => column.length));
  const placed = new Map<string, IPlaced>();
  columns.forEach((ids, column) => {
    const above = ((tallest - ids.length) * (NODE.height + GAP.y)) / 2;
    ids.forEach((id, row) => {
      const node = nodes.get(id);
      if (node) {
        placed.set(id, {
          node,
          column,
          row,
          x: MARGIN + column * (NODE.width + GAP.x),
          y: MARGIN + above + row * (NODE.height + GAP.y)
        });
      }
    });
  });
  return placed;
}

/** The curve of an arrow; one that goes back swings around below. */
function curve(from: IPlaced, to: IPlaced): Pick<IArrow, 'path' | 'middle'> {
  const [y1, y2] = [from.y + NODE.height / 2, to.y + NODE.height / 2];
  const x1 = from.x + NODE.width;
  if (to.column > from.column) {
    const x2 = to.x;
    const bend = Math.max(GAP.x / 2, (x2 - x1) / 2);
    return {
      path: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
      middle: { x: (x1 + x2) / 2, y: (y1 + y2) / 2 }
    };
  }
  const bottom = Math.max(from.y, to.y) + NODE.height + GAP.y;
  return {
    path: `M${x1} ${y1} C${x1 + GAP.x} ${bottom} ${to.x - GAP.x} ${bottom} ${to.x} ${y2}`,
    middle: { x: (x1 + to.x) / 2, y: bottom }
  };
}

/** The node that an arrow key moves to; the same one where there is none that way. */
export function moveTo(layout: ILayout, from: string, key: string): string {
  const here = layout.nodes.find(item => item.node.id === from);
  if (!here) {
    return layout.nodes[0]?.node.id ?? from;
  }
  const column = layout.columns[here.column];
  switch (key) {
    case 'ArrowUp':
      return column[Math.max(0, here.row - 1)].node.id;
    case 'ArrowDown':
      return column[Math.min(column.length - 1, here.row + 1)].node.id;
    case 'ArrowLeft':
      return nearest(here, layout, -1);
    case 'ArrowRight':
      return nearest(here, layout, 1);
    case 'Home':
      return column[0].node.id;
    case 'End':
      return column[column.length - 1].node.id;
    default:
      return from;
  }
}

/** The nearest neighbour on one side, or, without one, the nearest node of the next column. */
function nearest(here: IPlaced, layout: ILayout, side: 1 | -1): string {
  const neighbours = layout.arrows.flatMap(arrow =>
    side > 0 && arrow.source === here
      ? arrow.destination
      : side < 0 && arrow.destination === here
        ? arrow.source
        : []
  );
  const beside = neighbours.filter(
    item => (item.column - here.column) * side > 0
  );
  const choice =
    beside.length > 0 ? beside : (layout.columns[here.column + side] ?? []);
  const distance = (item: IPlaced): number =>
    Math.abs(item.y - here.y) + Math.abs(item.x - here.x);
  return (
    [...choice].sort((a, b) => distance(a) - distance(b))[0]?.node.id ??
    here.node.id
  );
}
