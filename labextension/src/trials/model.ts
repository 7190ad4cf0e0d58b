/** One trial and everything known of it, kept up to date from the events of the store. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type LabdeckError, toLabdeckError } from '../client/errors';
import { CurvesModel } from '../curves/model';
import { WatchModel } from '../findings/model';
import { LineageModel } from '../lineage/model';
import { OutputModel } from '../output/model';
import { allSeries, mergeMetrics, SYSTEM } from '../readings';
import { Refresher } from '../refresher';
import { ReportsModel } from '../reports/model';
import { TensorsModel } from '../tensors/model';
import type {
  AnyEvent,
  ILabdeckClient,
  ISeriesKey,
  UserCommand
} from '../tokens';
import type { TrialDetail } from '../wire';

const INTERVAL = 500;

/** The faces of a trial's page. */
export type TrialTab =
  | 'overview'
  | 'curves'
  | 'tensors'
  | 'findings'
  | 'artifacts'
  | 'output'
  | 'lineage'
  | 'code'
  | 'environment';

/** All of them. */
export const TRIAL_TABS: readonly TrialTab[] = [
  'overview',
  'curves',
  'tensors',
  'findings',
  'artifacts',
  'output',
  'lineage',
  'code',
  'environment'
];

/** A trial's page. */
export class TrialModel implements IDisposable {
  constructor(client: ILabdeckClient, id: string) {
    this.client = client;
    this.id = id;
    this.curves = new CurvesModel(client);
    this.system = new CurvesModel(client);
    this.output = new OutputModel(client, id);
    this.lineage = new LineageModel(client, id);
    this.tensors = new TensorsModel(client, id);
    this.watch = new WatchModel(client, id);
    this.reports = new ReportsModel(client, id);
    this.reports.kept.connect(this.#onReport, this);
    this.watch.feed.changed.connect(this.#onFindings, this);
    client.events.connect(this.#onEvents, this);
    client.stale.connect(this.#onStale, this);
    this.refresh();
  }

  readonly client: ILabdeckClient;
  readonly id: string;
  readonly curves: CurvesModel;
  /** How busy the machine was. */
  readonly system: CurvesModel;
  readonly output: OutputModel;
  readonly lineage: LineageModel;
  readonly tensors: TensorsModel;
  /** What watches the trial and what was found in it. */
  readonly watch: WatchModel;
  /** The reports that the reader has made. */
  readonly reports: ReportsModel;

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#refresher.isDisposed;
  }

  /** Everything known of the trial; null before the first answer. */
  get detail(): TrialDetail | null {
    return this.#detail;
  }

  /** Why the trial could not be read; what was last known stays. */
  get error(): LabdeckError | null {
    return this.#error;
  }

  /** Why the reader's last change was refused. */
  get refusal(): LabdeckError | null {
    return this.#refusal;
  }

  get tab(): TrialTab {
    return this.#tab;
  }

  /** Show another face of the page. */
  setTab(tab: TrialTab): void {
    this.#tab = tab;
    this.#changed.emit();
  }

  /** Give the trial another name. */
  rename(name: string): Promise<void> {
    return this.#give({ command: 'rename-trial', id: this.id, name });
  }

  /** Replace the trial's note. */
  annotate(note: string): Promise<void> {
    return this.#give({ command: 'annotate', id: this.id, note });
  }

  /** Set a tag. */
  setTag(key: string, value: string): Promise<void> {
    const tags = { [key]: value };
    return this.#give({
      command: 'set-tags',
      ids: [this.id],
      set: tags,
      remove: []
    });
  }

  /** Remove a tag. */
  removeTag(key: string): Promise<void> {
    return this.#give({
      command: 'set-tags',
      ids: [this.id],
      set: {},
      remove: [key]
    });
  }

  /** Stop showing why a change was refused. */
  dismissRefusal(): void {
    this.#refusal = null;
    this.#changed.emit();
  }

  /** Read the trial anew. */
  refresh(): void {
    this.#refresher.request();
  }

  dispose(): void {
    this.#refresher.dispose();
    this.curves.dispose();
    this.system.dispose();
    this.output.dispose();
    this.lineage.dispose();
    this.tensors.dispose();
    this.watch.dispose();
    this.reports.dispose();
    Signal.clearData(this);
  }

  async #give(command: UserCommand): Promise<void> {
    try {
      await this.client.apply(command);
      this.#refusal = null;
      this.refresh();
    } catch (reason) {
      this.#refusal = toLabdeckError(reason);
    }
    this.#changed.emit();
  }

  async #read(): Promise<void> {
    const meanwhile: AnyEvent[] = [];
    this.#meanwhile = meanwhile;
    try {
      this.#detail = await this.client.trial(this.id);
      this.#error = null;
      this.#apply(meanwhile);
    } catch (reason) {
      this.#error = toLabdeckError(reason);
    }
    this.#meanwhile = null;
    this.#update();
  }

  /** The name of the file that the reader asked for last, with a number that tells it from earlier ones; null before. */
  get wantedFile(): { name: string; turn: number } | null {
    return this.#wantedFile;
  }

  /** A report was kept: show it. */
  #onReport(_: ReportsModel, name: string): void {
    this.#wantedFile = { name, turn: (this.#wantedFile?.turn ?? 0) + 1 };
    this.refresh();
    this.setTab('artifacts');
  }

  /** The tab says how many there are. */
  #onFindings(): void {
    this.#changed.emit();
  }

  #onStale(): void {
    this.refresh();
  }

  #onEvents(_: ILabdeckClient, events: readonly AnyEvent[]): void {
    // The answer on its way may be older than these: they are applied again when it is here.
    this.#meanwhile?.push(...events);
    if (this.#apply(events)) {
      this.#update();
    }
  }

  /** Take in events; returns whether any was of this trial. */
  #apply(events: readonly AnyEvent[]): boolean {
    let changed = false;
    for (const event of events) {
      if (event.event === 'trial-changed' && event.trial.id === this.id) {
        changed = true;
        if (this.#detail) {
          this.#detail = { ...this.#detail, trial: event.trial };
        } else {
          this.refresh();
        }
      } else if ('trial_id' in event && event.trial_id === this.id) {
        changed = true;
        if (event.event === 'metrics-advanced' && this.#detail) {
          this.#detail = mergeMetrics(this.#detail, event);
        }
        if (
          event.event === 'detail-changed' ||
          (event.event === 'metrics-advanced' && event.truncated)
        ) {
          this.refresh();
        }
      }
    }
    return changed;
  }

  #update(): void {
    if (this.#detail) {
      const series = allSeries([this.#detail]);
      const isSystem = ({ component }: ISeriesKey): boolean =>
        component === SYSTEM;
      this.curves.setTrials(
        [this.id],
        series.filter(one => !isSystem(one))
      );
      this.system.setTrials([this.id], series.filter(isSystem));
    }
    this.#changed.emit();
  }

  #detail: TrialDetail | null = null;
  #error: LabdeckError | null = null;
  #refusal: LabdeckError | null = null;
  #tab: TrialTab = 'overview';
  #wantedFile: { name: string; turn: number } | null = null;
  #meanwhile: AnyEvent[] | null = null;
  readonly #changed = new Signal<this, void>(this);
  readonly #refresher = new Refresher(() => this.#read(), INTERVAL);
}

