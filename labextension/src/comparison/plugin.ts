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
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';

import { CommandIDs, ILabdeckClient, PluginIDs } from '../tokens';
import { ViewsModel } from '../views/list';
import { addComparisonCommands, lookOf } from './commands';
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
    const views = new ViewsModel(client);
    addComparisonCommands({ app, client, tracker, views, trans });
    if (palette) {
      addToPalette(palette, views, trans);
    }
    views.changed.connect(() => {
      for (const id of [CommandIDs.openView, CommandIDs.deleteView]) {
        app.commands.notifyCommandChanged(id);
      }
    });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.compare,
        args: widget => ({
          trials: [...widget.content.model.trials],
          experiment: widget.content.model.experiment,
          page: widget.id,
          look: lookOf(widget)
        }),
        name: widget => widget.id
      });
    }
  }
};

/** List the commands, and each saved view by its name. */
function addToPalette(
  palette: ICommandPalette,
  views: ViewsModel,
  trans: TranslationBundle
): void {
  const category = trans.__('Labdeck');
  for (const command of [
    CommandIDs.copyAsPython,
    CommandIDs.copyAsCsv,
    CommandIDs.saveView,
    CommandIDs.openView,
    CommandIDs.deleteView
  ]) {
    palette.addItem({ command, category });
  }
  let listed = new DisposableSet();
  let before = '';
  views.changed.connect(() => {
    const ids = views.views.map(({ id, name }) => [id, name]);
    if (JSON.stringify(ids) === before) {
      return;
    }
    before = JSON.stringify(ids);
    listed.dispose();
    listed = new DisposableSet();
    for (const { id } of views.views.slice(0, MOST_LISTED)) {
      const args = { id };
      const command = CommandIDs.openView;
      listed.add(palette.addItem({ command, category, args }));
    }
  });
}

/** Saved views in the command palette; the others are found by Open View. */
const MOST_LISTED = 50;
