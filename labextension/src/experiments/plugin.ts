/** Adds the experiments to the sidebar. */
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';

import { StoreMirror } from '../client/mirror';
import { CommandIDs, ILabdeckClient, ISidebar, PluginIDs } from '../tokens';
import { addExperimentCommands } from './commands';
import { FilterBox } from './filter';
import { addFirstStepCommands } from './firstStep';
import { ExperimentsModel } from './model';
import { ExperimentsSection } from './panel';

/** The section of experiments, its commands and shortcuts. */
export const experimentsPlugin: JupyterFrontEndPlugin<void> = {
  id: PluginIDs.experiments,
  description: 'Shows experiments, their trials and components in the sidebar.',
  autoStart: true,
  requires: [ILabdeckClient, ISidebar],
  optional: [ITranslator, ICommandPalette, INotebookTracker, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    client: ILabdeckClient,
    sidebar: ISidebar,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null,
    state: IStateDB | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('labdeck');
    const model = new ExperimentsModel(new StoreMirror(client));
    const before = new Set(commands.listCommands());
    addFirstStepCommands(app, notebooks, trans);
    addExperimentCommands({ commands, model, client, sidebar, trans });
    const filter = new FilterBox(model, trans);
    addFilterCommand(app, sidebar, filter, trans);
    const section = new ExperimentsSection({ model, client, commands, trans });
    sidebar.addTop(filter);
    sidebar.addSection(section, 100);
    for (const command of commands.listCommands()) {
      if (!before.has(command) && command !== CommandIDs.restore) {
        palette?.addItem({ command, category: trans.__('Labdeck') });
      }
    }
    model.changed.connect(() => {
      for (const id of FOLLOWING) {
        commands.notifyCommandChanged(id);
      }
    });
    if (state) {
      void keepOpen(model, state);
    }
  }
};

/** Commands whose label or availability depends on what is current or selected. */
const FOLLOWING = [CommandIDs.openCurrent, CommandIDs.compareSelected];

function addFilterCommand(
  app: JupyterFrontEnd,
  sidebar: ISidebar,
  filter: FilterBox,
  trans: TranslationBundle
): void {
  app.commands.addCommand(CommandIDs.focusFilter, {
    label: trans.__('Filter Experiments'),
    caption: trans.__('Find experiments and trials by name'),
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => {
      sidebar.reveal();
      filter.focus();
    }
  });
}

/** Open what was open before the page was loaded. */
async function keepOpen(
  model: ExperimentsModel,
  state: IStateDB
): Promise<void> {
  const key = `${PluginIDs.experiments}:open`;
  const kept = await state.fetch(key);
  if (Array.isArray(kept)) {
    model.open = kept.map(String);
  }
  let saved = JSON.stringify(model.open);
  model.changed.connect(() => {
    const open = model.open.slice(-100);
    if (JSON.stringify(open) !== saved) {
      saved = JSON.stringify(open);
      void state.save(key, open);
    }
  });
}
