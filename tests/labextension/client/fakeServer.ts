/** A server in memory behind the door through which the client reaches the real one. */
import type { ITransport } from '../../../labextension/src/client/transport';
import {
  compareTrials,
  SORT_KEYS,
  type SortKey,
  sortText
} from '../../../labextension/src/client/order';
import type { AnyEvent } from '../../../labextension/src/tokens';
import {
  type ComponentRecord,
  type ErrorMessage,
  type ExperimentRecord,
  type MetricSummary,
  type Suggestions,
  type TrialRecord,
  WIRE_VERSION
} from '../../../labextension/src/wire';

/** Turns until everything that was begun has come to rest; works with fake timers too. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) {
    await Promise.resolve();
  }
}

/** An id as the engine makes them; a larger number is a later one. */
export function id(number: number): string {
  return number.toString(16).padStart(32, '0');
}

export function experiment(
  number: number,
  name: string,
  change: Partial<ExperimentRecord> = {}
): ExperimentRecord {
  return {
    id: id(number),
    name,
    created: number,
    note: '',
    tags: {},
    objective: null,
    trials: 0,
    running: 0,
    archived_trials: 0,
    updated: number,
    archived: false,
    deleted: null,
    ...change
  };
}

export function trial(
  number: number,
  of: ExperimentRecord,
  change: Partial<TrialRecord> = {}
): TrialRecord {
  return {
    id: id(number),
    experiment_id: of.id,
    experiment: of.name,
    parent_id: null,
    name: `trial-${number}`,
    number,
    state: 'completed',
    incomplete: '',
    started: number,
    ended: number + 1,
    note: '',
    tags: {},
    objective: null,
    goal: 'max',
    archived: false,
    deleted: null,
    ...change
  };
}

export function summary(name: string, last: number): MetricSummary {
  return {
    name,
    component: '',
    count: 1,
    first: last,
    last,
    min: last,
    max: last,
    mean: last,
    std: 0,
    min_step: 0,
    max_step: 0,
    last_step: 0,
    last_time: 0,
    spark: [last]
  };
}

/** The browser's end of a socket. */
export class FakeSocket {
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;

  constructor(readonly path: string) {}

  send(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  close(): void {
    this.closed = true;
    this.onclose?.();
  }
}

/** Answers the routes that the sidebar uses, from lists that a test fills. */
export class FakeServer implements ITransport {
  /** What is answered in place of everything; "down" answers nothing. */
  trouble: 'down' | { status: number; body: string } | null = null;
  version = { version: '0.1.0', wire: WIRE_VERSION };
  seq = 0;
  experiments: ExperimentRecord[] = [];
  /** By experiment, newest first. */
  readonly trials = new Map<string, TrialRecord[]>();
  readonly components = new Map<string, ComponentRecord[]>();
  completions: Suggestions = { start: 0, end: 0, items: [] };
  readonly requests: { path: string; init: RequestInit }[] = [];
  readonly sockets: FakeSocket[] = [];
  /** Whether a trial matches a query; throws the body of an error for one that cannot be read. */
  matches = (query: string, one: TrialRecord): boolean =>
    [...query.matchAll(/name ~ "([^"]*)"/g)].every(([, part]) =>
      one.name.toLowerCase().includes(part.toLowerCase())
    );
  /** Called once, after the next page was made and before it is sent. */
  beforePage: (() => void) | null = null;

  get socketNow(): FakeSocket {
    return this.sockets[this.sockets.length - 1];
  }

  fetch(path: string, init: RequestInit): Promise<Response> {
    this.requests.push({ path, init });
    if (this.trouble === 'down') {
      return Promise.reject(new TypeError('Failed to fetch'));
    }
    if (this.trouble) {
      const { status, body } = this.trouble;
      return Promise.resolve(new Response(body, { status }));
    }
    return Promise.resolve(this.answer(new URL(path, 'http://server/')));
  }

