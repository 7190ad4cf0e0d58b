// @vitest-environment jsdom
import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import {
  act,
  cleanup,
  fireEvent,
  render,
  screen
} from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FindingsFeed } from '../../../labextension/src/client/debugging';
import { findingActions } from '../../../labextension/src/findings/commands';
import { WatchModel } from '../../../labextension/src/findings/model';
import { Watching } from '../../../labextension/src/findings/view';
import { addRulesCommands } from '../../../labextension/src/rules/commands';
import { FindingsModel } from '../../../labextension/src/rules/model';
import { FindingsSection } from '../../../labextension/src/rules/panel';
import {
  CommandIDs,
  type ICurrentExperiment,
  type ISidebar
} from '../../../labextension/src/tokens';
import { facts, id, PagesServer, trial } from '../pagesServer';
import { finding, found, rule, watch } from './records';

const HOSTILE = '<img src=x onerror="alert(1)">';
const trans = nullTranslator.load('labdeck');

let server: PagesServer;
let commands: CommandRegistry;
let executed: object[];
let model: FindingsModel;
let all: FindingsFeed;

const settle = (): Promise<void> =>
  act(async () => {
    await vi.advanceTimersByTimeAsync(600);
    MessageLoop.flush();
  });

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe = (): void => undefined;
      disconnect = (): void => undefined;
    }
  );
  vi.stubGlobal('requestIdleCallback', (call: () => void) => {
    call();
    return 0;
  });
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(500);
  server = new PagesServer().put({
    ...facts(1),
    trial: trial(1, { state: 'running', name: HOSTILE })
  });
  executed = [];
  commands = new CommandRegistry();
  for (const command of [
    CommandIDs.openTensors,
    CommandIDs.openTrial,
    CommandIDs.openRules
  ]) {
    commands.addCommand(command, {
      describedBy: { args: {} },
      execute: args => void executed.push({ command, ...args })
    });
  }
  const sidebar = {
    current: null,
    currentChanged: new Signal<ISidebar, ICurrentExperiment | null>(
      {} as ISidebar
    )
  };
  all = new FindingsFeed(server.client, { dismissed: false });
  model = new FindingsModel(server.client, all, sidebar);
  addRulesCommands({ commands, model, notebooks: null, trans });
});

