import { describe, expect, it } from 'vitest';

import {
  BOX,
  layOutNetwork,
  shadeOf
} from '../../../labextension/src/network/layout';
import { module, network } from './networks';

const rowsOf = (made: ReturnType<typeof layOutNetwork>): object =>
  Object.fromEntries(made.modules.map(({ node, row }) => [node.path, row]));

describe('the places of modules', () => {
  it('puts each below all that it got something from', () => {
    const nodes = ['', 'a', 'b', 'c', 'd'].map(path => module(path));
    const made = layOutNetwork(
      network(nodes, ['a', 'b'], ['b', 'd'], ['a', 'c'], ['c', 'd'], ['a', 'd'])
    );
    expect(rowsOf(made)).toEqual({ a: 0, b: 1, c: 1, d: 2 });
    expect(made.wires).toHaveLength(5);
    const [, b, c] = made.modules;
    expect(b.y).toBe(c.y);
    expect(b.x).toBeLessThan(c.x);
    expect(made.width).toBeGreaterThan(c.x);
  });

  it('leads a skip past the boxes between, beside them', () => {
    const nodes = ['a', 'b', 'c'].map(path => module(path));
    const made = layOutNetwork(
      network(nodes, ['a', 'b'], ['b', 'c'], ['a', 'c'])
    );
    const skip = made.wires.find(({ from, to }) => from + to === 'ac');
    const edge = made.modules[0].x + BOX.width;
    expect(skip?.path.startsWith(`M${edge} `)).toBe(true);
    expect(made.width).toBeGreaterThan(edge);
  });

  it('shows only modules that hold no others', () => {
    const nodes = ['', 'block', 'block.a', 'block.b'].map(path => module(path));
    expect(Object.keys(rowsOf(layOutNetwork(network(nodes))))).toEqual([
      'block.a',
      'block.b'
    ]);
  });

  it('shows a model without modules as itself', () => {
    expect(layOutNetwork(network([module('')])).modules).toHaveLength(1);
  });

  it('ends with circles, loops and edges to nowhere', () => {
    const nodes = ['a', 'b'].map(path => module(path));
    const made = layOutNetwork(
      network(nodes, ['a', 'b'], ['b', 'a'], ['a', 'a'], ['a', 'x'])
    );
    expect(rowsOf(made)).toEqual({ a: 0, b: 1 });
    expect(made.wires.map(({ from, to }) => from + to)).toEqual(['ab', 'ba']);
  });
});

describe('how much of a bar is filled', () => {
  it('goes with the logarithm of the magnitude', () => {
    const made = layOutNetwork(
      network([
        module('a', { value: 1e-6 }),
        module('b', { value: -1e-3 }),
        module('c', { value: 1 }),
        module('d', { value: 'NaN' }),
        module('e', { value: 0 })
      ])
    );
    expect(made.range).toEqual({ low: 1e-6, high: 1 });
    const shades = made.modules.map(({ node }) =>
      shadeOf(node.value, made.range)
    );
    expect(shades[1]).toBeCloseTo(0.5);
    expect([shades[0], shades[2], shades[3], shades[4]]).toEqual([
      0,
      1,
      null,
      0
    ]);
  });

  it('is half where all are the same, and none without values', () => {
    const made = layOutNetwork(network([module('a', { value: 2 })]));
    expect(shadeOf(2, made.range)).toBe(0.5);
    expect(layOutNetwork(network([module('a')])).range).toBeNull();
    expect(shadeOf(null, null)).toBeNull();
  });
});
