/** A server in memory, reached through the client's own door. */
import { LabdeckClient } from '../../labextension/src/client/client';
import type { ITransport } from '../../labextension/src/client/transport';
import type { AnyEvent } from '../../labextension/src/tokens';
import {
  type CommandRequest,
  type DebuggerDetail,
  type FindingRecord,
  type MetricSummary,
  type Param,
  type StepValues,
  type TrialDetail,
  type TrialFacts,
  type TrialRecord,
  type ViewRecord,
  WIRE_VERSION
} from '../../labextension/src/wire';

/** An id of 32 hexadecimal digits that ends in a number. */
export function id(number: number): string {
  return number.toString(16).padStart(32, '0');
}

/** A metric with two points. */
export function metric(
  name: string,
  last: MetricSummary['last'],
  more: Partial<MetricSummary> = {}
): MetricSummary {
  return {
    name,
    component: '',
    count: 2,
    first: last,
    last,
    min: last,
    max: last,
    mean: last,
    std: 0,
    min_step: 0,
    max_step: 0,
    last_step: 1,
    last_time: 1,
    spark: [],
    ...more
  };
}

/** A parameter of the trial itself. */
export function param(name: string, value: Param['value']): Param {
  return { name, value, component: '' };
}

/** A completed trial of the experiment "digits". */
export function trial(
  number: number,
  more: Partial<TrialRecord> = {}
): TrialRecord {
  return {
    id: id(number),
    experiment_id: id(1000),
    experiment: 'digits',
    parent_id: null,
    name: `cnn-${number}`,
    number,
    state: 'completed',
    incomplete: '',
    started: 100,
    ended: 110,
    note: '',
    tags: {},
    objective: null,
    goal: 'max',
    archived: false,
    deleted: null,
    ...more
  };
}

/** The facts of a trial. */
export function facts(
  number: number,
  params: Param[] = [],
  metrics: MetricSummary[] = [],
  more: Partial<TrialRecord> = {}
): TrialFacts {
  return { trial: trial(number, more), params, metrics };
}

/** Keeps trials, answers what the pages ask, and tells events to whoever listens. */
export class PagesServer implements ITransport {
  readonly client = new LabdeckClient(this);
  /** The paths asked for, with their queries, and the bodies sent. */
  readonly asked: string[] = [];
  readonly sent: unknown[] = [];
  readonly trials = new Map<string, TrialDetail>();
  /** What is answered when the lineage of anything is asked for. */
  lineage: object = {};
  /** Newest first. */
  findings: FindingRecord[] = [];
  /** What watches a trial. */
  readonly watching = new Map<string, Omit<DebuggerDetail, 'trial'>>();
  readonly views = new Map<string, ViewRecord>();
  /** Values at whatever step is asked for. */
  values: StepValues['values'] = [];
  /** What the next requests are answered with, by the beginning of their paths. */
  readonly failures = new Map<string, { status: number; body: object }>();
  /** The event up to which everything that is read is true. */
  seq = 0;
  /** Held back answers wait for this. */
  gate: Promise<void> = Promise.resolve();

  put(...known: TrialFacts[]): this {
    for (const item of known) {
      this.trials.set(item.trial.id, {
        ...item,
        components: [],
        artifacts: [],
        children: [],
        captures: []
      });
    }
    return this;
  }

  async fetch(path: string, init: RequestInit): Promise<Response> {
    this.asked.push(path);
    const { status, body } = this.#answer(path, init);
    if (!path.startsWith('status')) {
      await this.gate;
    }
    return new Response(JSON.stringify(body), { status });
  }

  socket(): WebSocket {
    const socket = {
      onmessage: null as ((event: MessageEvent) => void) | null,
      onclose: null,
      close: () => undefined
    };
    this.#sockets.push(socket);
    const hello = {
      message: 'hello',
      version: '1',
      wire: WIRE_VERSION,
      seq: 0
    };
    queueMicrotask(() => {
      socket.onmessage?.(
        new MessageEvent('message', { data: JSON.stringify(hello) })
      );
    });
    return socket as unknown as WebSocket;
  }

  url(path: string): string {
    return `/labdeck/api/${path}`;
  }

  /** Tell events to all that listen. */
  tell(...events: AnyEvent[]): void {
    const data = JSON.stringify({ message: 'events', events });
    for (const socket of this.#sockets) {
      socket.onmessage?.(new MessageEvent('message', { data }));
    }
  }

