import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { LineageModel } from '../../../labextension/src/lineage/model';
import type { LineageGraph, LineageNode } from '../../../labextension/src/wire';
import { facts, id, PagesServer } from '../pagesServer';

function node(number: number, more: Partial<LineageNode> = {}): LineageNode {
  return {
    id: id(number),
    kind: 'artifact',
    type: 'DataSet',
    name: `data-${number}`,
    uri: '',
    digest: '',
    properties: {},
    created: 1,
    ...more
  };
}

function graphOf(...nodes: LineageNode[]): LineageGraph {
  const [first, ...others] = nodes;
  return {
    start: [first.id],
    nodes,
    edges: others.map(other => ({
      source: first.id,
      destination: other.id,
      association: 'Produced',
      created: 1
    })),
    truncated: false
  };
}

const TRIAL = node(1, { kind: 'trial', name: 'cnn-1' });
const MODEL = node(2, { type: 'Model', digest: 'ab'.repeat(32) });

describe('the lineage of a trial', () => {
  let server: PagesServer;
  let model: LineageModel;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new PagesServer().put(facts(1));
    server.lineage = graphOf(TRIAL, MODEL);
    model = new LineageModel(server.client, id(1));
  });

  afterEach(() => {
    model.dispose();
    server.client.dispose();
    vi.useRealTimers();
  });

  const settle = (time = 600): Promise<unknown> =>
    vi.advanceTimersByTimeAsync(time);
  const tell = (...ids: string[]): void =>
    server.tell({
      event: 'lineage-changed',
      seq: 1,
      time: 1,
      ids,
      truncated: false
    });

  it('is read when somebody looks', async () => {
    await settle();
    expect(server.count('lineage')).toBe(0);
    model.setVisible(true);
    await settle();
    expect(model.layout?.nodes).toHaveLength(2);
    expect(server.last('lineage')).toContain('direction=both');
  });

  it('follows what concerns it, and nothing else', async () => {
    model.setVisible(true);
    await settle();
    const before = server.count('lineage');
    tell(id(77));
    await settle();
    expect(server.count('lineage')).toBe(before);
    server.lineage = graphOf(TRIAL, MODEL, node(3));
    tell(id(2));
    await settle();
    expect(model.layout?.nodes).toHaveLength(3);
    model.setVisible(false);
    tell(id(1));
    await settle();
    const hidden = server.count('lineage');
    model.setVisible(true);
    await settle();
    expect(server.count('lineage')).toBe(hidden + 1);
  });

  it('keeps the last answer when the next one fails, and the selection', async () => {
    model.setVisible(true);
    await settle();
    model.select(id(2));
    server.failures.set('lineage', {
      status: 503,
      body: { code: 'store-busy', message: 'busy', remedy: '' }
    });
    model.refresh();
    await settle();
    expect(model.error?.code).toBe('store-busy');
    expect(model.selected?.name).toBe('data-2');
  });

  it('asks for one direction, and for more', async () => {
    server.lineage = { ...graphOf(TRIAL, MODEL), truncated: true };
    model.setVisible(true);
    await settle();
    expect(model.canShowMore).toBe(true);
    model.setDirection('up');
    model.showMore();
    await settle(1200);
    expect(server.last('lineage')).toContain('direction=up');
    expect(server.last('lineage')).toContain('limit=2000');
    expect(model.canShowMore).toBe(false);
  });

  it('finds the trial that keeps the file of a node', async () => {
    model.setVisible(true);
    await settle();
    expect(await model.findFile(MODEL)).toBeNull();
    const detail = server.trials.get(id(1));
    const artifact = {
      id: id(9),
      name: 'model.pt',
      component: '',
      sha256: MODEL.digest,
      size: 1,
      media_type: 'x',
      kind: 'file' as const,
      caption: '',
      step: null,
      created: 1
    };
    server.trials.set(id(1), { ...detail!, artifacts: [artifact] });
    expect(await model.findFile(MODEL)).toEqual({ trial: id(1), artifact });
    expect(await model.findFile(node(5))).toBeNull();
  });
});
