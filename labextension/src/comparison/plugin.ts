import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  type MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs, ILabdeckClient, PluginIDs } from '../tokens';
import { addComparisonCommands } from './commands';
import type { ComparisonPanel } from './panel';

/** Shows trials side by side in the main area. */
export const comparisonPlugin: JupyterFrontEndPlugin<void> = {
  id: PluginIDs.comparison,
  description: 'Shows trials side by side, as a table and as curves.',
  autoStart: true,
  requires: [ILabdeckClient],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    client: ILabdeckClient,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('labdeck');
    const tracker = new WidgetTracker<MainAreaWidget<ComparisonPanel>>({
      namespace: 'labdeck-comparison'
    });
    addComparisonCommands({ app, client, tracker, trans });
    palette?.addItem({
      command: CommandIDs.copyAsPython,
      category: trans.__('Labdeck')
    });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.compare,
        args: ({ content, id }) => ({
          trials: [...content.model.trials],
          experiment: content.model.experiment,
          page: id
        }),
        name: widget => widget.id
      });
    }
  }
};
