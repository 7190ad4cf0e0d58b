// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import {
  commonTags,
  readTags,
  tagChange,
  tagText
} from '../../../labextension/src/experiments/tags';

describe('tags as text', () => {
  it('come back as they were', () => {
    const tags = { team: 'vision', good: '', url: 'a=b' };
    expect(readTags(tagText(tags))).toEqual(tags);
  });

  it('may be written loosely', () => {
    expect(readTags(' team = vision \n\n=x\ngood\nteam=other')).toEqual({
      team: 'other',
      good: ''
    });
  });
});

describe('a change', () => {
  it('sets what is new or different and removes what is gone', () => {
    expect(
      tagChange({ a: '1', b: '2', c: '3' }, { a: '1', b: '4', d: '' })
    ).toEqual({ set: { b: '4', d: '' }, remove: ['c'] });
    expect(tagChange({ a: '1' }, { a: '1' })).toBeNull();
  });

  it('of many concerns what all have in common', () => {
    const some = { a: '1', b: '2' };
    expect(commonTags([some, { a: '1', b: '3' }])).toEqual({ a: '1' });
    expect(commonTags([some, undefined])).toEqual({});
    expect(commonTags([])).toEqual({});
  });
});
