/** What a trial printed: read page by page where somebody looks, kept true by events, and searched. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import { Refresher } from '../refresher';
import type { AnyEvent, ILabdeckClient } from '../tokens';
import type { OutputLine } from '../wire';

/** Lines read at once. */
export const PAGE = 500;
/** Hits of a search that can be gone through. */
export const MOST_HITS = 1000;
const INTERVAL = 300;

/** The output of one trial. */
export class OutputModel implements IDisposable {
  constructor(client: ILabdeckClient, trial: string) {
    this.#client = client;
    this.#trial = trial;
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** Lines there are, those aside that are still being printed; null before the first answer. */
  get total(): number | null {
    return this.#total;
  }

  /** Lines that are still being printed, the last ones. */
  get begun(): readonly OutputLine[] {
    return this.#begun;
  }

  /** There was more than is kept. */
  get cut(): boolean {
    return this.#cut;
  }

  get error(): LabdeckError | null {
    return this.#error;
  }

  /** What is searched for. */
  get search(): string {
    return this.#search;
  }

  /** Numbers of the first lines that hold what is searched for. */
  get hits(): readonly number[] {
    return this.#hits;
  }

  /** How many lines hold it. */
  get found(): number {
    return this.#found;
  }

  /** The place among the hits of the one that is shown, -1 for none. */
  get hit(): number {
    return this.#hit;
  }

  /** The line of a number, if it was read. */
  line(number: number): OutputLine | undefined {
    return this.#pages.get(pageOf(number))?.[(number - 1) % PAGE];
  }

  /** Read these lines, the first of which has number 1, unless they were read. */
  need(first: number, last: number): void {
    this.#wanted = [first, last];
    this.#refresher.request();
  }

  /** Say whether anybody looks; nothing is read while nobody does. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible) {
      this.#refresher.request();
    }
  }

  /** Search for a text; "" for none. */
  async find(text: string): Promise<void> {
    this.#search = text;
    this.#hit = -1;
    if (text === '') {
      this.#hits = [];
      this.#found = 0;
    } else {
      await this.#findHits(text);
    }
    this.#changed.emit();
  }

  /** Go to the next hit, or by -1 to the one before; returns its line's number. */
  step(by: 1 | -1): number | null {
    const count = this.#hits.length;
    if (count === 0) {
      return null;
    }
    const start = this.#hit < 0 && by < 0 ? 0 : this.#hit;
    this.#hit = (start + by + count) % count;
    this.#changed.emit();
    return this.#hits[this.#hit];
  }

  refresh(): void {
    this.#refresher.request();
  }

  dispose(): void {
    this.#refresher.dispose();
    this.#client.events.disconnect(this.#onEvents, this);
    this.#client.stale.disconnect(this.#onStale, this);
    Signal.clearData(this);
  }

  async #findHits(text: string): Promise<void> {
    try {
      const page = await this.#client.output(this.#trial, {
        after: 0,
        limit: MOST_HITS,
        search: text
      });
      if (this.#search === text) {
        this.#hits = page.lines.filter(l => l.finished).map(l => l.number);
        this.#found = page.found;
        this.#hit = this.#hits.length > 0 ? Math.max(0, this.#hit) : -1;
        this.#error = null;
      }
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
  }

  #onStale(): void {
    this.#grown = true;
    this.#refresher.request();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    const mine = events.some(
      event =>
        event.event === 'detail-changed' &&
        event.what === 'output' &&
        event.trial_id === this.#trial
    );
    if (mine) {
      this.#grown = true;
      this.#refresher.request();
    }
  }

  async #read(): Promise<void> {
    if (!this.#visible) {
      return;
    }
    try {
      if (this.#grown || this.#total === null) {
        this.#grown = false;
        await this.#readEnd();
        if (this.#search !== '') {
          await this.#findHits(this.#search);
        }
      }
      for (const page of this.#missing()) {
        await this.#readPage(page);
      }
      this.#error = null;
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#changed.emit();
  }

  /** Read how many lines there are, and those that are still being printed. */
  async #readEnd(): Promise<void> {
    const last = this.#pages.get(pageOf(this.#total ?? 1));
    if (last && last.length < PAGE) {
      this.#pages.delete(pageOf(this.#total ?? 1)); // it has grown
    }
    await this.#readPage(pageOf(Math.max(1, this.#total ?? 1)));
  }

  async #readPage(page: number): Promise<void> {
    const answer = await this.#client.output(this.#trial, {
      after: page * PAGE,
      limit: PAGE,
      search: ''
    });
    const known = this.#total ?? 0;
    this.#total = answer.total;
    this.#cut = answer.cut;
    if (answer.total < known) {
      this.#pages.clear();
    }
    this.#pages.set(
      page,
      answer.lines.filter(line => line.finished)
    );
    const begun = answer.lines.filter(line => !line.finished);
    if (begun.length > 0 || (page + 1) * PAGE > answer.total) {
      this.#begun = begun;
    }
  }

  /** Pages of the lines that are wanted and were not read, or not to their end. */
  #missing(): number[] {
    const total = this.#total ?? 0;
    const [first, last] = this.#wanted;
    const pages: number[] = [];
    for (
      let page = pageOf(Math.max(1, first));
      page <= pageOf(Math.min(last, total)) && total > 0;
      page++
    ) {
      const whole = Math.min(PAGE, total - page * PAGE);
      if ((this.#pages.get(page)?.length ?? 0) < whole) {
        pages.push(page);
      }
    }
    return pages;
  }

  readonly #client: ILabdeckClient;
  readonly #trial: string;
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#read(), INTERVAL);
  readonly #pages = new Map<number, readonly OutputLine[]>();
  #wanted: [number, number] = [1, 1];
  #total: number | null = null;
  #begun: readonly OutputLine[] = [];
  #cut = false;
  #error: LabdeckError | null = null;
  #visible = false;
  #grown = false;
  #search = '';
  #hits: readonly number[] = [];
  #found = 0;
  #hit = -1;
}

function pageOf(number: number): number {
  return Math.floor((number - 1) / PAGE);
}
