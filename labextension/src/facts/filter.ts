/** Finding trials of a table by words. Pure. */
import type { TrialFacts } from '../wire';

/**
 * Return the trials in which every word of a text occurs, in whatever case: in the name, the experiment, the state, a
 * tag or a parameter, the latter two written `name=value`.
 */
export function filterTrials(
  facts: readonly TrialFacts[],
  text: string
): readonly TrialFacts[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0
    ? facts
    : facts.filter(item => {
        const all = wordsOf(item);
        return words.every(word => all.includes(word));
      });
}

/** Made once for each record: every key pressed looks at all trials. */
const known = new WeakMap<TrialFacts, string>();

function wordsOf(facts: TrialFacts): string {
  let text = known.get(facts);
  if (text === undefined) {
    const { trial } = facts;
    text = [
      trial.name,
      trial.experiment,
      trial.state,
      ...Object.entries(trial.tags).map(([key, value]) => `${key}=${value}`),
      ...facts.params.map(
        ({ component, name, value }) =>
          `${component ? `${component}/` : ''}${name}=${String(value)}`
      )
    ]
      // A line break stands in no word, so nothing matches across two facts.
      .join('\n')
      .toLowerCase();
    known.set(facts, text);
  }
  return text;
}
