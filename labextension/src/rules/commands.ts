/** Opening, dismissing and copying findings, and asking things of trainings. */
import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { toLabdeckError } from '../client/errors';
import { newId } from '../client/ids';
import { placeOf } from '../findings/commands';
import { WATCH_CODE } from '../findings/snippet';
import {
  askedNotice,
  findingLines,
  oppositeOf,
  type Wish,
  WISHES
} from '../findings/words';
import { describeError } from '../parts/Notes';
import { CommandIDs, type UserCommand } from '../tokens';
import type { FindingRecord } from '../wire';
import type { FindingsModel } from './model';

/** What the commands act on. */
export interface IRulesContext {
  commands: CommandRegistry;
  model: FindingsModel;
  notebooks: INotebookTracker | null;
  trans: TranslationBundle;
}

const NO_ARGUMENTS = { args: { type: 'object', properties: {} } } as const;
/** Findings that one command of the store may name. */
const MOST_IDS = 5000;

/** Register all commands. */
export function addRulesCommands(context: IRulesContext): void {
  addOpenCommands(context);
  addReportCommand(context);
  addDismissCommands(context);
  addListingCommands(context);
  addAskCommand(context);
  addInsertCommand(context);
}

function addOpenCommands(context: IRulesContext): void {
  const { commands, model, trans } = context;
  const properties = {
    id: { type: 'string', description: trans.__("The finding's id") }
  };
  commands.addCommand(CommandIDs.openFinding, {
    label: trans.__('Open the Step'),
    caption: trans.__('Show the tensors at the step where it was found'),
    describedBy: { args: { type: 'object', properties } },
    isEnabled: args => findingOf(model, args) !== null,
    execute: args => {
      const finding = findingOf(model, args);
      return finding === null ? undefined : open(commands, finding);
    }
  });
  commands.addCommand(CommandIDs.openFindingTrial, {
    label: trans.__('Open Trial'),
    caption: trans.__('Show all findings of the trial'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.activeFinding !== null,
    execute: () => {
      const trial = model.activeFinding?.trial_id;
      return openTrial(commands, trial ?? '');
    }
  });
  commands.addCommand(CommandIDs.copyFinding, {
    label: trans.__('Copy Finding'),
    caption: trans.__('Copy what was found, as text'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.activeFinding !== null,
    execute: () => {
      const finding = model.activeFinding;
      if (finding !== null) {
        const trial = model.feed.trial(finding.trial_id)?.name ?? '';
        const lines = findingLines(finding, trial, trans);
        Clipboard.copyToSystem(`${lines.join('\n')}\n`);
      }
    }
  });
}

/** Make a report from where something was found. */
function addReportCommand({ commands, model, trans }: IRulesContext): void {
  commands.addCommand(CommandIDs.reportFinding, {
    label: trans.__('Make Report of Trial'),
    caption: trans.__('Make a report of the trial in which it was found'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () =>
      model.activeFinding !== null &&
      commands.hasCommand(CommandIDs.makeReport),
    execute: () => {
      const trial = model.activeFinding?.trial_id ?? '';
      return commands.execute(CommandIDs.makeReport, { trial });
    }
  });
}

/** Show the step in the tensor view; without one, the findings of the trial. */
function open(
  commands: CommandRegistry,
  finding: FindingRecord
): Promise<unknown> {
  const place = placeOf(finding);
  return commands.hasCommand(CommandIDs.openTensors) &&
    commands.isEnabled(CommandIDs.openTensors, place)
    ? commands.execute(CommandIDs.openTensors, place)
    : openTrial(commands, finding.trial_id);
}

function openTrial(commands: CommandRegistry, trial: string): Promise<unknown> {
  return commands.execute(CommandIDs.openTrial, { trial, tab: 'findings' });
}

/** The finding in the arguments, or else the current one. */
function findingOf(
  model: FindingsModel,
  args: ReadonlyPartialJSONObject
): FindingRecord | null {
  return typeof args.id === 'string'
    ? (model.feed.get(args.id) ?? model.all.get(args.id) ?? null)
    : model.activeFinding;
}

function addDismissCommands(context: IRulesContext): void {
  const { commands, model, trans } = context;
  const properties = {
    ids: {
      type: 'array',
      items: { type: 'string' },
      description: trans.__('Ids of findings')
    },
    dismissed: {
      type: 'boolean',
      description: trans.__('False takes them out again')
    }
  };
  commands.addCommand(CommandIDs.dismissFinding, {
    label: args =>
      wantsDismissed(model, args)
        ? trans.__('Dismiss Finding')
        : trans.__('Take Finding Back'),
    caption: trans.__('Put a finding away: it stays with its trial'),
    describedBy: { args: { type: 'object', properties } },
    isEnabled: args => idsOf(model, args).length > 0,
    execute: async args => {
      const ids = idsOf(model, args);
      const wanted = wantsDismissed(model, args);
      if (await dismiss(context, ids, wanted)) {
        model.forget(ids);
        offerUndo(context, dismissNotice(ids.length, wanted, trans), () =>
          dismiss(context, ids, !wanted)
        );
      }
    }
  });
  commands.addCommand(CommandIDs.dismissAll, {
    label: trans.__('Dismiss All Findings'),
    caption: trans.__('Put all open findings that are listed away'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.feed.open > 0,
    execute: async () => {
      const ids = model.feed.findings
        .filter(({ dismissed }) => !dismissed)
        .map(({ id }) => id);
      await commands.execute(CommandIDs.dismissFinding, {
        ids,
        dismissed: true
      });
    }
  });
}

function dismissNotice(
  count: number,
  dismissed: boolean,
  trans: TranslationBundle
): string {
  return dismissed
    ? trans._n('Dismissed %1 finding', 'Dismissed %1 findings', count, count)
    : trans._n('Took %1 finding back', 'Took %1 findings back', count, count);
}

function idsOf(
  model: FindingsModel,
  args: ReadonlyPartialJSONObject
): readonly string[] {
  if (Array.isArray(args.ids)) {
    return args.ids.map(String);
  }
  return model.activeFinding ? [model.activeFinding.id] : [];
}

/** What the arguments ask for, or else the opposite of what the current finding is. */
function wantsDismissed(
  model: FindingsModel,
  args: ReadonlyPartialJSONObject
): boolean {
  return typeof args.dismissed === 'boolean'
    ? args.dismissed
    : !(model.activeFinding?.dismissed ?? false);
}

async function dismiss(
  context: IRulesContext,
  ids: readonly string[],
  dismissed: boolean
): Promise<boolean> {
  for (let from = 0; from < ids.length; from += MOST_IDS) {
    const part = ids.slice(from, from + MOST_IDS);
    if (!(await apply(context, { command: 'dismiss', ids: part, dismissed }))) {
      return false;
    }
  }
  return true;
}

function addListingCommands(context: IRulesContext): void {
  const { commands, model, trans } = context;
  commands.addCommand(CommandIDs.findingsOfCurrent, {
    label: () => {
      const experiment = model.only ?? model.current;
      return experiment
        ? trans.__('Only Findings of %1', experiment.name)
        : trans.__('Only Findings of the Current Experiment');
    },
    caption: trans.__('List the findings of the current experiment alone'),
    describedBy: NO_ARGUMENTS,
    isToggleable: true,
    isToggled: () => model.onlyCurrent,
    execute: () => {
      model.onlyCurrent = !model.onlyCurrent;
    }
  });
  commands.addCommand(CommandIDs.toggleDismissed, {
    label: trans.__('Show Dismissed Findings'),
    caption: trans.__('List dismissed findings too'),
    describedBy: NO_ARGUMENTS,
    isToggleable: true,
    isToggled: () => model.showDismissed,
    execute: () => {
      model.showDismissed = !model.showDismissed;
    }
  });
}

function addAskCommand(context: IRulesContext): void {
  const { commands, trans } = context;
  const properties = {
    trial: { type: 'string', description: trans.__("The trial's id") },
    wish: {
      type: 'string',
      enum: [...WISHES],
      description: trans.__('What is wanted')
    },
    argument: {
      type: 'string',
      description: trans.__('The name of the rule to switch on or off')
    }
  };
  commands.addCommand(CommandIDs.askTraining, {
    label: trans.__('Ask a Training'),
    caption: trans.__('Ask something of a running training'),
    describedBy: {
      args: { type: 'object', required: ['trial', 'wish'], properties }
    },
    isEnabled: args =>
      typeof args.trial === 'string' && WISHES.some(w => w === args.wish),
    execute: async args => {
      const { trial, argument } = args;
      const wish = WISHES.find(each => each === args.wish);
      if (typeof trial !== 'string' || wish === undefined) {
        return false;
      }
      const about = typeof argument === 'string' ? argument : '';
      return askTraining(context, trial, wish, about);
    }
  });
}

/** Pass a wish on, and offer to take it back where that can be done. */
async function askTraining(
  context: IRulesContext,
  trial: string,
  wish: Wish,
  argument: string
): Promise<boolean> {
  const { model, trans } = context;
  const passedOn = await apply(context, {
    command: 'ask-training',
    request: {
      id: newId(),
      trial_id: trial,
      wish,
      argument,
      created: Date.now() / 1000
    }
  });
  if (passedOn) {
    const known = model.all.trial(trial) ?? model.feed.trial(trial);
    const name = known?.name ?? trans.__('The training');
    const notice = askedNotice(wish, name, argument, trans);
    const opposite = oppositeOf(wish);
    if (opposite === null) {
      Notification.info(notice, { autoClose: 5000 });
    } else {
      offerUndo(context, notice, () =>
        askTraining(context, trial, opposite, argument)
      );
    }
  }
  return passedOn;
}

function addInsertCommand(context: IRulesContext): void {
  const { commands, notebooks, trans } = context;
  commands.addCommand(CommandIDs.insertWatch, {
    label: trans.__('Let Rules Watch This Cell'),
    caption: trans.__(
      'Begin the current cell of the notebook with %1',
      WATCH_CODE
    ),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => notebooks?.activeCell?.model.type === 'code',
    execute: () => {
      const cell = notebooks?.activeCell?.model;
      const source = cell?.sharedModel.getSource() ?? '';
      // A cell magic is the first line of its cell; one that is there already stays the only one.
      if (cell?.type === 'code' && !source.startsWith('%%')) {
        cell.sharedModel.setSource(`${WATCH_CODE}\n${source}`);
      }
    }
  });
}

/** Send a command to the store; tells the reader what went wrong, and returns whether nothing did. */
async function apply(
  { model, trans }: IRulesContext,
  command: UserCommand
): Promise<boolean> {
  try {
    await model.client.apply(command);
    return true;
  } catch (reason) {
    const { message, remedy } = describeError(toLabdeckError(reason), trans);
    Notification.error([message, remedy].filter(Boolean).join(' – '), {
      autoClose: 15_000
    });
    return false;
  }
}

function offerUndo(
  { trans }: IRulesContext,
  notice: string,
  undo: () => Promise<unknown>
): void {
  Notification.emit(notice, 'default', {
    autoClose: 15_000,
    actions: [{ label: trans.__('Undo'), callback: () => void undo() }]
  });
}
