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
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs, ILabdeckClient, PluginIDs } from '../tokens';
import { addTrialCommands } from './commands';
import type { TrialPanel } from './panel';
import { addTensorsCommand } from './tensorsCommand';

/** Shows everything known of a trial in the main area. */
export const trialsPlugin: JupyterFrontEndPlugin<void> = {
  id: PluginIDs.trials,
  description: 'Shows everything that is known of a trial.',
  autoStart: true,
  requires: [ILabdeckClient],
  optional: [
    ITranslator,
    ILayoutRestorer,
    IEditorLanguageRegistry,
    ICommandPalette
  ],
  activate: (
    app: JupyterFrontEnd,
    client: ILabdeckClient,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    languages: IEditorLanguageRegistry | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('labdeck');
    const tracker = new WidgetTracker<MainAreaWidget<TrialPanel>>({
      namespace: 'labdeck-trials'
    });
    addTrialCommands({ app, client, tracker, trans, languages });
    addTensorsCommand(app, trans);
    palette?.addItem({
      command: CommandIDs.makeReport,
      category: trans.__('Labdeck')
    });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openTrial,
        args: ({ content }) => ({ trial: content.model.id }),
        name: ({ content }) => content.model.id
      });
    }
  }
};
