/** What can be done with experiments and trials; everything the sidebar does goes through here. */
import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  copyIcon,
  deleteIcon,
  editIcon,
  refreshIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import { toLabdeckError } from '../client/errors';
import { newId } from '../client/ids';
import { askLine, askText } from '../parts/ask';
import { describeError } from '../parts/Notes';
import {
  CommandIDs,
  type ILabdeckClient,
  type ISidebar,
  type UserCommand
} from '../tokens';
import type { ExperimentsModel } from './model';

/** What the commands act on. */
export interface ICommandContext {
  commands: CommandRegistry;
  model: ExperimentsModel;
  client: ILabdeckClient;
  sidebar: ISidebar;
  trans: TranslationBundle;
}

/** Trials that can be compared at once. */
const MOST_COMPARED = 200;
/** Trials of an experiment that are compared when none is selected. */
const LATEST_COMPARED = 20;

/** Register all commands. */
export function addExperimentCommands(context: ICommandContext): void {
  addViewCommands(context);
  addOpenCommands(context);
  addCreateCommand(context);
  addRenameCommand(context);
  addNoteCommand(context);
  addCopyCommand(context);
  addDeleteCommands(context);
}

function addViewCommands({
  commands,
  model,
  client,
  trans
}: ICommandContext): void {
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh Experiments'),
    caption: trans.__('Read all experiments anew'),
    icon: refreshIcon,
    describedBy: NO_ARGUMENTS,
    execute: () => {
      if (client.state !== 'connected') {
        client.reconnect();
      }
      model.mirror.refresh();
    }
  });
  commands.addCommand(CommandIDs.collapseAll, {
    label: trans.__('Collapse All Experiments'),
    caption: trans.__('Close all experiments and trials of the tree'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.open.length > 0,
    execute: () => model.collapseAll()
  });
  commands.addCommand(CommandIDs.clearSelection, {
    label: trans.__('Deselect All Trials'),
    caption: trans.__('Clear the selection of trials'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.selection.size > 0,
    execute: () => model.clearSelection()
  });
}

function addOpenCommands({ commands, model, trans }: ICommandContext): void {
  commands.addCommand(CommandIDs.openCurrent, {
    label: () =>
      model.activeRow?.kind === 'experiment'
        ? trans.__('Open or Close Experiment')
        : trans.__('Open Trial'),
    caption: trans.__('Open what is current in the sidebar'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.activeRow !== null,
    execute: async () => {
      const row = model.activeRow;
      if (row?.kind === 'experiment') {
        model.toggle(row.key, !row.open);
      } else if (row?.kind === 'trial' || row?.kind === 'component') {
        const trial = row.kind === 'trial' ? row.key : row.trial;
        await commands.execute(CommandIDs.openTrial, { trial });
      }
    }
  });
  commands.addCommand(CommandIDs.compareSelected, {
    label: () =>
      model.activeRow?.kind === 'experiment'
        ? trans.__('Compare Latest Trials')
        : trans.__('Compare Selected Trials'),
    caption: trans.__('Compare the selected trials, at most %1', MOST_COMPARED),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => {
      const count = comparedTrials(model).length;
      return count > 0 && count <= MOST_COMPARED;
    },
    execute: () => {
      const trials = [...comparedTrials(model)];
      const experiment = model.mirror.findTrial(trials[0])?.experiment ?? '';
      return commands.execute(CommandIDs.compare, { trials, experiment });
    }
  });
}

/** The selected trials; without any, the latest of the current experiment. */
function comparedTrials(model: ExperimentsModel): readonly string[] {
  const row = model.activeRow;
  if (row?.kind === 'experiment' && model.selection.size < 2) {
    const { items } = model.mirror.trials(row.key);
    return items.slice(0, LATEST_COMPARED).map(({ id }) => id);
  }
  return model.selection.keys;
}

function addCreateCommand(context: ICommandContext): void {
  const { commands, model, sidebar, trans } = context;
  commands.addCommand(CommandIDs.newExperiment, {
    label: trans.__('New Experiment…'),
    caption: trans.__('Open a new experiment'),
    icon: addIcon,
    describedBy: describe({ name: trans.__('Its name') }, []),
    execute: async args => {
      const name =
        text(args, 'name') ??
        (await askLine(
          trans.__('New experiment'),
          trans.__('What do you want to find out?'),
          trans.__('Create')
        ));
      if (name !== null) {
        const created = Date.now() / 1000;
        const id = newId();
        sidebar.reveal();
        await apply(context, {
          command: 'open-experiment',
          id,
          name,
          created
        });
        const same = model.mirror.experiments.find(old => old.name === name);
        model.active = same?.id ?? id;
      }
    }
  });
}

function addRenameCommand(context: ICommandContext): void {
  const { commands, model, sidebar, trans } = context;
  const words = { id: trans.__('Its id'), name: trans.__('Its new name') };
  commands.addCommand(CommandIDs.rename, {
    label: trans.__('Rename'),
    caption: trans.__('Give an experiment or trial another name'),
    icon: editIcon,
    describedBy: describe(words, []),
    isEnabled: args => target(model, args) !== null,
    execute: async args => {
      const id = target(model, args);
      const name = text(args, 'name');
      if (id !== null && name !== null) {
        const command = isExperiment(model, id)
          ? ('rename-experiment' as const)
          : ('rename-trial' as const);
        await apply(context, { command, id, name });
      } else if (id !== null) {
        sidebar.reveal();
        model.renaming = id;
      }
    }
  });
}

function addNoteCommand(context: ICommandContext): void {
  const { commands, model, client, trans } = context;
  const words = { id: trans.__('Its id'), note: trans.__('Its new note') };
  commands.addCommand(CommandIDs.editNote, {
    label: trans.__('Edit Note…'),
    caption: trans.__('Write down what an experiment or trial is about'),
    describedBy: describe(words, []),
    isEnabled: args => target(model, args) !== null,
    execute: async args => {
      const id = target(model, args);
      if (id === null) {
        return;
      }
      const known =
        model.mirror.experiments.find(experiment => experiment.id === id) ??
        model.mirror.findTrial(id) ??
        (await client.trial(id)).trial;
      const note =
        text(args, 'note') ??
        (await askText(trans.__('Note on %1', known.name), known.note, trans));
      if (note !== null) {
        await apply(context, { command: 'annotate', id, note });
      }
    }
  });
}

function addCopyCommand({ commands, model, trans }: ICommandContext): void {
  commands.addCommand(CommandIDs.copyId, {
    label: trans.__('Copy Id'),
    caption: trans.__('Copy the id by which code finds an experiment or trial'),
    icon: copyIcon,
    describedBy: describe({ id: trans.__('Its id') }, []),
    isEnabled: args => target(model, args) !== null,
    execute: args => {
      const id = target(model, args);
      if (id !== null) {
        Clipboard.copyToSystem(id);
      }
    }
  });
}

function addDeleteCommands(context: ICommandContext): void {
  const { commands, model, trans } = context;
  const ids = {
    type: 'array',
    items: { type: 'string' },
    description: trans.__('Ids of experiments or trials')
  };
  const described = {
    args: { type: 'object', properties: { ids } }
  };
  const chosen = (args: ReadonlyPartialJSONObject): readonly string[] =>
    Array.isArray(args.ids) ? args.ids.map(String) : model.targets;
  commands.addCommand(CommandIDs.remove, {
    label: trans.__('Delete'),
    caption: trans.__('Delete experiments or trials; this can be undone'),
    icon: deleteIcon,
    describedBy: described,
    isEnabled: args => chosen(args).length > 0,
    execute: async args => {
      const gone = [...chosen(args)];
      const notice = deletionNotice(context, gone);
      const time = Date.now() / 1000;
      if (await apply(context, { command: 'delete', ids: gone, time })) {
        offerUndo(context, gone, notice);
      }
    }
  });
  commands.addCommand(CommandIDs.restore, {
    label: trans.__('Restore Deleted'),
    caption: trans.__('Take back a deletion'),
    describedBy: described,
    isVisible: () => false,
    execute: args =>
      apply(context, { command: 'restore', ids: [...chosen(args)] })
  });
}

function deletionNotice(
  { model, trans }: ICommandContext,
  ids: readonly string[]
): string {
  const { mirror } = model;
  const experiments = ids.filter(id => isExperiment(model, id)).length;
  if (ids.length === 1) {
    const known =
      mirror.findTrial(ids[0]) ??
      mirror.experiments.find(({ id }) => id === ids[0]);
    return trans.__('Deleted %1', known?.name ?? ids[0]);
  }
  return experiments > 0
    ? trans._n(
        'Deleted %1 experiment',
        'Deleted %1 experiments',
        experiments,
        experiments
      )
    : trans._n('Deleted %1 trial', 'Deleted %1 trials', ids.length, ids.length);
}

function offerUndo(
  { commands, trans }: ICommandContext,
  ids: string[],
  notice: string
): void {
  Notification.emit(notice, 'default', {
    autoClose: 15_000,
    actions: [
      {
        label: trans.__('Undo'),
        callback: () => void commands.execute(CommandIDs.restore, { ids })
      }
    ]
  });
}

/** Send commands to the store; tells the reader what went wrong, and returns whether nothing did. */
async function apply(
  { client, trans }: ICommandContext,
  ...given: UserCommand[]
): Promise<boolean> {
  try {
    await client.apply(...given);
    return true;
  } catch (reason) {
    const { message, remedy } = describeError(toLabdeckError(reason), trans);
    Notification.error([message, remedy].filter(Boolean).join(' – '), {
      autoClose: 15_000
    });
    return false;
  }
}

/** What a command acts on: the id in its arguments, or else what is current in the sidebar. */
function target(
  model: ExperimentsModel,
  args: ReadonlyPartialJSONObject
): string | null {
  const row = model.activeRow;
  const current =
    row?.kind === 'experiment' || row?.kind === 'trial' ? row.key : null;
  return text(args, 'id') ?? current;
}

function isExperiment(model: ExperimentsModel, id: string): boolean {
  return model.mirror.experiments.some(experiment => experiment.id === id);
}

function text(args: ReadonlyPartialJSONObject, key: string): string | null {
  const value = args[key];
  return typeof value === 'string' ? value : null;
}

/** The schema of arguments that are all texts. */
function describe(
  words: Record<string, string>,
  required: string[]
): { args: ReadonlyJSONObject } {
  const properties = Object.fromEntries(
    Object.entries(words).map(([name, description]) => [
      name,
      { type: 'string', description }
    ])
  );
  return { args: { type: 'object', properties, required } };
}

const NO_ARGUMENTS = { args: { type: 'object', properties: {} } };
