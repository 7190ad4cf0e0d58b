// @vitest-environment jsdom
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act, fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { LabdeckClient } from '../../../labextension/src/client/client';
import { StoreMirror } from '../../../labextension/src/client/mirror';
import { ExperimentsModel } from '../../../labextension/src/experiments/model';
import { ExperimentsSection } from '../../../labextension/src/experiments/panel';
import { SearchModel } from '../../../labextension/src/search/model';
import { CommandIDs } from '../../../labextension/src/tokens';
import {
  experiment,
  FakeServer,
  settle,
  summary,
  trial
} from '../client/fakeServer';

const HOSTILE = '<img src=x onerror="alert(1)">';
const digits = experiment(1, 'digits', { trials: 2, running: 1 });
const trials = [
  trial(12, digits, {
    name: HOSTILE,
    state: 'running',
    ended: null,
    objective: summary('acc', 0.98123)
  }),
  trial(11, digits, { name: 'cnn-11', state: 'failed' })
];

let server: FakeServer;
let client: LabdeckClient;
let model: ExperimentsModel;
let section: ExperimentsSection;
let executed: object[];

async function show(connected = true): Promise<void> {
  client = new LabdeckClient(server);
  const search = new SearchModel((text, at) => client.complete(text, at));
  model = new ExperimentsModel(new StoreMirror(client), search);
  const commands = new CommandRegistry();
  for (const command of [
    CommandIDs.rename,
    CommandIDs.openCurrent,
    CommandIDs.compareSelected,
    CommandIDs.archive,
    CommandIDs.editTags,
    CommandIDs.remove,
    CommandIDs.firstStep,
    CommandIDs.insertFirstStep
  ]) {
    commands.addCommand(command, {
      describedBy: { args: {} },
      execute: args => void executed.push({ command, ...args })
    });
  }
  const trans = nullTranslator.load('labdeck');
  await act(async () => {
    section = new ExperimentsSection({ model, client, commands, trans });
    Widget.attach(section, document.body);
    await settle();
    if (connected) {
      server.welcome();
    }
    await settle();
    MessageLoop.flush();
  });
}

beforeEach(() => {
  executed = [];
  server = new FakeServer();
  server.experiments = [digits];
  server.trials.set(digits.id, trials);
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe = (): void => undefined;
      disconnect = (): void => undefined;
    }
  );
  // jsdom has none; the platform resolves its render promise in it.
  vi.stubGlobal('requestIdleCallback', (call: () => void) => {
    call();
    return 0;
  });
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(500);
});

afterEach(() => {
  act(() => section.dispose());
  model.dispose();
  client.dispose();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('the tree', () => {
  it('tells state, name and value of every trial, and shows names as text', async () => {
    await show();
    const rows = screen.getAllByRole('treeitem');
    expect(rows.map(row => row.getAttribute('aria-level'))).toEqual([
      '1',
      '2',
      '2'
    ]);
    const [head, running, failed] = rows as [
      HTMLElement,
      HTMLElement,
      HTMLElement
    ];
    expect(head.textContent).toContain('digits');
    expect(head.getAttribute('aria-expanded')).toBe('true');
    expect(running.textContent).toContain(HOSTILE);
    expect(running.textContent).toContain('0.9812');
    expect(running.querySelector('img')).toBeNull();
    expect(
      running.querySelector('[role=img]')?.getAttribute('aria-label')
    ).toBe('running');
    expect(failed.querySelector('[role=img]')?.getAttribute('aria-label')).toBe(
      'failed'
    );
  });

  it('is worked by keys alone', async () => {
    await show();
    const list = screen.getByRole('tree');
    const press = (...keys: string[]): void =>
      keys.forEach(key => void fireEvent.keyDown(list, { key }));
    act(() => list.focus());
    press('ArrowDown', ' ', 'ArrowDown', ' ');
    expect(screen.getByRole('toolbar').textContent).toContain('2 selected');
    fireEvent.click(screen.getByText('Compare'));
    press('Enter', 'Escape');
    expect(screen.queryByRole('toolbar')).toBeNull();
    press('ArrowLeft', 'ArrowLeft');
    expect(screen.getAllByRole('treeitem')).toHaveLength(1);
    expect(executed).toEqual([
      { command: CommandIDs.compareSelected },
      { command: CommandIDs.openCurrent }
    ]);
  });

  it('renames in place: Enter keeps, Escape does not', async () => {
    await show();
    const { id } = trials[1];
    for (const [key, name] of [
      ['Escape', 'no'],
      ['Enter', 'yes']
    ] as const) {
      act(() => {
        model.active = id;
        model.renaming = id;
      });
      const box = screen.getByLabelText('New name');
      fireEvent.change(box, { target: { value: name } });
      fireEvent.keyDown(box, { key });
      expect(screen.queryByLabelText('New name')).toBeNull();
    }
    expect(executed).toEqual([{ command: CommandIDs.rename, id, name: 'yes' }]);
  });

  it('stays, marked as old, while the connection is lost', async () => {
    await show();
    server.trouble = 'down';
    act(() => server.socketNow.close());
    expect(screen.getByRole('status').textContent).toContain('Reconnecting');
    expect(screen.getAllByRole('treeitem')).toHaveLength(3);
  });

  it('gives way to a word when the search finds nothing', async () => {
    await show();
    act(() => model.search.enter('zzz'));
    expect(await screen.findByText(/“zzz”/)).toBeTruthy();
    fireEvent.click(screen.getByText('Clear the search'));
    expect(screen.getAllByRole('treeitem')).toHaveLength(3);
  });
});

describe('in place of the tree', () => {
  it('an empty store shows a first step', async () => {
    server.experiments = [];
    await show();
    fireEvent.click(screen.getByText('New notebook with a first step'));
    fireEvent.click(screen.getByText('Insert into notebook'));
    expect(executed).toEqual([
      { command: CommandIDs.firstStep },
      { command: CommandIDs.insertFirstStep }
    ]);
    expect(document.querySelector('pre')?.textContent).toContain(
      'import labdeck'
    );
  });

  it('a missing extension shows the command that fixes it, and Retry finds it', async () => {
    server.trouble = { status: 404, body: '<html>' };
    await show(false);
    expect(screen.getByRole('alert').textContent).toContain(
      'jupyter server extension enable labdeck'
    );
    server.trouble = null;
    await act(async () => {
      fireEvent.click(screen.getByText('Retry'));
      await settle();
      server.welcome();
      await settle();
    });
    expect(screen.getAllByRole('treeitem')).toHaveLength(3);
  });

  it('another version asks for a reload', async () => {
    server.version.wire = 999;
    await show(false);
    expect(screen.getByRole('alert').textContent).toContain('Reload the page');
  });

  it('a store that cannot be opened says why and what to do', async () => {
    const body =
      '{"code": "store-place", "message": "the store is on a network disk", "remedy": "set LABDECK_STORE"}';
    server.trouble = { status: 503, body };
    await show(false);
    const { textContent } = screen.getByRole('alert');
    expect(textContent).toContain('the store is on a network disk');
    expect(textContent).toContain('set LABDECK_STORE');
  });

  it('loading shows grey bars', async () => {
    vi.spyOn(server, 'fetch').mockReturnValue(new Promise(() => undefined));
    await show(false);
    expect(screen.getByRole('status').getAttribute('aria-label')).toBe(
      'Loading experiments'
    );
  });
});
