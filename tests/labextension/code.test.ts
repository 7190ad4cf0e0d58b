import { describe, expect, it } from 'vitest';

import {
  experimentCode,
  pythonString,
  searchCode,
  trialCode,
  trialsCode
} from '../../labextension/src/code';
import { experiment, trial } from './client/fakeServer';

const digits = experiment(1, 'digits "1"\n2');
const first = trial(11, digits, { name: 'a\n#"b\\' });

describe('code', () => {
  it('opens an experiment by its name, whatever that is', () => {
    expect(experimentCode(digits)).toBe(
      'import labdeck\n\n' +
        'experiment = labdeck.open().find_experiment("digits \\"1\\"\\n2")\n' +
        'experiment.frame()\n'
    );
  });

  it('opens trials by their ids and keeps names in one line of comment', () => {
    const lines = trialCode(first).split('\n');
    expect(lines[2]).toBe(
      `trial = labdeck.open().find_trial("${first.id}")  # "digits \\"1\\"\\n2 / a\\n#\\"b\\\\"`
    );
    const several = trialsCode([first, 'f'.repeat(32)]).split('\n');
    expect(several).toHaveLength(9);
    expect(several[4]).toContain(`    studio.find_trial("${first.id}"),  # "`);
    expect(several[5]).toBe(`    studio.find_trial("${'f'.repeat(32)}"),`);
  });

  it('searches as the box does', () => {
    const query = 'tags.team ~ "x"';
    expect(searchCode({ query, sort: '', archived: false })).toContain(
      'labdeck.open().search("tags.team ~ \\"x\\"")\n'
    );
    expect(
      searchCode({ query, sort: '-duration', archived: true }, digits)
    ).toContain(
      '.search("tags.team ~ \\"x\\"", sort="-duration", archived=True)'
    );
  });

  it('writes text that Python reads as the same text', () => {
    expect(pythonString('\u0000\t\ud800"\\')).toBe(
      '"\\u0000\\t\\ud800\\"\\\\"'
    );
  });
});