afterEach(() => {
  cleanup();
  model.dispose();
  all.dispose();
  server.client.dispose();
  Notification.dismiss();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the section', () => {
  let section: FindingsSection;

  beforeEach(() => {
    server.findings = [
      finding(7, { severity: 'error', value: 'NaN', threshold: null }),
      finding(5, { rule: HOSTILE, count: 12 })
    ];
  });

  const show = async (): Promise<void> => {
    act(() => {
      section = new FindingsSection({ model, commands, trans });
      Widget.attach(section, document.body);
    });
    await settle();
  };

  afterEach(() => act(() => section.dispose()));

  it('tells of which mode a step is, for each counts its own', async () => {
    server.findings = [
      finding(6, { mode: 'EVAL', rule: 'NaNOrigin' }),
      finding(3, { mode: 'PREDICT', last_step: 5 })
    ];
    await show();
    const [first, second] = screen.getAllByRole('option');
    expect(first.textContent).toContain('evaluation 6');
    expect(first.title).toContain('NaNOrigin (evaluation 6)');
    expect(second.textContent).toContain('prediction 3');
    expect(second.title).toContain('(predictions 3–5)');
    expect(document.body.textContent).not.toContain('step 6');
  });

  it('says that rules watch while nothing was found, and how to begin where none do', async () => {
    server.findings = [];
    await show();
    expect(document.body.textContent).toContain('begin the cell that trains');
    const rules = [
      rule('AllZero'),
      rule('Overfit', { state: 'firing' }),
      rule('Mine', { state: 'failed' })
    ];
    server.watching.set(id(1), { watches: [watch()], rules });
    const changed = {
      event: 'debugger-changed',
      seq: 1,
      time: 1,
      trial_id: id(1),
      experiment_id: id(9)
    } as const;
    await settle();
    act(() => {
      server.tell(changed);
    });
    await settle();
    const said = screen.getByText(/Nothing found so far/);
    expect(said.textContent).toContain('2 rules watch');
    expect(said.textContent).toContain(HOSTILE);
    expect(document.querySelector('img')).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Show Rules' }));
    expect(executed).toContainEqual({ command: CommandIDs.openRules });
    server.watching.set(id(1), { watches: [watch({ state: 'off' })], rules });
    act(() => {
      server.tell(changed);
    });
    await settle();
    expect(document.body.textContent).toContain('begin the cell that trains');
  });

  it('tells rule, step, tensor and value of each, names as text', async () => {
    await show();
    const rows = screen.getAllByRole('option');
    expect(rows).toHaveLength(2);
    expect(rows[0].textContent).toContain('VanishingGradient');
    expect(rows[0].textContent).toContain('step 7');
    expect(rows[0].textContent).toContain('NaN');
    const named = rows[0].querySelector('.jp-Labdeck-finding-trial');
    expect(named?.textContent).toContain(HOSTILE);
    expect(rows[1].textContent).toContain(HOSTILE);
    expect(rows[1].textContent).toContain('3e−9 < 1e−7');
    expect(rows[1].textContent).toContain('×12');
    expect(document.querySelector('img')).toBeNull();
    const marks = screen.getAllByRole('img').map(i => i.dataset.severity);
    expect(marks).toEqual(['error', 'warning']);
  });

  it('counts those that are open in its title', async () => {
    await show();
    const badge = section.toolbar.node.querySelector('.jp-Labdeck-badge');
    expect(badge?.textContent).toBe('2');
    expect(badge?.getAttribute('aria-label')).toBe('2 open findings');
    act(() => {
      server.tell(
        found(finding(7, { dismissed: true })),
        found(finding(5, { dismissed: true }))
      );
    });
    expect(badge?.hasAttribute('hidden')).toBe(true);
  });

  it('opens the step with Enter and with a click', async () => {
    await show();
    const list = screen.getByRole('listbox');
    fireEvent.focus(list);
    fireEvent.keyDown(list, { key: 'Enter' });
    fireEvent.click(screen.getAllByRole('option')[1]);
    await settle();
    const place = { trial: id(1), tensor: 'gradient/conv1.weight' };
    const command = CommandIDs.openTensors;
    expect(executed).toEqual([
      { command, ...place, mode: 'TRAIN', step: 7 },
      { command, ...place, mode: 'TRAIN', step: 5 }
    ]);
  });

  it('says how many wait while the reader is in the list', async () => {
    await show();
    fireEvent.pointerEnter(screen.getByRole('listbox'));
    act(() => server.tell(found(finding(9))));
    expect(screen.getAllByRole('option')).toHaveLength(2);
    fireEvent.click(screen.getByRole('button', { name: '↑ 1 new' }));
    expect(screen.getAllByRole('option')).toHaveLength(3);
  });

  it('dismisses with Undo', async () => {
    await show();
    act(() => {
      model.active = id(7);
    });
    await act(() => commands.execute(CommandIDs.dismissFinding));
    const dismissal = { command: 'dismiss', ids: [id(7)] };
    expect(server.sent).toEqual([
      { commands: [{ ...dismissal, dismissed: true }] }
    ]);
    const [notice] = Notification.manager.notifications;
    expect(notice.message).toBe('Dismissed 1 finding');
    await act(async () => {
      notice.options.actions?.[0].callback(new MouseEvent('click'));
      await Promise.resolve();
    });
    expect(server.sent[1]).toEqual({
      commands: [{ ...dismissal, dismissed: false }]
    });
  });

  it('says what gets one going where nothing was found', async () => {
    server.findings = [];
    await show();
    expect(screen.getByText('%%debug_rules')).toBeDefined();
    expect(screen.queryByRole('listbox')).toBeNull();
  });

  it('says when the findings cannot be read, with a way to try again', async () => {
    server.failures.set('findings', {
      status: 503,
      body: { code: 'store-busy', message: 'the store is busy', remedy: '' }
    });
    await show();
    expect(document.body.textContent).toContain('the store is busy');
    server.failures.clear();
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    await settle();
    expect(screen.getAllByRole('option')).toHaveLength(2);
  });
});

