/** What stands in the search box: its text, what completes it, what was asked before. */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { LabdeckError } from '../client/errors';
import type { Suggestion, Suggestions } from '../wire';
import { type IQuery, readQuery } from './query';

/** Milliseconds without a key until a query is asked. */
export const PAUSE = 200;
/** Queries remembered. */
export const MOST_RECENT = 10;

/** Completes a text at a place. */
export type Completer = (text: string, at: number) => Promise<Suggestions>;

/** One line of the list below the box. */
export interface ISuggestion {
  text: string;
  /** What it is; what was asked before replaces the whole text. */
  kind: Suggestion['kind'] | 'recent';
}

/** The state of a search box. */
export class SearchModel implements IDisposable {
  /** @param complete - What the server offers at the cursor. */
  constructor(complete: Completer) {
    this.#complete = complete;
  }

  /** Anything below has changed. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** Another query is asked. */
  get asked(): ISignal<this, IQuery> {
    return this.#asked;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  get text(): string {
    return this.#text;
  }

  /** What was asked last. */
  get query(): IQuery {
    return this.#query;
  }

  /** Why the query has no answer; set by whoever asks. */
  get problem(): LabdeckError | null {
    return this.#problem;
  }

  set problem(problem: LabdeckError | null) {
    if (problem !== this.#problem) {
      this.#problem = problem;
      this.#tell();
    }
  }

  /** Whether the table of the language is shown. */
  get help(): boolean {
    return this.#help;
  }

  set help(help: boolean) {
    this.#help = help;
    this.#tell();
  }

  /** Queries asked before, the latest first. */
  get recent(): readonly string[] {
    return this.#recent;
  }

  set recent(recent: readonly string[]) {
    this.#recent = recent.slice(0, MOST_RECENT);
    this.#tell();
  }

  /** What may be chosen now. */
  get suggestions(): readonly ISuggestion[] {
    return this.#suggestions;
  }

  /** The place among the suggestions that Enter takes; -1 for none. */
  get current(): number {
    return this.#current;
  }

  set current(current: number) {
    const { length } = this.#suggestions;
    this.#current = Math.max(-1, Math.min(length - 1, current));
    this.#tell();
  }

  /** Change the text as by typing: it is asked after a pause, and completed at the cursor. */
  type(text: string, at: number): void {
    this.#text = text;
    this.#problem = null;
    // What is still shown was for another text: Enter must not take it.
    this.#current = -1;
    clearTimeout(this.#timer);
    const suggested = this.suggest(at);
    const askUnlessUnfinished = (): void => {
      if (this.#text === text && !this.#isUnfinished) {
        this.ask();
      }
    };
    this.#timer = setTimeout(() => {
      // Completion that takes long is not waited for.
      const late = new Promise(resolve => setTimeout(resolve, PAUSE));
      void Promise.race([suggested, late]).then(askUnlessUnfinished);
    }, PAUSE);
    this.#tell();
  }

  /** Put in another text and ask for it. */
  enter(text: string): void {
    this.#text = text;
    this.closeSuggestions();
    this.remember();
  }

  /** Ask for what stands there, at once. */
  ask(): void {
    clearTimeout(this.#timer);
    const query = readQuery(this.#text);
    if (query.query !== this.#query.query) {
      this.#query = query;
      this.#asked.emit(query);
    }
    this.#tell();
  }

  /** Remember the text among those that were asked. */
  remember(): void {
    const text = this.#text.trim();
    if (text !== '') {
      this.recent = [text, ...this.#recent.filter(old => old !== text)];
    }
  }

  /** Look for what may follow at the cursor; recent queries where nothing was typed. */
  async suggest(at: number): Promise<void> {
    const turn = ++this.#turn;
    const text = this.#text;
    if (text.trim() === '') {
      this.#offer(this.#recent.map(recentSuggestion), 0, text.length);
      return;
    }
    try {
      const found = await this.#complete(text, at);
      if (turn === this.#turn) {
        const typed = text.slice(found.start, found.end);
        const useful = found.items.filter(item => item.text !== typed);
        this.#offer(useful, found.start, found.end);
      }
    } catch {
      // The box works without completion, and the search itself tells what is wrong.
      this.#offer([], 0, 0);
    }
  }

  /** Close the list; what waited for a choice is asked as it stands. */
  closeSuggestions(): void {
    this.#turn++;
    this.#offer([], 0, 0);
    this.ask();
  }

  /** Put a suggestion into the text; returns where the cursor belongs. */
  take(suggestion: ISuggestion): number {
    if (suggestion.kind === 'recent') {
      this.enter(suggestion.text);
      return suggestion.text.length;
    }
    if (this.#offeredFor !== this.#text) {
      return this.#text.length;
    }
    const [start, end] = this.#range;
    const before = this.#text.slice(0, start) + suggestion.text;
    const after = this.#text.slice(end);
    const opened = /[."'`(/]$/.test(suggestion.text) || /^\s/.test(after);
    const head = opened ? before : `${before} `;
    this.type(head + after, head.length);
    return head.length;
  }

  /** Empty the box. */
  clear(): void {
    this.#help = false;
    this.#text = '';
    this.#problem = null;
    this.closeSuggestions();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    Signal.clearData(this);
  }

  /** Whether something is missing where the cursor is, so that asking would only tell so. */
  get #isUnfinished(): boolean {
    return this.#suggestions.some(
      ({ kind }) => kind !== 'keyword' && kind !== 'recent'
    );
  }

  #offer(
    suggestions: readonly ISuggestion[],
    start: number,
    end: number
  ): void {
    this.#suggestions = suggestions;
    this.#offeredFor = this.#text;
    this.#range = [start, end];
    this.#current = -1;
    this.#tell();
  }

  #tell(): void {
    if (!this.#disposed) {
      this.#changed.emit();
    }
  }

  readonly #complete: Completer;
  readonly #changed = new Signal<this, void>(this);
  readonly #asked = new Signal<this, IQuery>(this);
  #text = '';
  #query: IQuery = { query: '', words: null };
  #problem: LabdeckError | null = null;
  #help = false;
  #recent: readonly string[] = [];
  #suggestions: readonly ISuggestion[] = [];
  /** The text that the suggestions belong to. */
  #offeredFor = '';
  #range: readonly [number, number] = [0, 0];
  #current = -1;
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;
}

function recentSuggestion(text: string): ISuggestion {
  return { text, kind: 'recent' };
}
