import { describe, expect, it } from 'vitest';

import { layOut, moveTo, NODE } from '../../../labextension/src/lineage/layout';
import type { LineageGraph } from '../../../labextension/src/wire';

function graph(pairs: [string, string][], start = pairs[0][0]): LineageGraph {
  const ids = [...new Set([start, ...pairs.flat()])];
  return {
    start: [start],
    nodes: ids.map(id => ({
      id,
      kind: 'artifact',
      type: '',
      name: id,
      uri: '',
      digest: '',
      properties: {},
      created: 0
    })),
    edges: pairs.map(([source, destination]) => ({
      source,
      destination,
      association: 'ContributedTo',
      created: 0
    })),
    truncated: false
  };
}

function columns(pairs: [string, string][]): string[][] {
  return layOut(graph(pairs)).columns.map(column =>
    column.map(({ node }) => node.id).sort()
  );
}

describe('the layout of a lineage', () => {
  it('puts causes left of effects', () => {
    expect(
      columns([
        ['data', 'trial'],
        ['trial', 'model'],
        ['model', 'endpoint'],
        ['trial', 'endpoint']
      ])
    ).toEqual([['data'], ['trial'], ['model'], ['endpoint']]);
  });

  it('puts what comes from nowhere beside what it led to', () => {
    expect(
      columns([
        ['a', 'b'],
        ['b', 'c'],
        ['late', 'c']
      ])
    ).toEqual([['a'], ['b', 'late'], ['c']]);
  });

  it('draws circles, too', () => {
    const layout = layOut(
      graph([
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'a'],
        ['c', 'c']
      ])
    );
    expect(layout.nodes).toHaveLength(3);
    expect(layout.arrows).toHaveLength(4);
    expect(new Set(layout.nodes.map(item => item.column)).size).toBe(3);
  });

  it('follows a chain that is longer than the stack', () => {
    const pairs = Array.from(
      { length: 20_000 },
      (_, n) => [`n${n}`, `n${n + 1}`] as [string, string]
    );
    const layout = layOut(graph(pairs));
    expect(layout.columns).toHaveLength(20_001);
  });

  it('lets no two nodes overlap, and all of them fit', () => {
    const pairs: [string, string][] = [];
    for (let n = 0; n < 200; n++) {
      pairs.push([`d${n % 7}`, `t${n}`], [`t${n}`, `m${n % 60}`]);
    }
    const layout = layOut(graph(pairs));
    for (const a of layout.nodes) {
      expect(a.x + NODE.width).toBeLessThan(layout.width);
      expect(a.y + NODE.height).toBeLessThan(layout.height);
      for (const b of layout.nodes) {
        const apart =
          Math.abs(a.x - b.x) >= NODE.width ||
          Math.abs(a.y - b.y) >= NODE.height;
        expect(a === b || apart).toBe(true);
      }
    }
  });

  it('puts neighbours beside each other where that is possible', () => {
    const layout = layOut(
      graph([
        ['a', 'z'],
        ['b', 'y'],
        ['c', 'x'],
        ['x', 'cx'],
        ['y', 'by'],
        ['z', 'az']
      ])
    );
    const rows = new Map(layout.nodes.map(i => [i.node.id, i.row]));
    for (const [source, destination] of ['az', 'by', 'cx']) {
      expect(rows.get(source)).toBe(rows.get(destination));
    }
  });
});

describe('the arrow keys in a lineage', () => {
  const layout = layOut(
    graph([
      ['a', 't'],
      ['b', 't'],
      ['t', 'm'],
      ['t', 'n']
    ])
  );

  it('go along the arrows and within a column', () => {
    const left = moveTo(layout, 't', 'ArrowLeft');
    expect(['a', 'b']).toContain(left);
    expect(moveTo(layout, left, 'ArrowRight')).toBe('t');
    const first = moveTo(layout, 'm', 'Home');
    const last = moveTo(layout, 'm', 'End');
    expect([first, last].sort()).toEqual(['m', 'n']);
    expect(moveTo(layout, first, 'ArrowDown')).toBe(last);
    expect(moveTo(layout, last, 'ArrowUp')).toBe(first);
  });

  it('stop at the ends', () => {
    expect(moveTo(layout, 'm', 'ArrowRight')).toBe('m');
    expect(moveTo(layout, 't', 'ArrowUp')).toBe('t');
    expect(moveTo(layout, 't', 'x')).toBe('t');
    expect(moveTo(layout, 'gone', 'ArrowUp')).not.toBe('gone');
  });
});
