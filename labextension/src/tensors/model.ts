/** The recorded tensors of one trial: which are shown, and the figures of them, read anew while it runs. */
import type { IFigure } from '#plotly';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import { NetworkModel } from '../network/model';
import { RecorderModel } from '../recorder/model';
import { Refresher } from '../refresher';
import type { AnyEvent, ILabdeckClient, ITensorFigureRequest } from '../tokens';
import type { TensorList, TensorRow } from '../wire';
import { collectionsOf, hasHistogram, reductionsOf } from './modules';

const INTERVAL = 1000;
/** Milliseconds from one choice that is drawn to the next. */
const CHOICES = 100;

/** A mode of training. */
export type Mode = TensorList['modes'][number]['mode'];

/** The faces of the view. */
export type TensorTab = 'map' | 'network' | 'recorder';

/** What the view is opened at. */
export interface ITensorPlace {
  tensor?: string;
  mode?: Mode;
  step?: number;
  recording?: string;
}

/** A figure, or why there is none. */
export interface IDrawn {
  figure: IFigure | null;
  error: LabdeckError | null;
}

/** The figures of the view. */
type Kind = 'map' | 'tensor' | 'histogram';
const KINDS: readonly Kind[] = ['map', 'tensor', 'histogram'];
const NOTHING: IDrawn = { figure: null, error: null };

