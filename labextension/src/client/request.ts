/** The one request function: JSON in, JSON out, typed errors. */
import { WIRE_VERSION } from '../wire';
import { isErrorMessage, LabdeckError } from './errors';
import type { ITransport } from './transport';

/**
 * Ask the server extension.
 *
 * @param transport - The way out.
 * @param path - The route below the API's root, with its query.
 * @param body - Sent as JSON by POST; a GET without it.
 * @returns The answer's body.
 * @throws LabdeckError for every failure.
 */
export async function request<T>(
  transport: ITransport,
  path: string,
  body?: object
): Promise<T> {
  const headers: Record<string, string> = {
    'X-Labdeck-Wire': String(WIRE_VERSION)
  };
  let init: RequestInit = { method: 'GET', headers, cache: 'no-store' };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init = { method: 'POST', headers, body: JSON.stringify(body) };
  }
  const { response, text } = await exchange(transport, path, init);
  const answer = parse(text);
  if (!response.ok) {
    throw failure(response.status, answer);
  }
  if (answer === undefined) {
    throw new LabdeckError(
      'server',
      'The server sent an answer that is not JSON',
      'Restart the Jupyter server.',
      response.status
    );
  }
  return answer as T;
}

/**
 * Read the first bytes of a file that the server extension hands out.
 *
 * @param limit - Bytes after which reading stops.
 * @throws LabdeckError for every failure.
 */
export async function requestBlob(
  transport: ITransport,
  path: string,
  limit: number
): Promise<Blob> {
  const headers = { 'X-Labdeck-Wire': String(WIRE_VERSION) };
  let response: Response;
  try {
    response = await transport.fetch(path, { method: 'GET', headers });
  } catch {
    throw unreachable();
  }
  if (!response.ok) {
    throw failure(response.status, parse(await response.text()));
  }
  try {
    return await firstBytes(response, limit);
  } catch {
    throw unreachable();
  }
}

async function firstBytes(response: Response, limit: number): Promise<Blob> {
  const reader = response.body?.getReader();
  const pieces: BlobPart[] = [];
  for (let left = limit; reader && left > 0;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    pieces.push(value.slice(0, left));
    left -= value.length;
  }
  await reader?.cancel();
  return new Blob(pieces);
}

function unreachable(): LabdeckError {
  return new LabdeckError(
    'network',
    'The Jupyter server does not answer',
    'Check that it runs and that the network is up.'
  );
}

async function exchange(
  transport: ITransport,
  path: string,
  init: RequestInit
): Promise<{ response: Response; text: string }> {
  try {
    const response = await transport.fetch(path, init);
    return { response, text: await response.text() };
  } catch {
    throw unreachable();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failure(status: number, body: unknown): LabdeckError {
  if (isErrorMessage(body)) {
    const { code, message, remedy, position } = body;
    return new LabdeckError(code, message, remedy, status, position);
  }
  switch (status) {
    case 404:
      return new LabdeckError(
        'extension-missing',
        'The Labdeck server extension is not running',
        'Enable it and restart the Jupyter server.',
        status
      );
    case 401:
    case 403:
      return new LabdeckError(
        'forbidden',
        'The Jupyter server refused the request',
        'Sign in again by reloading the page.',
        status
      );
    default:
      return new LabdeckError(
        'server',
        `The server answered with status ${status}`,
        "Look into the Jupyter server's log.",
        status
      );
  }
}
