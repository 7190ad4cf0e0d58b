/** The flight recordings of a trial, played back step by step from the failure. */
import type { IFigure } from '#plotly';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import type { ILabdeckClient } from '../tokens';
import type { RecordedStep, TensorFacts, TensorList } from '../wire';

type Recording = TensorList['recordings'][number];

/** The player of one trial's flight recordings. */
export class RecorderModel implements IDisposable {
  constructor(client: ILabdeckClient, id: string) {
    this.#client = client;
    this.#id = id;
  }

  isDisposed = false;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Newest first. */
  get recordings(): readonly Recording[] {
    return this.#recordings;
  }

  /** The one that is played: the reader's choice, else that of the first error, else the newest; null without any. */
  get recording(): Recording | null {
    return (
      this.#recordings.find(({ id }) => id === this.#chosen) ??
      this.#recordings.filter(({ severity }) => severity === 'error').at(-1) ??
      this.#recordings.at(0) ??
      null
    );
  }

  /** Which of its steps is shown: the last at first, for that is the failure. */
  get place(): number {
    const steps = this.recording?.steps ?? [];
    const asked = steps.findIndex(({ step }) => step === this.#asked);
    const first = asked < 0 ? steps.length - 1 : asked;
    return Math.max(0, Math.min(this.#place ?? first, steps.length - 1));
  }

  /** The shown step in figures; null before the first answer. */
  get shown(): RecordedStep | null {
    return this.#shown;
  }

  get error(): LabdeckError | null {
    return this.#error;
  }

  /** The tensor whose values are shown: the reader's choice, else the first that is not finite, else the first. */
  get tensor(): string {
    const there = this.#shown?.tensors ?? [];
    const isThere = there.some(({ name }) => name === this.#tensor);
    return isThere
      ? this.#tensor
      : ((there.find(isBroken) ?? there.at(0))?.name ?? '');
  }

  /** The values of that tensor; null while they are not here. */
  get values(): IFigure | null {
    return this.#values;
  }

  /** Which values the figure is of. */
  get view(): string {
    return `${this.recording?.id} ${this.tensor}`;
  }

  setRecordings(recordings: readonly Recording[]): void {
    const before = this.recording?.id;
    this.#recordings = recordings;
    if (this.recording?.id !== before || !this.#shown) {
      this.#read();
    }
  }

  /** Go to a recording, and in it to a step and tensor; they may become known later. */
  open(recording?: string, step?: number, tensor?: string): void {
    if (recording) {
      this.#tensor = tensor ?? this.#tensor;
      this.#asked = step;
      this.choose(recording);
    }
  }

  choose(recording: string): void {
    this.#chosen = recording;
    this.#place = null;
    this.#read();
  }

  /** Show another step; beyond the ends it stays. */
  goTo(place: number): void {
    const last = (this.recording?.steps.length ?? 1) - 1;
    this.#tensor = this.tensor; // what broke is followed back to where it was whole
    this.#place = Math.max(0, Math.min(last, place));
    this.#read();
  }

  select(tensor: string): void {
    this.#tensor = tensor;
    this.#changed.emit();
    void this.#readValues();
  }

  retry(): void {
    this.#read();
  }

  dispose(): void {
    this.isDisposed = true;
    Signal.clearData(this);
  }

  #read(): void {
    this.#changed.emit();
    void this.#readStep();
  }

  async #readStep(): Promise<void> {
    const { recording, place } = this;
    if (!recording || recording.steps.length === 0) {
      return;
    }
    const { mode, step } = recording.steps[place];
    const turn = ++this.#turn;
    try {
      const shown = await this.#client.recordedStep(
        this.#id,
        recording.id,
        mode,
        step
      );
      if (turn !== this.#turn) {
        return; // the reader went on meanwhile
      }
      this.#shown = shown;
      this.#error = null;
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#changed.emit();
    await this.#readValues();
  }

  async #readValues(): Promise<void> {
    const { tensor } = this;
    const shown = this.#shown;
    if (!shown || tensor === '') {
      return;
    }
    try {
      const { recording, mode, step } = shown;
      const settings = { tensor, mode, step, recording };
      const request = { trial: this.#id, kind: 'values' as const, settings };
      const values = await this.#client.tensorFigure(request);
      if (this.tensor === tensor && this.#shown === shown) {
        this.#values = values;
      }
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#changed.emit();
  }

  #recordings: readonly Recording[] = [];
  #chosen = '';
  #place: number | null = null;
  #asked: number | undefined;
  #shown: RecordedStep | null = null;
  #tensor = '';
  #values: IFigure | null = null;
  #error: LabdeckError | null = null;
  #turn = 0;
  readonly #client: ILabdeckClient;
  readonly #id: string;
  readonly #changed = new Signal<this, void>(this);
}

/** Whether some of a tensor's values are not finite. */
export function isBroken(facts: TensorFacts): boolean {
  return facts.nan_count + facts.inf_count > 0;
}