  socket(path: string): WebSocket {
    const socket = new FakeSocket(path);
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  }

  url(path: string): string {
    return `/base/labdeck/api/${path}`;
  }

  /** Accept the newest socket. */
  welcome(): void {
    this.socketNow.send({ message: 'hello', ...this.version, seq: this.seq });
  }

  /** Tell what has happened; numbers and times are filled in. */
  tell(...events: object[]): void {
    const numbered = events.map(event => ({
      time: 0,
      ...event,
      seq: ++this.seq
    })) as AnyEvent[];
    this.socketNow.send({ message: 'events', events: numbered });
  }

  paths(part: string): string[] {
    return this.requests.map(({ path }) => path).filter(p => p.includes(part));
  }

  private answer(url: URL): Response {
    const [, first, second, third] = url.pathname.split('/');
    if (first === 'status') {
      return json({ ...this.version, store: '/store', seq: this.seq });
    }
    if (first === 'experiments' && third === 'trials') {
      return this.page(second, url.searchParams);
    }
    if (first === 'experiments') {
      return json({ seq: this.seq, experiments: this.experiments });
    }
    if (first === 'search' && second === 'complete') {
      return json(this.completions);
    }
    if (first === 'search') {
      return this.search(url.searchParams);
    }
    if (first === 'trials') {
      return this.detail(second);
    }
    if (first === 'commands') {
      return json({ seq: ++this.seq });
    }
    return json({ code: 'not-found', message: 'no such route' }, 404);
  }

  private page(of: string, query: URLSearchParams): Response {
    const listed = (this.trials.get(of) ?? []).filter(
      one => query.get('archived') === '1' || !one.archived
    );
    const ids = new Set(listed.map(one => one.id));
    const all =
      query.get('roots') === '1'
        ? listed.filter(one => !ids.has(one.parent_id ?? ''))
        : listed;
    const offset = Number(query.get('offset'));
    const trials = all.slice(offset, offset + Number(query.get('limit')));
    const answer = json({ total: all.length, offset, trials });
    this.beforePage?.();
    this.beforePage = null;
    return answer;
  }

  private search(query: URLSearchParams): Response {
    const of = query.get('experiment');
    const offset = Number(query.get('offset') ?? 0);
    const limit = Number(query.get('limit') ?? 100);
    const listed = [...this.trials.values()]
      .flat()
      .filter(one => query.get('archived') === '1' || !one.archived)
      .filter(one => of === null || one.experiment_id === of);
    try {
      const found = listed.filter(one =>
        this.matches(query.get('q') ?? '', one)
      );
      found.sort(compareTrials(sortOf(query.get('sort'))));
      const trials = found
        .slice(offset, offset + limit)
        .map(one => ({ trial: one, params: [], metrics: [] }));
      return json({ total: found.length, offset, trials, hint: '' });
    } catch (reason) {
      return json(reason as object, 400);
    }
  }

  private detail(wanted: string): Response {
    const all = [...this.trials.values()].flat();
    const found = all.find(one => one.id === wanted);
    if (!found) {
      const message = `there is no trial '${wanted}'`;
      return json({ code: 'not-found', message, remedy: '' }, 404);
    }
    return json({
      trial: found,
      params: [],
      metrics: [],
      components: this.components.get(wanted) ?? [],
      artifacts: [],
      captures: [],
      children: all.filter(one => one.parent_id === wanted)
    });
  }
}

function sortOf(text: string | null): SortKey {
  const known = SORT_KEYS.find(sort => sortText(sort, JUDGE) === text);
  return known ?? 'newest';
}

const JUDGE = { name: 'acc', component: '', goal: 'max' } as const;

export function errorBody(
  error: Omit<ErrorMessage, 'position'> & Partial<ErrorMessage>
): string {
  return JSON.stringify({ position: null, ...error });
}

function json(body: object, status = 200): Response {
  return new Response(JSON.stringify(body), { status });
}
