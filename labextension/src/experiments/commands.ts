/** Opening, creating, renaming and annotating experiments and trials. */
import { addIcon, editIcon, refreshIcon } from '@jupyterlab/ui-components';

import { newId } from '../client/ids';
import { askLine, askText } from '../parts/ask';
import { CommandIDs } from '../tokens';
import {
  apply,
  describe,
  experimentOf,
  type ICommandContext,
  NO_ARGUMENTS,
  recordOf,
  target,
  text
} from './context';
import { addCopyCommands } from './copying';
import type { ExperimentsModel } from './model';
import { addOrganisingCommands } from './organising';

/** Trials that can be compared at once. */
const MOST_COMPARED = 200;
/** Trials of an experiment that are compared when none is selected. */
const LATEST_COMPARED = 20;

/** Register all commands. */
export function addExperimentCommands(context: ICommandContext): void {
  addViewCommands(context);
  addOpenCommands(context);
  addSavedViewsCommand(context);
  addCreateCommand(context);
  addRenameCommand(context);
  addNoteCommand(context);
  addCopyCommands(context);
  addOrganisingCommands(context);
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
  commands.addCommand(CommandIDs.selectAll, {
    label: trans.__('Select All Trials of the Experiment'),
    caption: trans.__('Select all trials of the current experiment'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.activeRow !== null,
    execute: () => model.selectAll()
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
  commands.addCommand(CommandIDs.openParent, {
    label: trans.__('Open Parent Trial'),
    caption: trans.__('Open the trial that the current one is part of'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => parentOf(model) !== null,
    isVisible: () => parentOf(model) !== null,
    execute: () =>
      commands.execute(CommandIDs.openTrial, { trial: parentOf(model) })
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

function addSavedViewsCommand({
  commands,
  model,
  trans
}: ICommandContext): void {
  const viewed = (): { experiment: string } | null =>
    model.activeRow?.kind === 'experiment'
      ? { experiment: model.activeRow.key }
      : null;
  commands.addCommand(CommandIDs.openViews, {
    label: trans.__('Open Saved View…'),
    caption: trans.__('Open a saved comparison of the current experiment'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => {
      const args = viewed();
      return args !== null && commands.isEnabled(CommandIDs.openView, args);
    },
    execute: () => commands.execute(CommandIDs.openView, viewed() ?? {})
  });
}

/** The trial that the current one is part of. */
function parentOf(model: ExperimentsModel): string | null {
  const row = model.activeRow;
  return row?.kind === 'trial' ? row.trial.parent_id : null;
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
    describedBy: describe({ name: trans.__('Its name') }),
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
    describedBy: describe(words),
    isEnabled: args => target(model, args) !== null,
    execute: async args => {
      const id = target(model, args);
      const name = text(args, 'name');
      if (id !== null && name !== null) {
        const command = experimentOf(model, id)
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
    describedBy: describe(words),
    isEnabled: args => target(model, args) !== null,
    execute: async args => {
      const id = target(model, args);
      if (id === null) {
        return;
      }
      const known = recordOf(model, id) ?? (await client.trial(id)).trial;
      const note =
        text(args, 'note') ??
        (await askText(trans.__('Note on %1', known.name), known.note, trans));
      if (note !== null) {
        await apply(context, { command: 'annotate', id, note });
      }
    }
  });
}
