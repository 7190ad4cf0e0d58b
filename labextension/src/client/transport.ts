/** The two ways out of the browser, an HTTP request and a socket, as Jupyter wants them made. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** What the client needs of the world outside; tests give it another one by the same door. */
export interface ITransport {
  /** Send a request to a path below the API's root; rejects when no answer comes. */
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Open a socket to a path below the API's root. */
  socket(path: string): WebSocket;
  /** The address of a path below the API's root. */
  url(path: string): string;
}

const ROOT = 'labdeck/api';

/** The Jupyter server that served this page. */
export class JupyterTransport implements ITransport {
  constructor(settings = ServerConnection.makeSettings()) {
    this.#settings = settings;
  }

  fetch(path: string, init: RequestInit): Promise<Response> {
    return ServerConnection.makeRequest(this.url(path), init, this.#settings);
  }

  socket(path: string): WebSocket {
    const { wsUrl, appendToken, token, WebSocket } = this.#settings;
    const address = new URL(URLExt.join(wsUrl, ROOT, path));
    if (appendToken && token !== '') {
      address.searchParams.set('token', token);
    }
    return new WebSocket(address.href);
  }

  url(path: string): string {
    return URLExt.join(this.#settings.baseUrl, ROOT, path);
  }

  readonly #settings: ServerConnection.ISettings;
}
