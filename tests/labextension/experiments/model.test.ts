import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { LabdeckClient } from '../../../labextension/src/client/client';
import { StoreMirror } from '../../../labextension/src/client/mirror';
import { ExperimentsModel } from '../../../labextension/src/experiments/model';
import { SearchModel } from '../../../labextension/src/search/model';
import { experiment, FakeServer, settle, trial } from '../client/fakeServer';

const digits = experiment(1, 'digits', { trials: 3, updated: 10 });
const cancer = experiment(2, 'breast-cancer', { trials: 600, updated: 20 });
const cnns = [13, 12, 11].map(n => trial(n, digits, { name: `cnn-${n}` }));
const boosts = Array.from({ length: 600 }, (_, index) =>
  trial(1600 - index, cancer, { name: `boost-${1600 - index}` })
);

let server: FakeServer;
let client: LabdeckClient;
let model: ExperimentsModel;

/** The tree as text: one line a row, indented by level. */
function tree(most = 12): string[] {
  return model.rows.slice(0, most).map(row => {
    const indent = '  '.repeat(row.level - 1);
    switch (row.kind) {
      case 'experiment':
        return `${row.open ? 'v' : '>'} ${row.experiment.name}`;
      case 'trial':
        return `${indent}${row.open ? 'v' : '>'} ${row.trial.name}`;
      case 'component':
        return `${indent}${row.component.name}`;
      default:
        return `${indent}(${row.kind})`;
    }
  });
}

async function start(): Promise<void> {
  client = new LabdeckClient(server);
  const complete = (text: string, at: number) => client.complete(text, at);
  model = new ExperimentsModel(
    new StoreMirror(client),
    new SearchModel(complete)
  );
  await settle();
  server.welcome();
  await settle();
}

beforeEach(() => {
  server = new FakeServer();
  server.experiments = [cancer, digits];
  server.trials.set(digits.id, [...cnns]);
  server.trials.set(cancer.id, [...boosts]);
});

afterEach(() => {
  model.dispose();
  model.mirror.dispose();
  client.dispose();
});

describe('the tree', () => {
  it('opens the latest experiment at first, and those that begin later', async () => {
    await start();
    expect(tree(3)).toEqual([
      'v breast-cancer',
      '  > boost-1600',
      '  > boost-1599'
    ]);
    const fresh = experiment(3, 'fresh', { trials: 1, updated: 30 });
    const first = trial(50, fresh, { name: 'one' });
    server.trials.set(fresh.id, [first]);
    server.tell(
      { event: 'experiment-changed', experiment: fresh },
      { event: 'trial-changed', trial: first }
    );
    await settle();
    expect(tree(3)).toEqual(['v fresh', '  > one', 'v breast-cancer']);
  });

  it('shows places for the trials that were not read, and reads them when they come into sight', async () => {
    await start();
    expect(model.rows).toHaveLength(1 + 600 + 1);
    expect(model.rows[250]?.kind).toBe('pending');
    model.show(240, 260);
    await settle();
    expect(model.rows[250]?.kind).toBe('trial');
    expect(model.rows).toHaveLength(1 + 600 + 1);
  });

  it('shows components on demand', async () => {
    await start();
    const component = {
      name: 'preprocessing',
      state: 'completed',
      started: 1,
      ended: 2,
      error: ''
    } as const;
    server.components.set(cnns[0].id, [component]);
    model.collapseAll();
    model.toggle(digits.id, true);
    await settle();
    model.toggle(cnns[0].id, true);
    expect(tree()).toContain('    (pending)');
    model.toggle(cnns[1].id, true);
    await settle();
    expect(tree()).toEqual([
      '> breast-cancer',
      'v digits',
      '  v cnn-13',
      '    preprocessing',
      '  v cnn-12',
      '    (nothing)',
      '  > cnn-11'
    ]);
  });

  it('says below the experiment why its trials could not be read', async () => {
    await start();
    server.trouble = 'down';
    model.collapseAll();
    model.toggle(digits.id, true);
    await settle();
    expect(tree()).toEqual(['> breast-cancer', 'v digits', '  (failed)']);
    server.trouble = null;
    model.retry(digits.id);
    await settle();
    expect(tree()).toHaveLength(5);
  });

  it('keeps experiments in their places while the reader is in the list', async () => {
    await start();
    model.collapseAll();
    model.engaged = true;
    const busy = { ...digits, updated: 99, running: 1 };
    server.tell({ event: 'experiment-changed', experiment: busy });
    expect(tree()).toEqual(['> breast-cancer', '> digits']);
    model.engaged = false;
    expect(tree()).toEqual(['> digits', '> breast-cancer']);
  });
});

/** Search, and wait for the answer. */
async function search(text: string): Promise<void> {
  model.search.enter(text);
  await vi.waitFor(() => {
    expect(model.searching).toBe(false);
    expect(model.mirror.lists.wanted?.query).toBe(model.search.query.query);
  });
  await settle();
}

