import { describe, expect, it } from 'vitest';

import { BOX, layOutNetwork } from '../../../labextension/src/network/layout';
import { isSeen, nextModule } from '../../../labextension/src/network/sight';
import { module, network } from './networks';

const nodes = ['a', 'b', 'c', 'd', 'e'].map(path => module(path));
const made = layOutNetwork(
  network(nodes, ['a', 'b'], ['a', 'c'], ['a', 'd'], ['c', 'e'])
);
const [a, b, c, d, e] = made.modules;

describe('walking through the network', () => {
  it.each([
    [a, 'ArrowDown', b],
    [d, 'ArrowDown', e],
    [d, 'ArrowUp', a],
    [b, 'ArrowRight', c],
    [d, 'ArrowRight', d],
    [b, 'ArrowLeft', b],
    [a, 'ArrowUp', a],
    [d, 'Home', a],
    [a, 'End', e]
  ])('goes on from %j by %s', (from, key, to) => {
    expect(nextModule(made, from, key)).toBe(to);
  });

  it('leaves other keys alone', () => {
    expect(nextModule(made, a, 'Enter')).toBeNull();
  });
});

describe('what is in sight', () => {
  it('is what reaches into it', () => {
    const sight = {
      left: 0,
      top: a.y + BOX.height,
      right: b.x + 1,
      bottom: e.y
    };
    const seen = made.modules.filter(one => isSeen(one, sight));
    expect(seen).toEqual([b]);
  });

  it('needs no sheet as wide as a model has modules', () => {
    const many = Array.from({ length: 2000 }, (_, index) =>
      module(`l.${index}`)
    );
    const { modules, width, height } = layOutNetwork(network(many));
    expect(width).toBeLessThan(3000);
    expect(new Set(modules.map(({ x, y }) => `${x} ${y}`)).size).toBe(2000);
    expect(height).toBeGreaterThan(10_000);
    const sight = { left: 0, top: 0, right: 1000, bottom: 800 };
    const seen = modules.filter(one => isSeen(one, sight));
    expect(seen.length).toBeLessThan(100);
  });
});
