import { describe, expect, it } from 'vitest';

import { LabdeckClient } from '../../../labextension/src/client/client';
import { LabdeckError } from '../../../labextension/src/client/errors';
import { request } from '../../../labextension/src/client/request';
import { WIRE_VERSION } from '../../../labextension/src/wire';
import { errorBody, FakeServer, id } from './fakeServer';

async function failure(server: FakeServer): Promise<LabdeckError> {
  const reason: unknown = await request(server, 'status').catch(
    (error: unknown) => error
  );
  expect(reason).toBeInstanceOf(LabdeckError);
  return reason as LabdeckError;
}

describe('request', () => {
  it('names its wire version and reads JSON', async () => {
    const server = new FakeServer();
    server.seq = 7;
    expect(await request(server, 'status')).toMatchObject({ seq: 7 });
    const { init } = server.requests[0];
    expect(init.method).toBe('GET');
    expect(init.headers).toMatchObject({
      'X-Labdeck-Wire': String(WIRE_VERSION)
    });
  });

  it('posts a body as JSON', async () => {
    const server = new FakeServer();
    await request(server, 'commands', { commands: [] });
    const { init } = server.requests[0];
    expect(init.method).toBe('POST');
    expect(JSON.parse(init.body as string)).toEqual({ commands: [] });
  });

  it.each([
    [
      'an error of the engine',
      409,
      errorBody({
        code: 'conflict',
        message: 'the name is taken',
        remedy: 'take another'
      }),
      'conflict'
    ],
    [
      'a 404 of the engine',
      404,
      errorBody({ code: 'not-found', message: 'no such trial', remedy: '' }),
      'not-found'
    ],
    ['a 404 of Jupyter', 404, '<html>Not Found</html>', 'extension-missing'],
    [
      'a 404 of Jupyter in JSON',
      404,
      '{"message": "Not Found", "reason": null}',
      'extension-missing'
    ],
    ['a refusal', 403, '{"message": "Forbidden"}', 'forbidden'],
    ['a broken proxy', 502, 'Bad Gateway', 'server'],
    ['an answer that is no JSON', 200, '<html>login</html>', 'server']
  ])('turns %s into a typed error', async (_, status, body, code) => {
    const server = new FakeServer();
    server.trouble = { status, body };
    const error = await failure(server);
    expect(error).toMatchObject({ code, status });
    expect(error.message).not.toBe('');
  });

  it('says so when no answer comes', async () => {
    const server = new FakeServer();
    server.trouble = 'down';
    expect(await failure(server)).toMatchObject({ code: 'network', status: 0 });
  });
});

describe('the routes', () => {
  it('carry every argument, encoded', async () => {
    const server = new FakeServer();
    const client = new LabdeckClient(server);
    const curves = client.curves({
      trials: [id(1), id(2)],
      series: [{ component: 'a&b', metric: 'train:loss' }],
      x: 'relative',
      smoothing: 0.6,
      log: true,
      points: 500
    });
    await expect(curves).rejects.toMatchObject({ code: 'not-found' });
    const sent = new URL(server.paths('figures')[0], 'http://server');
    expect(sent.searchParams.getAll('trial')).toEqual([id(1), id(2)]);
    expect(sent.searchParams.get('series')).toBe('["a&b","train:loss"]');
    expect(Object.fromEntries(sent.searchParams)).toMatchObject({
      x: 'relative',
      smoothing: '0.6',
      log: '1',
      points: '500'
    });
    expect(client.artifactUrl(id(1), id(2))).toBe(
      `/base/labdeck/api/trials/${id(1)}/artifacts/${id(2)}`
    );
    client.dispose();
  });
});