describe('nested trials', () => {
  const [whole, , alone] = cnns;
  const parts = [15, 14].map(n =>
    trial(n, digits, { name: `cnn-13.${n}`, parent_id: whole.id })
  );

  beforeEach(async () => {
    server.trials.set(digits.id, [...parts, ...cnns]);
    await start();
    model.collapseAll();
    model.toggle(digits.id, true);
    await settle();
  });

  it('are shown below what they are part of, when that is open', async () => {
    expect(tree().slice(1)).toEqual([
      'v digits',
      '  > cnn-13',
      '  > cnn-12',
      '  > cnn-11'
    ]);
    model.toggle(whole.id, true);
    await settle();
    expect(tree().slice(2, 5)).toEqual([
      '  v cnn-13',
      '    > cnn-13.15',
      '    > cnn-13.14'
    ]);
    expect(model.rows[4]).toMatchObject({ position: 2, siblings: 2, level: 3 });
    model.active = parts[0].id;
    model.activateParent();
    expect(model.active).toBe(whole.id);
  });

  it('stand by themselves where what they are part of does not match', async () => {
    await search('.1');
    expect(tree()).toEqual(['v digits', '  > cnn-13.15', '  > cnn-13.14']);
    await search('cnn');
    expect(tree().slice(-6)).toEqual([
      'v digits',
      '  v cnn-13',
      '    > cnn-13.15',
      '    > cnn-13.14',
      '  > cnn-12',
      '  > cnn-11'
    ]);
    model.toggle(whole.id, false);
    expect(tree()).not.toContain('    > cnn-13.15');
  });

  it('are told from those that stand by themselves when they are selected', async () => {
    model.active = alone.id;
    await model.selectAll();
    expect(model.selection.size).toBe(3);
  });
});

describe('a search', () => {
  it('shows the matching trials only, and how many there are', async () => {
    await start();
    await search(' BOOST-1001 ');
    expect(tree()).toEqual(['v breast-cancer', '  > boost-1001']);
    expect(model.rows[0]).toMatchObject({ found: 1 });
    await search('boost');
    expect(model.rows).toHaveLength(601);
    expect(model.rows[0]).toMatchObject({ found: 600 });
    expect(model.rows[500].kind).toBe('pending');
    model.show(480, 520);
    await settle();
    expect(model.rows[500].kind).toBe('trial');
  });

  it('shows an experiment by its own name, open or closed as it was', async () => {
    await start();
    await search('digits');
    expect(tree()).toEqual(['> digits']);
    model.toggle(digits.id, true);
    await settle();
    expect(tree()).toHaveLength(4);
  });

  it('can be closed over, and forgets that when it changes', async () => {
    await start();
    await search('cnn-1');
    expect(tree()).toHaveLength(4);
    model.toggle(digits.id, false);
    expect(tree()).toEqual(['> digits']);
    await search('cnn-13');
    expect(tree()).toEqual(['v digits', '  > cnn-13']);
    await search('nothing is called so');
    expect(tree()).toEqual([]);
    model.search.clear();
    expect(tree(1)).toEqual(['v breast-cancer']);
  });

  it('hands its error to the box', async () => {
    await start();
    server.matches = () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw { code: 'invalid-query', message: 'no', remedy: '', position: 2 };
    };
    await vi.waitFor(() => {
      model.search.enter('acc =');
      expect(model.search.problem?.position).toBe(2);
    });
  });
});

describe('what is archived', () => {
  it('is left out until it is asked for', async () => {
    server.experiments = [cancer, { ...digits, archived: true }];
    await start();
    expect(tree(1000)).not.toContain('> digits');
    model.mirror.lists.listing = { sort: 'newest', archived: true };
    await settle();
    expect(tree(1000)).toContain('> digits');
  });
});

describe('what is current', () => {
  beforeEach(async () => {
    await start();
    model.collapseAll();
    model.toggle(digits.id, true);
    await settle();
  });

  it('is the row that took the place of a deleted one', () => {
    model.active = cnns[1].id;
    server.tell({ event: 'trial-changed', trial: { ...cnns[1], deleted: 5 } });
    expect(model.active).toBe(cnns[2].id);
    server.tell({ event: 'trial-changed', trial: { ...cnns[2], deleted: 6 } });
    expect(model.active).toBe(cnns[0].id);
  });

  it('is what commands act on, unless it belongs to a selection', () => {
    const [first, second, third] = cnns.map(one => one.id) as [
      string,
      string,
      string
    ];
    model.active = digits.id;
    expect(model.targets).toEqual([digits.id]);
    model.select(first, 'only');
    model.select(second, 'toggle');
    expect(model.targets).toEqual([first, second]);
    model.active = third;
    expect(model.targets).toEqual([third]);
  });

  it('takes trials that were not read into a range and into all', async () => {
    model.toggle(cancer.id, true);
    await settle();
    const rows = model.rows.filter(row => row.kind !== 'experiment');
    model.show(580, 610);
    await settle();
    const first = model.rows.findIndex(row => row.key === boosts[10].id);
    const last = model.rows.findIndex(row => row.key === boosts[590].id);
    model.select(model.rows[first].key, 'only');
    model.select(model.rows[last].key, 'range');
    await vi.waitFor(() => expect(model.selection.size).toBe(581));
    expect(model.selection.has(boosts[300].id)).toBe(true);
    await model.selectAll();
    expect(model.selection.size).toBe(600);
    expect(rows).toHaveLength(603);
  });

  it('loses deleted trials from the selection', async () => {
    model.active = cnns[0].id;
    await model.selectAll();
    expect(model.selection.size).toBe(3);
    server.tell({ event: 'trial-changed', trial: { ...cnns[0], deleted: 5 } });
    expect(model.selection.keys).toEqual([cnns[1].id, cnns[2].id]);
  });

  it('moves up the tree', () => {
    model.active = cnns[0].id;
    model.activateParent();
    expect(model.active).toBe(digits.id);
    model.activateParent();
    expect(model.active).toBe(digits.id);
  });
});
