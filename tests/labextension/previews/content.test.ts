import { describe, expect, it } from 'vitest';

import { groupsOf } from '../../../labextension/src/previews/artifacts';
import { previewOf } from '../../../labextension/src/previews/content';
import { toFigure } from '../../../labextension/src/previews/view';
import type { ArtifactRecord } from '../../../labextension/src/wire';
import { id } from '../pagesServer';

function artifact(change: Partial<ArtifactRecord>): ArtifactRecord {
  return {
    id: id(7),
    name: 'file',
    component: '',
    sha256: 'ab'.repeat(32),
    size: 3,
    media_type: 'application/octet-stream',
    kind: 'file',
    step: null,
    caption: '',
    created: 1,
    ...change
  };
}

describe('a preview', () => {
  it.each([
    ['image/png', 'image', 'image'],
    ['IMAGE/JPEG; q=1', 'file', 'image'],
    ['image/svg+xml', 'image', 'text'],
    ['text/html', 'file', 'text'],
    ['audio/wav', 'audio', 'audio'],
    ['application/json', 'figure', 'figure'],
    ['application/json', 'file', 'text'],
    ['application/octet-stream', 'table', 'table'],
    ['text/csv', 'file', 'table'],
    ['application/octet-stream', 'file', 'none'],
    ['application/x-javascript-evil', 'image', 'none']
  ] as const)('of %s logged as %s is shown as %s', (type, kind, shown) => {
    expect(previewOf(artifact({ media_type: type, kind }))).toBe(shown);
  });

  it('knows reports by their names, and takes no other page for one', () => {
    const page = { media_type: 'text/html' };
    const named = (name: string): string =>
      previewOf(artifact({ ...page, name }));
    expect(named('training-report.html')).toBe('report');
    expect(named('xgboost-report.html')).toBe('report');
    expect(named('my-report.html')).toBe('text');
    expect(named('a/training-report.html')).toBe('text');
    expect(
      previewOf(artifact({ name: 'training-report.html', media_type: 'a/b' }))
    ).toBe('none');
  });

  it('knows tables by their names, too', () => {
    expect(previewOf(artifact({ name: 'scores.CSV' }))).toBe('table');
    expect(previewOf(artifact({ name: 'csv' }))).toBe('none');
  });

  it('takes for a figure only what is one', () => {
    expect(toFigure('{"data": [{"y": [1]}]}').figure?.data).toHaveLength(1);
    for (const text of ['', '[]', 'null', '{"data": 1}', '{']) {
      expect(toFigure(text).figure).toBeNull();
    }
  });
});

describe('a group of artifacts', () => {
  it('holds what was logged under one name, by step', () => {
    const groups = groupsOf([
      artifact({ id: id(1), name: 'samples', step: 20 }),
      artifact({ id: id(2), name: 'model' }),
      artifact({ id: id(3), name: 'samples', step: 10 }),
      artifact({ id: id(4), name: 'samples', step: 1, component: 'c' })
    ]);
    expect(groups.map(({ latest, all }) => [latest.id, all.length])).toEqual([
      [id(1), 2],
      [id(2), 1],
      [id(4), 1]
    ]);
    expect(groups[0].all.map(({ step }) => step)).toEqual([10, 20]);
  });
});