describe("the face of a trial's page", () => {
  let watching: WatchModel;

  const show = async (): Promise<void> => {
    watching = new WatchModel(server.client, id(1));
    render(
      <Watching model={watching} trans={trans} {...findingActions(commands)} />
    );
    await settle();
  };

  afterEach(() => watching.dispose());

  it('tells what was found, why, and what was done', async () => {
    server.findings = [
      finding(5, {
        origin: 'model.py:42 in forward',
        recording: id(99),
        actions: [
          { name: 'Webhook', time: 1, done: false, message: HOSTILE },
          { name: 'Notify', time: 1, done: true, message: '' }
        ]
      })
    ];
    await show();
    const card = screen.getByRole('listitem', {
      name: 'VanishingGradient, step 5'
    });
    for (const text of [
      'the gradient has all but vanished',
      'Use another activation',
      'gradient/conv1.weight',
      '3e−9 < 1e−7',
      'model.py:42 in forward',
      `✕ Webhook ${HOSTILE}`,
      '✓ Notify done'
    ]) {
      expect(card.textContent).toContain(text);
    }
    fireEvent.click(
      screen.getByRole('button', { name: 'Play the flight recording' })
    );
    await settle();
    expect(executed).toMatchObject([{ recording: id(99), step: 5 }]);
  });

  it('asks a running training, and no other', async () => {
    server.watching.set(id(1), {
      watches: [watch()],
      rules: [rule('AllZero')]
    });
    await show();
    fireEvent.click(screen.getByRole('button', { name: 'Stop training' }));
    await settle();
    expect(server.sent).toMatchObject([
      { commands: [{ command: 'ask-training', request: { wish: 'stop' } }] }
    ]);
    const stop = screen.getByRole('button', { name: 'Stop training…' });
    expect(stop).toHaveProperty('disabled', true);
    fireEvent.click(screen.getByRole('button', { name: /^Switch off/ }));
    await settle();
    expect(server.sent[1]).toMatchObject({
      commands: [{ request: { wish: 'rule-off', argument: 'AllZero' } }]
    });
    const ended = trial(1, { state: 'completed' });
    server.put({ ...facts(1), trial: ended });
    act(() => {
      server.tell({ event: 'trial-changed', seq: 1, time: 1, trial: ended });
    });
    await settle();
    expect(screen.queryByRole('toolbar')).toBeNull();
    expect(screen.queryByRole('button', { name: /^Switch/ })).toBeNull();
  });

  it('tells the overhead against the budget, and what went wrong', async () => {
    server.watching.set(id(1), {
      watches: [
        watch({ cost: 0.5, warnings: ['nothing matches'], interval: 4 })
      ],
      rules: [
        rule('Broken', { state: 'failed', error: 'ZeroDivisionError' }),
        rule('Hungry', {
          missing: 'there are no relu_outputs',
          params: { tensor_regex: 'relu_\\d+', collection_names: null }
        })
      ]
    });
    await show();
    const text = document.body.textContent;
    expect(text).toContain('tensor_regex = relu_\\d+');
    expect(text).not.toContain('null');
    const overhead = screen.getByText(
      '5 % of a step (budget 3 %)'
    ).parentElement;
    expect(overhead?.title).toContain('0.5 ms of a step of 10 ms');
    for (const part of [
      'More than the budget',
      'steps of 10 ms are short',
      'every 4 steps',
      'nothing matches',
      'ZeroDivisionError',
      'there are no relu_outputs',
      'threshold = 1e−7'
    ]) {
      expect(text).toContain(part);
    }
  });

  it('says how to begin where nothing watches', async () => {
    await show();
    expect(screen.getByText('%%debug_rules')).toBeDefined();
  });

  it('shows many findings a few at a time', async () => {
    server.findings = Array.from({ length: 230 }, (_, n) => finding(500 - n));
    await show();
    const cards = document.getElementsByClassName('jp-Labdeck-card');
    for (const shown of [20, 220]) {
      expect(cards).toHaveLength(shown);
      fireEvent.click(screen.getByText(/^Show more/));
    }
    expect(cards).toHaveLength(230);
  });
});