  /** How often a path that begins so was asked for. */
  count(path: string): number {
    return this.asked.filter(item => item.startsWith(path)).length;
  }

  /** The latest path that begins so; "" if none was asked for. */
  last(path: string): string {
    const found = this.asked.filter(item => item.startsWith(path));
    return found[found.length - 1] ?? '';
  }

  #answer(path: string, init: RequestInit): { status: number; body: object } {
    const [route, query] = path.split('?');
    for (const [start, failure] of this.failures) {
      if (path.startsWith(start)) {
        return failure;
      }
    }
    const asked = new URLSearchParams(query).getAll('trial');
    switch (route.split('/')[0]) {
      case 'status':
        return ok({ version: '1', wire: WIRE_VERSION, store: '', seq: 0 });
      case 'comparison':
        return ok({
          trials: asked.flatMap(item => this.trials.get(item) ?? []),
          missing: asked.filter(item => !this.trials.has(item))
        });
      case 'lineage':
        return ok(this.lineage);
      case 'figures':
        return ok({ data: asked.map(() => ({ y: [1, 2] })), layout: {} });
      case 'findings':
        return ok(this.#findings(new URLSearchParams(query)));
      case 'search':
        return ok(this.#running());
      case 'experiments':
        return ok(this.#page(route.split('/')[1]));
      case 'views':
        return ok({ views: [...this.views.values()] });
      case 'values':
        return ok({ step: 0, values: this.values });
      case 'trials':
        return route.endsWith('/debugger')
          ? this.#watch(route.split('/')[1])
          : this.#trial(route.split('/')[1]);
      case 'commands':
        this.sent.push(JSON.parse(init.body as string));
        this.#keep(JSON.parse(init.body as string) as CommandRequest);
        return ok({ seq: 1 });
      default:
        throw new Error(`no such route: ${path}`);
    }
  }

  /** The trials of an experiment that are not deleted, newest first. */
  #page(experiment: string): object {
    const trials = [...this.trials.values()]
      .map(detail => detail.trial)
      .filter(t => t.experiment_id === experiment && t.deleted === null)
      .sort((a, b) => b.number - a.number);
    return { total: trials.length, offset: 0, trials };
  }

  #findings(query: URLSearchParams): object {
    const [trial, experiment] = [query.get('trial'), query.get('experiment')];
    const all = this.findings.filter(
      one =>
        (trial === null || one.trial_id === trial) &&
        (query.get('dismissed') === '1' || !one.dismissed) &&
        (experiment === null ||
          this.trials.get(one.trial_id)?.trial.experiment_id === experiment)
    );
    const offset = Number(query.get('offset'));
    const findings = all.slice(offset, offset + Number(query.get('limit')));
    return {
      seq: this.seq,
      findings,
      total: all.length,
      open: all.filter(({ dismissed }) => !dismissed).length,
      trials: findings.flatMap(
        one => this.trials.get(one.trial_id)?.trial ?? []
      )
    };
  }

  #running(): object {
    const trials = [...this.trials.values()]
      .filter(({ trial: { state } }) => state === 'running')
      .map(detail => ({ trial: detail.trial, params: [], metrics: [] }));
    return { total: trials.length, offset: 0, trials, hint: '' };
  }

  #watch(wanted: string): { status: number; body: object } {
    const detail = this.trials.get(wanted);
    return detail
      ? ok({
          watches: [],
          rules: [],
          ...this.watching.get(wanted),
          trial: detail.trial
        })
      : this.#trial(wanted);
  }

  /** Keep and forget saved comparisons as the store does. */
  #keep({ commands }: CommandRequest): void {
    for (const command of commands) {
      if (command.command === 'save-view') {
        this.views.set(command.view.id, command.view);
      } else if (command.command === 'delete-view') {
        this.views.delete(command.id);
      }
    }
  }

  #trial(wanted: string): { status: number; body: object } {
    const detail = this.trials.get(wanted);
    return detail
      ? ok(detail)
      : {
          status: 404,
          body: { code: 'not-found', message: 'no such trial', remedy: '' }
        };
  }

  readonly #sockets: { onmessage: ((event: MessageEvent) => void) | null }[] =
    [];
}

function ok(body: object): { status: number; body: object } {
  return { status: 200, body };
}
