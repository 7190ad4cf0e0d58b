/** What a trial came from and led to, read anew when it changes. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import { Refresher } from '../refresher';
import type { AnyEvent, ILabdeckClient, ILineageRequest } from '../tokens';
import type { ArtifactRecord, LineageGraph, LineageNode } from '../wire';
import { type ILayout, layOut } from './layout';

const INTERVAL = 500;
/** Nodes that are asked for; more than fit a screen, few enough to be drawn at once. */
const FIRST_LIMIT = 200;
const LARGEST_LIMIT = 2000;

/** A file that a trial keeps. */
export interface IKeptFile {
  trial: string;
  artifact: ArtifactRecord;
}

/** The lineage of one trial. */
export class LineageModel implements IDisposable {
  constructor(client: ILabdeckClient, id: string) {
    this.client = client;
    this.id = id;
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
  }

  readonly client: ILabdeckClient;
  readonly id: string;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** The latest answer; null before the first. */
  get graph(): LineageGraph | null {
    return this.#graph;
  }

  /** Where everything is drawn; null before the first answer. */
  get layout(): ILayout | null {
    return this.#layout;
  }

  /** Why it could not be read; what was last known stays. */
  get error(): LabdeckError | null {
    return this.#error;
  }

  get direction(): ILineageRequest['direction'] {
    return this.#direction;
  }

  /** The node whose details are shown. */
  get selected(): LineageNode | null {
    return this.#graph?.nodes.find(node => node.id === this.#selected) ?? null;
  }

  /** Whether more can be asked for than is shown. */
  get canShowMore(): boolean {
    return this.#graph?.truncated === true && this.#limit < LARGEST_LIMIT;
  }

  /** Choose which way to look. */
  setDirection(direction: ILineageRequest['direction']): void {
    this.#direction = direction;
    this.#changed.emit();
    this.refresh();
  }

  /** Ask for as much as the server gives. */
  showMore(): void {
    this.#limit = LARGEST_LIMIT;
    this.refresh();
  }

  /** Show the details of a node; null of none. */
  select(id: string | null): void {
    this.#selected = id;
    this.#changed.emit();
  }

  /** Say whether anybody looks; nothing is read while nobody does. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible && this.#outdated) {
      this.#refresher.request();
    }
  }

  /** Read it anew. */
  refresh(): void {
    this.#outdated = true;
    if (this.#visible) {
      this.#refresher.request();
    }
  }

  /** Find a trial that keeps the file a node stands for, this one before others; null if none does. */
  async findFile(node: LineageNode): Promise<IKeptFile | null> {
    const makers = (this.#graph?.edges ?? [])
      .filter(edge => edge.destination === node.id || edge.source === node.id)
      .flatMap(edge => [edge.source, edge.destination])
      .filter(id => this.#isTrial(id));
    for (const trial of new Set([this.id, ...makers])) {
      const artifact = await this.#findIn(trial, node);
      if (artifact) {
        return { trial, artifact };
      }
    }
    return null;
  }

  dispose(): void {
    this.#refresher.dispose();
    Signal.clearData(this);
  }

  async #findIn(
    trial: string,
    node: LineageNode
  ): Promise<ArtifactRecord | undefined> {
    if (node.digest === '') {
      return undefined;
    }
    try {
      const { artifacts } = await this.client.trial(trial);
      return artifacts.find(artifact => artifact.sha256 === node.digest);
    } catch {
      return undefined; // a trial that cannot be read offers no file
    }
  }

  #isTrial(id: string): boolean {
    return (
      this.#graph?.nodes.some(
        node => node.id === id && node.kind === 'trial'
      ) ?? false
    );
  }

  async #read(): Promise<void> {
    this.#outdated = false;
    try {
      this.#graph = await this.client.lineage({
        id: this.id,
        direction: this.#direction,
        limit: this.#limit
      });
      this.#layout = layOut(this.#graph);
      this.#error = null;
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#changed.emit();
  }

  #onStale(): void {
    this.refresh();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    const shown = new Set(this.#graph?.nodes.map(node => node.id));
    shown.add(this.id);
    const concerned = events.some(event => {
      switch (event.event) {
        case 'lineage-changed':
          return event.truncated || event.ids.some(id => shown.has(id));
        case 'trial-changed':
          return shown.has(event.trial.id);
        default:
          return false;
      }
    });
    if (concerned) {
      this.refresh();
    }
  }

  #graph: LineageGraph | null = null;
  #layout: ILayout | null = null;
  #error: LabdeckError | null = null;
  #selected: string | null = null;
  #direction: ILineageRequest['direction'] = 'both';
  #limit = FIRST_LIMIT;
  #visible = false;
  #outdated = true;
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#read(), INTERVAL);
}