/** The tensor view of one trial. */
export class TensorsModel implements IDisposable {
  constructor(client: ILabdeckClient, id: string) {
    this.client = client;
    this.id = id;
    this.network = new NetworkModel(client, id);
    this.recorder = new RecorderModel(client, id);
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
    client.stateChanged.connect(this.#onState, this);
  }

  readonly client: ILabdeckClient;
  readonly id: string;
  readonly network: NetworkModel;
  readonly recorder: RecorderModel;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** Every tensor; null before the first answer. */
  get list(): TensorList | null {
    return this.#list;
  }

  /** Why the list could not be read; what was last known stays. */
  get error(): LabdeckError | null {
    return this.#error;
  }

  get tab(): TensorTab {
    return this.#tab;
  }

  get mode(): Mode {
    const modes = this.#list?.modes.map(({ mode }) => mode) ?? [];
    return modes.includes(this.#mode) ? this.#mode : (modes[0] ?? 'TRAIN');
  }

  /** The chosen collection; "" for all. */
  get collection(): string {
    const rows = this.#list?.tensors ?? [];
    const there = collectionsOf(rows, this.reduction);
    if (
      this.#collection !== null &&
      (this.#collection === '' || there.includes(this.#collection))
    ) {
      return this.#collection;
    }
    return there.includes('gradients') ? 'gradients' : '';
  }

  get reduction(): string {
    const there = reductionsOf(this.#list?.tensors ?? []);
    return there.includes(this.#reduction)
      ? this.#reduction
      : (there[0] ?? 'value');
  }

  /** The tensor whose curves are shown. */
  get tensor(): TensorRow | null {
    return (
      this.#list?.tensors.find(({ name }) => name === this.#tensor) ?? null
    );
  }

  /** The step that the reader came for. */
  get step(): number | null {
    return this.#step;
  }

  /** The module that map and network are narrowed to; "" for the whole model. */
  get within(): string {
    return this.#within;
  }

  get map(): IDrawn {
    return this.#drawn.map;
  }

  get curves(): IDrawn {
    return this.#drawn.tensor;
  }

  get histogram(): IDrawn {
    return this.#drawn.histogram;
  }

  /** While this stays the same, a redraw keeps the reader's zoom. */
  get view(): string {
    return JSON.stringify(this.#settings('map'));
  }

  /** Go to a tensor, a step or a flight recording. */
  open(place: ITensorPlace): void {
    this.#mode = place.mode ?? this.#mode;
    this.#step = place.step ?? this.#step;
    this.#tensor = place.tensor ?? this.#tensor;
    if (place.tensor !== undefined) {
      // A tensor that is asked for must be among those that are shown.
      this.#collection = '';
      this.#within = '';
      this.#offset = 0;
    }
    this.#tab = place.recording ? 'recorder' : this.#tab;
    this.recorder.open(place.recording, place.step, place.tensor);
    this.#placeNetwork();
    this.#changed.emit();
    this.refresh();
  }

  setTab(tab: TensorTab): void {
    this.#tab = tab;
    this.#placeNetwork();
    this.#changed.emit();
  }

  setMode(mode: Mode): void {
    this.#mode = mode;
    this.#step = null;
    this.#choose();
  }

  setCollection(collection: string): void {
    this.#collection = collection;
    this.#offset = 0;
    this.#choose();
  }

  setReduction(reduction: string): void {
    this.#reduction = reduction;
    this.#offset = 0;
    this.#choose();
  }

  /** Narrow map and network to a module; "" for the whole model. */
  setWithin(module: string): void {
    this.#within = module;
    this.#offset = 0;
    this.#choose();
  }

  /** Show other tensors in the map: those after so many. */
  setOffset(offset: number): void {
    this.#offset = Math.max(0, offset);
    this.#choose();
  }

  /** Show the curves of a tensor, at a step. */
  select(tensor: string, step: number | null = null): void {
    this.#tensor = tensor;
    this.#step = step;
    this.#choose();
  }

  /** Say whether anybody looks; nothing is read while nobody does. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible) {
      this.refresh();
    }
  }

  /** Read everything anew. */
  refresh(): void {
    if (this.#visible) {
      this.#refresher.request();
    }
  }

  dispose(): void {
    this.#refresher.dispose();
    this.#chooser.dispose();
    this.network.dispose();
    this.recorder.dispose();
    Signal.clearData(this);
  }

  #placeNetwork(): void {
    const { mode, reduction, collection, within } = this;
    this.network.setPlace({ mode, reduction, collection, within }, this.#step);
  }

  /** What the reader chose is drawn without reading the list anew, and only figures that it changes. */
  #choose(): void {
    this.#placeNetwork();
    for (const kind of KINDS) {
      if (kind !== 'map' && this.#isOther(kind)) {
        this.#drawn[kind] = NOTHING; // of another tensor than the one that the page names now
      }
    }
    this.#changed.emit();
    if (this.#visible) {
      this.#chooser.request();
    }
  }

  async #read(): Promise<void> {
    try {
      this.#list = await this.client.tensors(this.id);
      this.#error = null;
    } catch (reason) {
      this.#error = toLabdeckError(reason);
      this.#changed.emit();
      return;
    }
    this.recorder.setRecordings(this.#list.recordings);
    this.#placeNetwork();
    this.#changed.emit();
    await this.#draw(true);
  }

  async #draw(anew: boolean): Promise<void> {
    const wanted = KINDS.filter(kind => anew || this.#isOther(kind));
    await Promise.all(wanted.map(kind => this.#figure(kind)));
  }

  /** What a figure is drawn from now; null if there is none. */
  #settings(kind: Kind): ITensorFigureRequest['settings'] | null {
    const { mode, reduction, tensor } = this;
    if (kind === 'map') {
      const collection = this.collection;
      const within = this.#within || undefined;
      const offset = this.#offset || undefined;
      return { mode, reduction, collection, within, offset };
    }
    if (!tensor || (kind === 'histogram' && !hasHistogram(tensor))) {
      return null;
    }
    return { mode, tensor: tensor.name };
  }

  /** Whether a figure was asked for with other settings than those of now. */
  #isOther(kind: Kind): boolean {
    return JSON.stringify(this.#settings(kind)) !== this.#asked[kind];
  }

  async #figure(kind: Kind): Promise<void> {
    const settings = this.#settings(kind);
    this.#asked[kind] = JSON.stringify(settings);
    let drawn = NOTHING;
    if (settings !== null) {
      try {
        const request = { trial: this.id, kind, settings };
        const figure = await this.client.tensorFigure(request);
        drawn = { figure, error: null };
      } catch (reason) {
        const { figure } = this.#drawn[kind];
        drawn = { figure, error: toLabdeckError(reason) };
      }
    }
    if (JSON.stringify(settings) === this.#asked[kind]) {
      this.#drawn[kind] = drawn; // else the reader chose another meanwhile
      this.#changed.emit();
    }
  }

  #onStale(): void {
    this.refresh();
  }

  /** What could not be read while the server was away is read now that it is back. */
  #onState(): void {
    if (this.client.state !== 'connected') {
      return;
    }
    const drawn = KINDS.map(kind => this.#drawn[kind].error);
    if ([this.#error, ...drawn].some(error => error !== null)) {
      this.refresh();
    }
    if (this.network.error) {
      this.network.refresh();
    }
    if (this.recorder.error) {
      this.recorder.retry();
    }
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    const concerns = events.some(
      event =>
        (event.event === 'debugger-changed' && event.trial_id === this.id) ||
        (event.event === 'finding-changed' &&
          event.finding.trial_id === this.id)
    );
    if (concerns) {
      this.refresh();
      this.network.refresh();
    }
  }

  #list: TensorList | null = null;
  #error: LabdeckError | null = null;
  #tab: TensorTab = 'map';
  #mode: Mode = 'TRAIN';
  #collection: string | null = null;
  #reduction = 'abs_mean';
  #tensor = '';
  #step: number | null = null;
  #visible = false;
  #within = '';
  #offset = 0;
  readonly #drawn: Record<Kind, IDrawn> = {
    map: NOTHING,
    tensor: NOTHING,
    histogram: NOTHING
  };
  /** The settings that each figure was last asked for with. */
  readonly #asked: Partial<Record<Kind, string>> = {};
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#read(), INTERVAL);
  readonly #chooser = new Refresher(() => this.#draw(false), CHOICES);
}
