/** Tags of one or many, edited as text: a line for each, "key=value". */
import type { TranslationBundle } from '@jupyterlab/translation';

import { askText } from '../parts/ask';

export type Tags = Record<string, string>;

/** What to do to the tags of something. */
export interface TagChange {
  set: Tags;
  remove: string[];
}

/** Tags that all have with the same value; none if something is not known. */
export function commonTags(all: readonly (Tags | undefined)[]): Tags {
  const [first, ...rest] = all;
  const common = Object.entries(first ?? {}).filter(([key, value]) =>
    rest.every(tags => tags?.[key] === value)
  );
  return Object.fromEntries(common);
}

/** Tags as text. */
export function tagText(tags: Tags): string {
  return Object.entries(tags)
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .join('\n');
}

/** Read tags from text; a line without "=" is a tag with an empty value. */
export function readTags(text: string): Tags {
  const pairs = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('='))
    .map(line => {
      const [key, ...value] = line.split('=');
      return [key.trim(), value.join('=').trim()];
    });
  return Object.fromEntries(pairs) as Tags;
}

/** What makes tags of others: those that are new or different are set, those that are gone removed. */
export function tagChange(before: Tags, after: Tags): TagChange | null {
  const set = Object.fromEntries(
    Object.entries(after).filter(([key, value]) => before[key] !== value)
  );
  const remove = Object.keys(before).filter(key => !(key in after));
  return Object.keys(set).length + remove.length > 0 ? { set, remove } : null;
}

/** Ask for tags; null if nothing is to be changed. */
export async function askTags(
  title: string,
  before: Tags,
  trans: TranslationBundle
): Promise<TagChange | null> {
  const hint = trans.__('One tag a line: key=value');
  const text = await askText(title, tagText(before), trans, hint);
  return text === null ? null : tagChange(before, readTags(text));
}
