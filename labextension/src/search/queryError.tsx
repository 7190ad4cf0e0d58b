import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { LabdeckError } from '../client/errors';
import { describeError } from '../parts/Notes';
import type { SearchModel } from './model';

/** Characters shown before and after the one where a query goes wrong. */
const AROUND = 24;

/** What is wrong with a query: the character is marked, and what was probably meant stands beside it. */
export function QueryError(props: {
  id: string;
  error: LabdeckError;
  model: SearchModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { id, error, model, trans } = props;
  const { message, remedy } = describeError(error, trans);
  const { position } = error;
  // Words that were not a query have no place in what the server was asked.
  const marked = position !== null && model.query.words === null;
  return (
    <div id={id} className="jp-Labdeck-queryerror" role="alert">
      {marked && <Marked text={model.query.query} position={position} />}
      <p>{message}</p>
      {remedy !== '' && <p className="jp-Labdeck-faint">{remedy}</p>}
    </div>
  );
}

/** The neighbourhood of a character, and the character itself; past the end, the gap there. */
function Marked(props: { text: string; position: number }): React.ReactElement {
  const characters = Array.from(props.text);
  const { position } = props;
  const from = Math.max(0, position - AROUND);
  const to = position + 1 + AROUND;
  const before = characters.slice(from, position).join('');
  const after = characters.slice(position + 1, to).join('');
  return (
    <pre>
      {from > 0 ? '…' : ''}
      {before}
      <mark>{characters[position] ?? '\u00a0'}</mark>
      {after}
      {to < characters.length ? '…' : ''}
    </pre>
  );
}
