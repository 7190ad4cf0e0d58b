/** Putting code into notebooks: that of a first trial, and that of what is current in the sidebar. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import { CommandIDs } from '../tokens';
import { type ICommandContext, NO_ARGUMENTS } from './context';
import { rowCode } from './copying';

/** The code of a first trial, which runs as it stands. */
export const FIRST_STEP = `import labdeck

experiment = labdeck.experiment("first steps")
with experiment.trial(params={"rate": 0.1}) as trial:
    for step in range(100):
        trial.log(loss=1 / (1 + 0.1 * step), step=step)`;

/** Register the commands that put the code into a notebook. */
export function addFirstStepCommands(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  trans: TranslationBundle
): void {
  const describedBy = { args: { type: 'object', properties: {} } };
  app.commands.addCommand(CommandIDs.firstStep, {
    label: trans.__('New Notebook with a First Step'),
    caption: trans.__('Open a notebook whose code logs a first trial'),
    describedBy,
    isEnabled: () => app.commands.hasCommand('notebook:create-new'),
    execute: async () => {
      const specs = app.serviceManager.kernelspecs.specs;
      const panel = (await app.commands.execute('notebook:create-new', {
        kernelName: specs?.default
      })) as NotebookPanel;
      await panel.context.ready;
      insert(panel, 0, FIRST_STEP);
    }
  });
  app.commands.addCommand(CommandIDs.insertFirstStep, {
    label: trans.__('Insert a First Step'),
    caption: trans.__('Insert code that logs a first trial'),
    describedBy,
    isEnabled: () => Boolean(notebooks?.currentWidget),
    execute: () => {
      const panel = notebooks?.currentWidget;
      if (panel) {
        insert(panel, panel.content.activeCellIndex + 1, FIRST_STEP);
      }
    }
  });
}

/** Register the command that inserts what would be copied as Python. */
export function addInsertCommand(
  { commands, model, trans }: ICommandContext,
  notebooks: INotebookTracker | null
): void {
  commands.addCommand(CommandIDs.insertCode, {
    label: trans.__('Insert into Notebook'),
    caption: trans.__(
      'Insert code that opens the experiment or trials into the current notebook'
    ),
    describedBy: NO_ARGUMENTS,
    isEnabled: () =>
      Boolean(notebooks?.currentWidget) &&
      rowCode(model, model.activeRow) !== null,
    execute: () => {
      const panel = notebooks?.currentWidget;
      const code = rowCode(model, model.activeRow);
      if (panel && code !== null) {
        insert(panel, panel.content.activeCellIndex + 1, code.trimEnd());
      }
    }
  });
}

/** Insert code as a cell and make it the active one. */
function insert(panel: NotebookPanel, index: number, source: string): void {
  const { content } = panel;
  content.model?.sharedModel.insertCell(index, {
    cell_type: 'code',
    source,
    metadata: {}
  });
  content.activeCellIndex = index;
}
