import { describe, expect, it } from 'vitest';

import { readQuery } from '../../../labextension/src/search/query';

describe('what is typed', () => {
  it.each([
    ['', '', null],
    ['  ', '', null],
    ['cnn', 'name ~ "cnn"', ['cnn']],
    [' CNN 32 ', 'name ~ "CNN" and name ~ "32"', ['cnn', '32']],
    [
      'say "hi" \\',
      'name ~ "say" and name ~ "\\"hi\\"" and name ~ "\\\\"',
      null
    ],
    ['train:loss', 'name ~ "train:loss"', ['train:loss']],
    ['sand or stone', 'name ~ "sand" and name ~ "or" and name ~ "stone"', null]
  ])('%j finds names', (text, query, words) => {
    const read = readQuery(text);
    expect(read.query).toBe(query);
    if (words !== null || text.trim() === '') {
      expect(read.words).toEqual(words);
    }
  });

  it.each([
    'state = failed',
    ' metrics.acc > 0.9',
    'metrics.',
    'not (params.lr',
    'name !~ x',
    'note exists',
    'state not in (failed)',
    'state in(failed)'
  ])('%j is a query as it stands', text => {
    expect(readQuery(text)).toEqual({ query: text, words: null });
  });
});
