import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { LabdeckClient } from '../../../labextension/src/client/client';
import {
  LONGEST_DELAY,
  SILENCE
} from '../../../labextension/src/client/stream';
import type { AnyEvent, StoreState } from '../../../labextension/src/tokens';
import { WIRE_VERSION } from '../../../labextension/src/wire';
import { errorBody, experiment, FakeServer, settle } from './fakeServer';

let server: FakeServer;
let client: LabdeckClient;
let seen: AnyEvent[];
let states: StoreState[];
let stale: number;

function start(): void {
  client = new LabdeckClient(server);
  client.events.connect((_, events) => {
    seen.push(...events);
  });
  client.stateChanged.connect((_, state) => {
    states.push(state);
  });
  client.stale.connect(() => {
    stale++;
  });
}

async function connect(): Promise<void> {
  start();
  await settle();
  server.welcome();
}

async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  await settle();
}

const change = { event: 'experiment-changed', experiment: experiment(1, 'a') };

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  seen = [];
  states = [];
  stale = 0;
});

afterEach(() => {
  client.dispose();
  vi.useRealTimers();
});

describe('the stream', () => {
  it('begins where the store stands and asks for everything once', async () => {
    server.seq = 41;
    await connect();
    expect(client.state).toBe('connected');
    expect(client.problem).toBeNull();
    expect(stale).toBe(1);
    expect(server.socketNow.path).toBe(`events?after=41&wire=${WIRE_VERSION}`);
  });

  it('passes events on in order', async () => {
    await connect();
    server.tell(change, change);
    server.tell(change);
    expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('comes back from the last event it saw', async () => {
    await connect();
    server.tell(change, change);
    server.socketNow.close();
    expect(client.state).toBe('reconnecting');
    await pass(500);
    expect(server.sockets).toHaveLength(2);
    expect(server.socketNow.path).toContain('after=2&');
    server.welcome();
    expect(client.state).toBe('connected');
    expect(stale).toBe(1);
  });

  it('waits twice as long after each failure, at most 15 s, and starts anew after a success', async () => {
    await connect();
    server.trouble = 'down';
    server.socketNow.close();
    const asked = (): number => server.paths('status').length;
    for (const delay of [
      500,
      1000,
      2000,
      4000,
      8000,
      LONGEST_DELAY,
      LONGEST_DELAY
    ]) {
      const before = asked();
      await pass(delay - 1);
      expect(asked()).toBe(before);
      await pass(1);
      expect(asked()).toBe(before + 1);
    }
    server.trouble = null;
    await pass(LONGEST_DELAY);
    server.welcome();
    expect(client.state).toBe('connected');
    server.socketNow.close();
    await pass(500);
    expect(server.sockets).toHaveLength(3);
  });

  it('reads everything anew after a reset and goes on from there', async () => {
    await connect();
    server.socketNow.send({ message: 'reset', seq: 900 });
    expect(stale).toBe(2);
    server.socketNow.close();
    await pass(500);
    expect(server.socketNow.path).toContain('after=900&');
  });

  it('says that the server extension is missing and asks again only when told to', async () => {
    server.trouble = { status: 404, body: '<html>' };
    start();
    await settle();
    expect(client.state).toBe('missing');
    expect(client.problem?.code).toBe('extension-missing');
    await pass(10 * LONGEST_DELAY);
    expect(server.paths('status')).toHaveLength(1);
    server.trouble = null;
    client.reconnect();
    await settle();
    server.welcome();
    expect(states).toEqual(['missing', 'connected']);
    expect(stale).toBe(1);
  });

  it.each([
    ['the status tells', () => void (server.version.wire = WIRE_VERSION + 1)],
    [
      'the request is refused',
      () =>
        void (server.trouble = {
          status: 409,
          body: errorBody({
            code: 'wire-version',
            message: 'upgrade',
            remedy: ''
          })
        })
    ]
  ])('stops at a server of another version: %s', async (_, prepare) => {
    prepare();
    start();
    await pass(10 * LONGEST_DELAY);
    expect(client.state).toBe('mismatch');
    expect(server.sockets).toHaveLength(0);
    expect(server.paths('status')).toHaveLength(1);
  });

  it('keeps trying while the store cannot be opened', async () => {
    server.trouble = {
      status: 503,
      body: errorBody({ code: 'store-busy', message: 'locked', remedy: 'wait' })
    };
    start();
    await settle();
    expect(client.state).toBe('reconnecting');
    expect(client.problem).toMatchObject({
      code: 'store-busy',
      remedy: 'wait'
    });
    server.trouble = null;
    await pass(500);
    server.welcome();
    expect(client.state).toBe('connected');
  });

  it('notices a network that went away in silence', async () => {
    await connect();
    server.trouble = 'down';
    await pass(SILENCE);
    expect(client.state).toBe('reconnecting');
    expect(server.socketNow.closed).toBe(true);
  });

  it('leaves a quiet connection alone but replaces one that hides events', async () => {
    await connect();
    await pass(SILENCE);
    expect(server.sockets).toHaveLength(1);
    server.seq = 5;
    await pass(SILENCE);
    expect(server.sockets).toHaveLength(2);
    expect(server.socketNow.path).toContain('after=0&');
  });

  it('says nothing more once disposed', async () => {
    await connect();
    client.dispose();
    expect(server.socketNow.closed).toBe(true);
    client.reconnect();
    await pass(LONGEST_DELAY);
    expect(server.sockets).toHaveLength(1);
    expect(states).toEqual(['connected']);
  });
});
