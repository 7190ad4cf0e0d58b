/** Adds the experiments to the sidebar. */
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { SORT_KEYS } from '../client/order';
import { StoreMirror } from '../client/mirror';
import { SearchModel } from '../search/model';
import {
  CommandIDs,
  type ICurrentExperiment,
  ILabdeckClient,
  IOpenFindings,
  ISidebar,
  PluginIDs
} from '../tokens';
import { addExperimentCommands } from './commands';
import { addFirstStepCommands, addInsertCommand } from './inserting';
import { remember } from './memory';
import { ExperimentsModel } from './model';
import { ExperimentsSection } from './panel';
import { addSearch } from './searchTop';

/** The section of experiments, its commands and shortcuts. */
export const experimentsPlugin: JupyterFrontEndPlugin<void> = {
  id: PluginIDs.experiments,
  description: 'Shows experiments, their trials and components in the sidebar.',
  autoStart: true,
  requires: [ILabdeckClient, ISidebar],
  optional: [
    ITranslator,
    ICommandPalette,
    INotebookTracker,
    IStateDB,
    IOpenFindings
  ],
  activate: (
    app: JupyterFrontEnd,
    client: ILabdeckClient,
    sidebar: ISidebar,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null,
    state: IStateDB | null,
    findings: IOpenFindings | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('labdeck');
    const search = new SearchModel((text, at) => client.complete(text, at));
    const model = new ExperimentsModel(new StoreMirror(client), search);
    const context = { commands, model, client, sidebar, trans };
    const before = new Set(commands.listCommands());
    addFirstStepCommands(app, notebooks, trans);
    addExperimentCommands(context);
    addSearch(context);
    addInsertCommand(context, notebooks);
    const section = new ExperimentsSection({
      model,
      client,
      commands,
      trans,
      findings
    });
    sidebar.addSection(section, 100);
    for (const command of commands.listCommands()) {
      if (!before.has(command) && !UNLISTED.includes(command)) {
        palette?.addItem({ command, category: trans.__('Labdeck') });
      }
    }
    for (const by of SORT_KEYS) {
      const category = trans.__('Labdeck');
      palette?.addItem({ command: CommandIDs.sortBy, args: { by }, category });
    }
    model.changed.connect(() => {
      sidebar.current = currentOf(model);
      for (const id of FOLLOWING) {
        commands.notifyCommandChanged(id);
      }
    });
    if (state) {
      void remember(model, state);
    }
  }
};

/** The experiment that is current, by itself or by what is below it. */
function currentOf(model: ExperimentsModel): ICurrentExperiment | null {
  const row = model.activeRow;
  switch (row?.kind) {
    case 'experiment':
      return { id: row.key, name: row.experiment.name };
    case 'trial':
      return { id: row.trial.experiment_id, name: row.trial.experiment };
    case 'component': {
      const trial = model.mirror.findTrial(row.trial);
      return trial ? { id: trial.experiment_id, name: trial.experiment } : null;
    }
    default:
      return null;
  }
}

/** Commands whose label or availability depends on what is current or selected. */
const FOLLOWING = [
  CommandIDs.openCurrent,
  CommandIDs.compareSelected,
  CommandIDs.archive,
  CommandIDs.toggleArchived,
  CommandIDs.openParent
];

/** Commands that are of no use without arguments. */
const UNLISTED: string[] = [CommandIDs.restore, CommandIDs.sortBy];
