import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  MOST_RECENT,
  PAUSE,
  SearchModel
} from '../../../labextension/src/search/model';
import type { Suggestions } from '../../../labextension/src/wire';

let model: SearchModel;
let asked: string[];
let questions: [string, number][];
let answer: Suggestions;
let turns: ((suggestions: Suggestions) => void)[];

beforeEach(() => {
  vi.useFakeTimers();
  questions = [];
  turns = [];
  answer = { start: 0, end: 0, items: [] };
  model = new SearchModel((text, at) => {
    questions.push([text, at]);
    return new Promise(resolve => turns.push(resolve));
  });
  asked = [];
  model.asked.connect((_, { query }) => void asked.push(query));
});

afterEach(() => {
  model.dispose();
  vi.useRealTimers();
});

/** Let the server answer the question that was put as the n-th. */
async function reply(turn: number, given: Suggestions = answer): Promise<void> {
  turns[turn](given);
  await vi.advanceTimersByTimeAsync(0);
}

describe('asking', () => {
  it('waits until the reader pauses, and asks nothing twice', async () => {
    model.type('c', 1);
    await vi.advanceTimersByTimeAsync(PAUSE / 2);
    model.type('cnn', 3);
    await vi.advanceTimersByTimeAsync(PAUSE / 2);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(2 * PAUSE);
    model.ask();
    expect(asked).toEqual(['name ~ "cnn"']);
    model.clear();
    expect(asked).toEqual(['name ~ "cnn"', '']);
  });

  it('waits for a choice where something is missing', async () => {
    model.type('state = comp', 12);
    await reply(0, {
      start: 8,
      end: 12,
      items: [{ text: 'completed', kind: 'value' }]
    });
    await vi.advanceTimersByTimeAsync(3 * PAUSE);
    expect(asked).toEqual([]);
    model.closeSuggestions();
    expect(asked).toEqual(['state = comp']);
    model.type('state = completed ', 18);
    await reply(1, {
      start: 18,
      end: 18,
      items: [{ text: 'and', kind: 'keyword' }]
    });
    await vi.advanceTimersByTimeAsync(PAUSE);
    expect(asked[1]).toBe('state = completed ');
  });

  it('remembers what was asked, the latest first and each once', () => {
    for (const text of ['a', 'b', 'a', ' ', 'c']) {
      model.enter(text);
    }
    expect(model.recent).toEqual(['c', 'a', 'b']);
    for (let n = 0; n < 20; n++) {
      model.enter(`query ${n}`);
    }
    expect(model.recent).toHaveLength(MOST_RECENT);
  });
});

describe('suggestions', () => {
  const offered: Suggestions = {
    start: 6,
    end: 9,
    items: [
      { text: 'metrics.acc', kind: 'field' },
      { text: 'metrics.accuracy', kind: 'field' }
    ]
  };

  it('replace the part that they complete, and are asked for again', async () => {
    model.type('not ( acc > 1', 9);
    await reply(0, offered);
    expect(model.suggestions).toHaveLength(2);
    expect(model.take(model.suggestions[1])).toBe(22);
    expect(model.text).toBe('not ( metrics.accuracy > 1');
    expect(questions[1]).toEqual([model.text, 22]);
  });

  it('get a space after them unless more of the word follows', async () => {
    model.type('not ( acc', 9);
    await reply(0, offered);
    model.take(model.suggestions[0]);
    expect(model.text).toBe('not ( metrics.acc ');
    model.type('me', 2);
    await reply(2, {
      start: 0,
      end: 2,
      items: [{ text: 'metrics.', kind: 'field' }]
    });
    model.take(model.suggestions[0]);
    expect(model.text).toBe('metrics.');
  });

  it('of an older text are thrown away, and those that change nothing', async () => {
    model.type('a', 1);
    model.type('acc', 3);
    const items = [{ text: 'acc', kind: 'value' as const }];
    await reply(1, { start: 0, end: 3, items });
    await reply(0, offered);
    expect(model.suggestions).toEqual([]);
  });

  it('of an older text are not taken, and Enter takes none', async () => {
    model.type('params.hid', 10);
    await reply(0, {
      start: 0,
      end: 10,
      items: [{ text: 'params.hidden', kind: 'field' }]
    });
    model.current = 0;
    const [suggestion] = model.suggestions;
    model.take(suggestion);
    expect(model.current).toBe(-1);
    model.type('params.hidden > 5', 17);
    expect(model.take(suggestion)).toBe(17);
    expect(model.text).toBe('params.hidden > 5');
  });

  it('are what was asked before while nothing is typed', async () => {
    model.enter('state = failed');
    model.clear();
    await model.suggest(0);
    expect(model.suggestions).toEqual([
      { text: 'state = failed', kind: 'recent' }
    ]);
    model.take(model.suggestions[0]);
    expect(model.text).toBe('state = failed');
    expect(asked).toEqual(['state = failed', '', 'state = failed']);
    expect(model.suggestions).toEqual([]);
  });

  it('are chosen within their bounds', async () => {
    model.type('not ( acc', 9);
    await reply(0, offered);
    model.current = 7;
    expect(model.current).toBe(1);
    model.current = -7;
    expect(model.current).toBe(-1);
  });
});
