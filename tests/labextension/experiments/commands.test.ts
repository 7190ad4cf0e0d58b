// @vitest-environment jsdom
import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { LabdeckClient } from '../../../labextension/src/client/client';
import { StoreMirror } from '../../../labextension/src/client/mirror';
import { addExperimentCommands } from '../../../labextension/src/experiments/commands';
import { ExperimentsModel } from '../../../labextension/src/experiments/model';
import { SearchModel } from '../../../labextension/src/search/model';
import {
  CommandIDs,
  type ICurrentExperiment,
  type ISidebar,
  type UserCommand
} from '../../../labextension/src/tokens';
import {
  errorBody,
  experiment,
  FakeServer,
  id,
  settle,
  trial
} from '../client/fakeServer';

const digits = experiment(1, 'digits', { trials: 3 });
const trials = [13, 12, 11].map(n => trial(n, digits, { name: `cnn-${n}` }));
const [first, second] = trials.map(one => one.id) as [string, string];

let server: FakeServer;
let client: LabdeckClient;
let model: ExperimentsModel;
let commands: CommandRegistry;
let revealed: number;

/** What the server was asked to do. */
function sent(): UserCommand[] {
  return server.requests
    .filter(({ path }) => path === 'commands')
    .flatMap(({ init }) => {
      const body = JSON.parse(init.body as string) as {
        commands: UserCommand[];
      };
      return body.commands;
    });
}

beforeEach(async () => {
  server = new FakeServer();
  server.experiments = [digits];
  server.trials.set(digits.id, trials);
  client = new LabdeckClient(server);
  const search = new SearchModel((text, at) => client.complete(text, at));
  model = new ExperimentsModel(new StoreMirror(client), search);
  commands = new CommandRegistry();
  revealed = 0;
  const nothing = (): DisposableDelegate =>
    new DisposableDelegate(() => undefined);
  const sidebar = {
    addSection: nothing,
    addTop: nothing,
    reveal: () => {
      revealed++;
    },
    current: null,
    currentChanged: new Signal<ISidebar, ICurrentExperiment | null>(
      {} as ISidebar
    )
  };
  const trans = nullTranslator.load('labdeck');
  addExperimentCommands({ commands, model, client, sidebar, trans });
  await settle();
  server.welcome();
  await settle();
});

afterEach(() => {
  Notification.dismiss();
  model.dispose();
  client.dispose();
});

describe('every command', () => {
  it('says what it is called, what it does and what it takes', async () => {
    for (const command of commands.listCommands()) {
      expect(commands.label(command)).not.toBe('');
      expect(commands.caption(command)).not.toBe('');
      expect(await commands.describedBy(command)).toMatchObject({
        args: { type: 'object' }
      });
    }
  });

  it('is off while there is nothing to act on', () => {
    const off = [
      CommandIDs.openCurrent,
      CommandIDs.compareSelected,
      CommandIDs.clearSelection,
      CommandIDs.rename,
      CommandIDs.editNote,
      CommandIDs.copyId,
      CommandIDs.remove
    ];
    expect(off.filter(command => commands.isEnabled(command))).toEqual([]);
  });
});

describe('deleting', () => {
  it('takes the selection and offers to undo it', async () => {
    model.select(first, 'only');
    model.select(second, 'toggle');
    await commands.execute(CommandIDs.remove);
    expect(sent()).toMatchObject([{ command: 'delete', ids: [first, second] }]);
    const notice = Notification.manager.notifications[0];
    expect(notice.message).toBe('Deleted 2 trials');
    notice.options.actions![0].callback(new MouseEvent('click'));
    await settle();
    expect(sent()[1]).toEqual({ command: 'restore', ids: [first, second] });
  });

  it('offers nothing to undo when nothing was deleted', async () => {
    const body = errorBody({
      code: 'store-busy',
      message: 'the store is busy',
      remedy: 'try again'
    });
    server.trouble = { status: 503, body };
    await commands.execute(CommandIDs.remove, { ids: [first] });
    const notices = Notification.manager.notifications;
    expect(notices.map(({ type, message }) => [type, message])).toEqual([
      ['error', 'the store is busy – try again']
    ]);
  });
});

describe('renaming', () => {
  it('happens in place when no name is given', async () => {
    model.active = first;
    await commands.execute(CommandIDs.rename);
    expect(model.renaming).toBe(first);
    expect(revealed).toBe(1);
    expect(sent()).toEqual([]);
  });

  it('tells experiments from trials', async () => {
    await commands.execute(CommandIDs.rename, { id: first, name: 'a' });
    await commands.execute(CommandIDs.rename, { id: digits.id, name: 'b' });
    expect(sent()).toEqual([
      { command: 'rename-trial', id: first, name: 'a' },
      { command: 'rename-experiment', id: digits.id, name: 'b' }
    ]);
  });
});

describe('opening and comparing', () => {
  const called: object[] = [];

  beforeEach(() => {
    called.length = 0;
    for (const command of [CommandIDs.openTrial, CommandIDs.compare]) {
      commands.addCommand(command, {
        describedBy: { args: {} },
        execute: args => void called.push({ command, ...args })
      });
    }
  });

  it('opens the current trial, and opens and closes the current experiment', async () => {
    model.active = first;
    await commands.execute(CommandIDs.openCurrent);
    expect(called).toMatchObject([
      { command: CommandIDs.openTrial, trial: first }
    ]);
    model.active = digits.id;
    await commands.execute(CommandIDs.openCurrent);
    expect(model.rows).toHaveLength(1);
  });

  it('compares the selection, or else the latest trials of the current experiment', async () => {
    model.select(second, 'only');
    model.select(first, 'toggle');
    await commands.execute(CommandIDs.compareSelected);
    model.clearSelection();
    model.active = digits.id;
    await commands.execute(CommandIDs.compareSelected);
    expect(called).toMatchObject([
      { trials: [second, first], experiment: 'digits' },
      { trials: trials.map(one => one.id), experiment: 'digits' }
    ]);
  });

  it('does not compare more than the server does', () => {
    model.mirror.trials(digits.id);
    model.selection.replace(Array.from({ length: 201 }, (_, n) => id(n)));
    model.active = first;
    expect(commands.isEnabled(CommandIDs.compareSelected)).toBe(false);
  });
});

describe('notes and new experiments', () => {
  it('go to the store as they are', async () => {
    const note = '<b>"\n';
    await commands.execute(CommandIDs.editNote, { id: first, note });
    await commands.execute(CommandIDs.newExperiment, { name: 'why?' });
    expect(sent()).toMatchObject([
      { command: 'annotate', id: first, note },
      { command: 'open-experiment', name: 'why?' }
    ]);
    const opened = sent()[1] as { id: string; created: number };
    expect(opened.id).toMatch(/^[0-9a-f]{32}$/);
    const made = parseInt(opened.id.slice(0, 12), 16) / 1000;
    expect(Math.abs(made - opened.created)).toBeLessThan(1);
  });
});
