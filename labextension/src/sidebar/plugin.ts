/** Puts the sidebar on the left. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { labdeckIcon } from '../parts/icons';
import { CommandIDs, ISidebar, PluginIDs } from '../tokens';
import { Sidebar } from './panel';

/** The sidebar without sections; each system adds its own. */
export const sidebarPlugin: JupyterFrontEndPlugin<ISidebar> = {
  id: PluginIDs.sidebar,
  description: 'Adds the Labdeck sidebar.',
  autoStart: true,
  provides: ISidebar,
  optional: [ITranslator, ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ): ISidebar => {
    const trans = (translator ?? nullTranslator).load('labdeck');
    const sidebar: Sidebar = new Sidebar(app.commands, trans, () =>
      app.shell.activateById(sidebar.id)
    );
    app.shell.add(sidebar, 'left', { rank: 350, type: 'Labdeck' });
    restorer?.add(sidebar, sidebar.id);
    app.commands.addCommand(CommandIDs.showSidebar, {
      label: trans.__('Show Labdeck'),
      caption: trans.__('Show the Labdeck sidebar'),
      icon: labdeckIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => sidebar.reveal()
    });
    palette?.addItem({
      command: CommandIDs.showSidebar,
      category: trans.__('Labdeck')
    });
    return sidebar;
  }
};
