/** Provides the client to all features. */
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { ILabdeckClient, PluginIDs } from '../tokens';
import { LabdeckClient } from './client';
import { JupyterTransport } from './transport';

/** One client a page; follows what the browser knows of the network. */
export const clientPlugin: JupyterFrontEndPlugin<ILabdeckClient> = {
  id: PluginIDs.client,
  description: 'Connects the page with the experiments store.',
  autoStart: true,
  provides: ILabdeckClient,
  activate: (app: JupyterFrontEnd): ILabdeckClient => {
    const transport = new JupyterTransport(app.serviceManager.serverSettings);
    const client = new LabdeckClient(transport);
    // The browser's word is only a hint: a local server answers without any network.
    window.addEventListener('online', () => client.reconnect());
    window.addEventListener('offline', () => client.reconnect());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && client.state !== 'connected') {
        client.reconnect();
      }
    });
    return client;
  }
};