/** What was captured of a trial's surroundings, as read from JSON that anybody may have written. */
export class CaptureBody {
  constructor(body: object) {
    this.#body = new Map(Object.entries(body));
  }

  /** A text; "" where there is none. */
  text(key: string): string {
    const value = this.#body.get(key);
    return ['string', 'number', 'boolean'].includes(typeof value)
      ? String(value)
      : '';
  }

  /** A number; NaN where there is none. */
  number(key: string): number {
    const value = this.#body.get(key);
    return typeof value === 'number' ? value : NaN;
  }

  /** A list; empty where there is none. */
  list(key: string): unknown[] {
    const value = this.#body.get(key);
    return Array.isArray(value) ? value : [];
  }

  /** The objects of a list. */
  records(key: string): CaptureBody[] {
    return this.list(key)
      .filter(item => typeof item === 'object' && item !== null)
      .map(item => new CaptureBody(item));
  }

  /** The entries of an object as texts. */
  entries(key: string): [string, string][] {
    const value = this.#body.get(key);
    return typeof value === 'object' && value !== null
      ? Object.entries(value).map(([name, item]) => [name, String(item)])
      : [];
  }

  readonly #body: Map<string, unknown>;
}

/** What was captured of one kind; null where nothing was. */
export function captureOf(
  detail: TrialDetail,
  kind: string
): CaptureBody | null {
  const capture = detail.captures.find(item => item.kind === kind);
  return capture ? new CaptureBody(capture.body) : null;
}
