/** From what is typed into the search box to a query. */
import { quoteName } from '../client/order';

/** What is asked for. */
export interface IQuery {
  /** In the search language; "" for everything. */
  query: string;
  /** The words that names must contain, in lower case, where no query was written; null where one was. */
  words: readonly string[] | null;
}

/** What only queries have: an operator, a field that the user has named, a comparison without an operator. */
const OPERATOR = /[=<>~!]/;
const FIELD = /(^|[\s(])(metrics|params|tags)\./;
const COMPARISON = /\S\s+(exists\b|(not\s+)?in\s*\()/i;

/** Read what was typed: a query as it is, other words as parts of names. */
export function readQuery(text: string): IQuery {
  const trimmed = text.trim();
  if (trimmed === '') {
    return { query: '', words: null };
  }
  if (isQuery(trimmed)) {
    return { query: text, words: null };
  }
  const words = trimmed.split(/\s+/);
  return {
    query: words.map(word => `name ~ ${quoteName(word)}`).join(' and '),
    words: words.map(word => word.toLowerCase())
  };
}

function isQuery(text: string): boolean {
  return OPERATOR.test(text) || FIELD.test(text) || COMPARISON.test(text);
}
