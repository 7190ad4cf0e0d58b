/** The one socket: events in order from a cursor, across losses and restarts of the server. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { AnyEvent, StoreState } from '../tokens';
import {
  type Events,
  type Hello,
  type Reset,
  type Status,
  WIRE_VERSION
} from '../wire';
import { LabdeckError, toLabdeckError } from './errors';

/** Milliseconds before the first new attempt; doubles with every failure. */
export const FIRST_DELAY = 500;
/** The longest pause between two attempts, in milliseconds. */
export const LONGEST_DELAY = 15_000;
/** After so many milliseconds without a frame the stream asks whether the server still is there. */
export const SILENCE = 30_000;

/** Where a stream gets its frames from. */
export interface IStreamSource {
  /** Ask who answers. */
  status(): Promise<Status>;
  /** Open a socket to a path below the API's root. */
  socket(path: string): WebSocket;
}

type ServerMessage = Hello | Events | Reset;

/**
 * Follows the store's event log.
 *
 * Every attempt first asks for the status, since a refused socket does not say why, then opens the socket from the
 * last event seen. A store that cannot be read now is asked again and again; a missing extension or one of another
 * version is asked again only by `reconnect`.
 */
export class EventStream implements IDisposable {
  constructor(source: IStreamSource) {
    this.#source = source;
  }

  get state(): StoreState {
    return this.#state;
  }

  get problem(): LabdeckError | null {
    return this.#problem;
  }

  get stateChanged(): ISignal<this, StoreState> {
    return this.#stateChanged;
  }

  get events(): ISignal<this, readonly AnyEvent[]> {
    return this.#events;
  }

  get stale(): ISignal<this, void> {
    return this.#stale;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** Connect now, whatever was planned. */
  reconnect(): void {
    if (this.#disposed) {
      return;
    }
    this.#hangUp();
    this.#delay = FIRST_DELAY;
    void this.#attempt();
  }

  dispose(): void {
    this.#disposed = true;
    this.#hangUp();
    Signal.clearData(this);
  }

  async #attempt(): Promise<void> {
    const attempt = ++this.#attempts;
    try {
      const status = await this.#source.status();
      if (attempt === this.#attempts) {
        this.#admit(status);
      }
    } catch (reason) {
      if (attempt === this.#attempts) {
        this.#refuse(toLabdeckError(reason));
      }
    }
  }

  #admit(status: Status): void {
    if (status.wire !== WIRE_VERSION) {
      this.#refuse(
        new LabdeckError(
          'wire-version',
          `The server runs Labdeck ${status.version}, which speaks another version`
        )
      );
      return;
    }
    const first = this.#cursor === null;
    this.#cursor ??= status.seq;
    this.#open(this.#cursor);
    if (first) {
      this.#stale.emit();
    }
  }

  #lose(problem: LabdeckError): void {
    this.#hangUp();
    this.#enter('reconnecting', problem);
    this.#timer = setTimeout(() => void this.#attempt(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
  }

  #refuse(problem: LabdeckError): void {
    if (problem.code === 'extension-missing') {
      this.#enter('missing', problem);
    } else if (problem.code === 'wire-version') {
      this.#enter('mismatch', problem);
    } else {
      this.#lose(problem);
    }
  }

  #open(cursor: number): void {
    const socket = this.#source.socket(
      `events?after=${cursor}&wire=${WIRE_VERSION}`
    );
    this.#socket = socket;
    socket.onmessage = event => {
      if (socket === this.#socket) {
        this.#listen();
        this.#receive(JSON.parse(String(event.data)) as ServerMessage);
      }
    };
    socket.onclose = () => {
      if (socket === this.#socket) {
        this.#lose(
          new LabdeckError('network', 'The connection to the server was lost')
        );
      }
    };
    this.#listen();
  }

  #receive(message: ServerMessage): void {
    switch (message.message) {
      case 'hello':
        this.#delay = FIRST_DELAY;
        this.#enter('connected', null);
        return;
      case 'events': {
        const { length } = message.events;
        if (length > 0) {
          this.#cursor = message.events[length - 1].seq;
          this.#events.emit(message.events);
        }
        return;
      }
      case 'reset':
        this.#cursor = message.seq;
        this.#stale.emit();
    }
  }

  /** A network that goes away silently closes no socket: ask when nothing was heard for long. */
  #listen(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#inquire(), SILENCE);
  }

  async #inquire(): Promise<void> {
    const attempt = ++this.#attempts;
    try {
      const status = await this.#source.status();
      if (attempt !== this.#attempts) {
        return;
      }
      if (status.seq === this.#cursor) {
        this.#listen();
      } else {
        this.reconnect();
      }
    } catch (reason) {
      if (attempt === this.#attempts) {
        this.#hangUp();
        this.#refuse(toLabdeckError(reason));
      }
    }
  }

  #hangUp(): void {
    this.#attempts++;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #enter(state: StoreState, problem: LabdeckError | null): void {
    const changed =
      state !== this.#state || problem?.code !== this.#problem?.code;
    this.#state = state;
    this.#problem = problem;
    if (changed) {
      this.#stateChanged.emit(state);
    }
  }

  readonly #source: IStreamSource;
  readonly #stateChanged = new Signal<this, StoreState>(this);
  readonly #events = new Signal<this, readonly AnyEvent[]>(this);
  readonly #stale = new Signal<this, void>(this);
  #state: StoreState = 'connecting';
  #problem: LabdeckError | null = null;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #cursor: number | null = null;
  #delay = FIRST_DELAY;
  #attempts = 0;
  #disposed = false;
}
