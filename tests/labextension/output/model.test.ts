import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { OutputModel, PAGE } from '../../../labextension/src/output/model';
import type {
  AnyEvent,
  ILabdeckClient,
  IOutputRequest
} from '../../../labextension/src/tokens';
import type { OutputLine, OutputPage } from '../../../labextension/src/wire';
import { id } from '../pagesServer';

/** Holds lines and gives them out as the server does. */
class Printed {
  readonly events = new Signal<this, readonly AnyEvent[]>(this);
  readonly stale = new Signal<this, void>(this);
  readonly asked: IOutputRequest[] = [];
  readonly texts: string[] = [];
  begun = '';
  failure: Error | null = null;

  output(_: string, wanted: IOutputRequest): Promise<OutputPage> {
    this.asked.push(wanted);
    if (this.failure) {
      return Promise.reject(this.failure);
    }
    const line = (text: string, number: number): OutputLine => ({
      number,
      stream: 'stdout',
      time: 1,
      text,
      finished: number <= this.texts.length
    });
    const fitting = this.texts
      .map((text, index) => line(text, index + 1))
      .filter(({ text }) => text.includes(wanted.search));
    const lines = fitting
      .filter(({ number }) => number > wanted.after)
      .slice(0, wanted.limit);
    const open = this.begun ? [line(this.begun, this.texts.length + 1)] : [];
    return Promise.resolve({
      total: this.texts.length,
      found: fitting.length,
      cut: false,
      lines: [...lines, ...open]
    });
  }

  print(...texts: string[]): void {
    this.texts.push(...texts);
    this.events.emit([
      {
        event: 'detail-changed',
        seq: 1,
        time: 1,
        trial_id: id(1),
        experiment_id: id(1000),
        what: 'output'
      }
    ]);
  }
}

describe('the output of a trial', () => {
  let printed: Printed;
  let model: OutputModel;

  beforeEach(() => {
    vi.useFakeTimers();
    printed = new Printed();
    model = new OutputModel(printed as unknown as ILabdeckClient, id(1));
  });

  afterEach(() => {
    model.dispose();
    vi.useRealTimers();
  });

  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(2000);
  const numbered = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `line ${index + 1}`);

  it('is read only while somebody looks', async () => {
    printed.print('a');
    await settle();
    expect(printed.asked).toEqual([]);
    model.setVisible(true);
    await settle();
    expect(model.total).toBe(1);
    expect(model.line(1)?.text).toBe('a');
    model.setVisible(false);
    const before = printed.asked.length;
    printed.print('b');
    await settle();
    expect(printed.asked).toHaveLength(before);
  });

  it('grows with what is printed, the line being printed included', async () => {
    printed.print('a');
    model.setVisible(true);
    await settle();
    printed.begun = '50 %';
    printed.print('b');
    await settle();
    expect(model.total).toBe(2);
    model.need(1, 3);
    await settle();
    expect([1, 2].map(n => model.line(n)?.text)).toEqual(['a', 'b']);
    expect(model.begun.map(({ text }) => text)).toEqual(['50 %']);
  });

  it('reads the pages in sight and no other', async () => {
    printed.texts.push(...numbered(5 * PAGE));
    model.setVisible(true);
    await settle();
    printed.asked.length = 0;
    model.need(3 * PAGE + 10, 3 * PAGE + 60);
    await settle();
    expect(printed.asked.map(({ after }) => after)).toEqual([3 * PAGE]);
    expect(model.line(3 * PAGE + 10)?.text).toBe(`line ${3 * PAGE + 10}`);
    expect(model.line(2 * PAGE)).toBeUndefined();
  });

  it('fills a page that was read before it was whole', async () => {
    printed.texts.push(...numbered(PAGE - 1));
    model.setVisible(true);
    model.need(1, PAGE);
    await settle();
    printed.print('last of the page', 'first of the next');
    model.need(PAGE - 1, PAGE + 1);
    await settle();
    expect(model.line(PAGE)?.text).toBe('last of the page');
    expect(model.line(PAGE + 1)?.text).toBe('first of the next');
  });

  it('finds a text and goes through the hits in both directions', async () => {
    printed.texts.push('a', 'hit 1', 'b', 'hit 2', 'hit 3');
    model.setVisible(true);
    await settle();
    await model.find('hit');
    expect(model.hits).toEqual([2, 4, 5]);
    expect([model.found, model.hit]).toEqual([3, 0]);
    expect([model.step(1), model.step(1), model.step(1)]).toEqual([4, 5, 2]);
    expect(model.step(-1)).toBe(5);
    printed.print('hit 4');
    await settle();
    expect(model.hits).toEqual([2, 4, 5, 6]);
    await model.find('');
    expect([model.hits, model.step(1)]).toEqual([[], null]);
  });

  it('says why it cannot be read, and recovers', async () => {
    printed.failure = new Error('gone');
    model.setVisible(true);
    await settle();
    expect(model.error).not.toBeNull();
    expect(model.total).toBeNull();
    printed.failure = null;
    model.refresh();
    await settle();
    expect([model.error, model.total]).toEqual([null, 0]);
  });
});
