/** The modules of a trial's model at one step, and playing through the steps. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import { Refresher } from '../refresher';
import type { ILabdeckClient, INetworkRequest } from '../tokens';
import type { Network } from '../wire';
import { type INetworkLayout, layOutNetwork } from './layout';

const INTERVAL = 200;
/** Milliseconds from step to step while it plays. */
const PACE = 400;

/** Which values are shown. */
export type INetworkValues = Pick<
  INetworkRequest,
  'mode' | 'reduction' | 'collection' | 'within'
>;

/** The network of one trial; it reads only while somebody looks. */
export class NetworkModel implements IDisposable {
  constructor(client: ILabdeckClient, id: string) {
    this.#client = client;
    this.#id = id;
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** The latest answer; null before the first. */
  get network(): Network | null {
    return this.#network;
  }

  get layout(): INetworkLayout | null {
    return this.#layout;
  }

  get error(): LabdeckError | null {
    return this.#error;
  }

  /** The step whose values are shown; null for the latest. */
  get step(): number | null {
    return this.#step;
  }

  get isPlaying(): boolean {
    return this.#timer !== undefined;
  }

  /** Say which values are wanted. */
  setPlace(values: INetworkValues, step: number | null): void {
    const isSame = JSON.stringify(values) === JSON.stringify(this.#values);
    if (!isSame || (step !== null && step !== this.#asked)) {
      this.#values = values;
      this.#step = step;
      this.#asked = step;
      this.refresh();
    }
  }

  /** Show another step; null for the latest. */
  setStep(step: number | null): void {
    this.#step = step;
    this.#changed.emit();
    this.refresh();
  }

  /** Go through the steps, from the shown one or from the first, or stop that. */
  play(first: number, last: number): void {
    if (this.#timer !== undefined) {
      this.#stop();
    } else {
      const every = Math.max(1, Math.round((last - first) / 60));
      let next = this.#step === null || this.#step >= last ? first : this.#step;
      this.#timer = setInterval(() => {
        this.setStep(next);
        if (next >= last) {
          this.#stop();
        }
        next = Math.min(last, next + every);
      }, PACE);
    }
    this.#changed.emit();
  }

  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible) {
      this.refresh();
    } else {
      this.#stop();
    }
  }

  refresh(): void {
    if (this.#visible) {
      this.#refresher.request();
    }
  }

  dispose(): void {
    this.#stop();
    this.#refresher.dispose();
    Signal.clearData(this);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#changed.emit();
  }

  async #read(): Promise<void> {
    try {
      const network = await this.#client.network({
        trial: this.#id,
        ...this.#values,
        step: this.#step ?? undefined
      });
      this.#network = network;
      this.#layout = layOutNetwork(network);
      this.#error = null;
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#changed.emit();
  }

  #network: Network | null = null;
  #layout: INetworkLayout | null = null;
  #error: LabdeckError | null = null;
  #values: INetworkValues = {
    mode: 'TRAIN',
    reduction: 'abs_mean',
    collection: '',
    within: ''
  };
  #step: number | null = null;
  #asked: number | null = null;
  #visible = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #client: ILabdeckClient;
  readonly #id: string;
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#read(), INTERVAL);
}
