import { describe, expect, it, vi } from 'vitest';

import {
  comparisonCode,
  shownCode
} from '../../../labextension/src/comparison/code';
import { ComparisonModel } from '../../../labextension/src/comparison/model';
import { facts, id, metric, PagesServer, param, trial } from '../pagesServer';

describe('the code of a comparison', () => {
  it('finds the trials by id', () => {
    expect(comparisonCode([trial(1)])).toBe(
      [
        'import labdeck',
        '',
        'studio = labdeck.open()',
        'trials = [',
        `    studio.find_trial("${id(1)}"),  # "cnn-1"`,
        ']',
        'trials[0].experiment.compare(*trials)',
        ''
      ].join('\n')
    );
  });

  it('makes what the face shows', async () => {
    vi.useFakeTimers();
    const server = new PagesServer().put(
      facts(1, [param('hidden', 2)], [metric('a"b', 0.7)]),
      facts(2, [param('hidden', 5)], [metric('a"b', 0.8)])
    );
    const model = new ComparisonModel(server.client, [id(1), id(2)]);
    await vi.advanceTimersByTimeAsync(600);
    const last = (): string => shownCode(model).trimEnd().split('\n').pop()!;
    expect(last()).toBe('trials[0].experiment.compare(*trials)');
    model.setTab('curves');
    model.curves.setOptions({ smoothing: 0.5, logx: true });
    expect(last()).toBe(
      'figures.curves(studio.curves(ids, series, "step"), "step", 0.5, log_x=True)'
    );
    expect(shownCode(model)).toContain('    SeriesKey("", "a\\"b"),');
    model.setTab('scatter');
    const field = String.raw`"metrics.\"a\\\"b\".best"`;
    expect(last()).toBe(
      `figures.scatter(studio.comparing.table(ids, ["params.hidden", ${field}]), "params.hidden", ${field})`
    );
    model.setTab('bar');
    model.charts.choose('bar', 'group', ['params.hidden']);
    expect(last()).toContain(
      'figures.grouped_bar(studio.comparing.groups(ids,'
    );
    model.setTab('importance');
    expect(last()).toBe(
      `studio.comparing.importance(ids, ${field}, ["params.hidden"])`
    );
    model.setTab('environment');
    expect(last()).toBe(
      'studio.comparing.environment_difference(before, after)'
    );
    model.dispose();
    vi.useRealTimers();
  });

  it('keeps a hostile name inside its comment', () => {
    const name = 'x\nimport os\r\nos.abort()"';
    const code = comparisonCode([trial(1, { name })]);
    expect(code.split(/\r|\n/)).toHaveLength(8);
  });
});
