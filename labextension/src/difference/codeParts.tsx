/** The code of two trials, part by part, as lines that were added and removed. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Empty } from '../parts/Notes';
import type {
  CodeDifference,
  CodePart,
  DifferenceLine,
  DifferenceRow,
  TrialRecord
} from '../wire';
import { RowsTable } from './environmentRows';
import { namesOf } from './missing';

interface ICodeProps {
  difference: CodeDifference;
  trials: readonly TrialRecord[];
  trans: TranslationBundle;
}

/** More lines of one part are shown only when they are asked for. */
const MANY_LINES = 2000;

/** The parts of a code difference. */
export function CodeParts(props: ICodeProps): React.ReactElement {
  const { difference, trials, trans } = props;
  const { parts, git, status, missing, equal } = difference;
  const shownEqual = parts.filter(part => part.status === 'same').length;
  if (status === 'unrecorded') {
    return (
      <Empty
        text={trans.__(
          'No code was recorded for %1.',
          namesOf(missing, trials)
        )}
      />
    );
  }
  return (
    <>
      {status === 'same' && (
        <Empty text={trans.__('Both trials ran the same code.')} />
      )}
      <Git rows={git} trans={trans} />
      {parts.map((part, index) => (
        <Part key={index} part={part} trans={trans} />
      ))}
      {status !== 'same' && equal > shownEqual && (
        <p className="jp-Labdeck-remark">
          {trans._n(
            '%1 part is the same.',
            '%1 parts are the same.',
            equal - shownEqual,
            equal - shownEqual
          )}
        </p>
      )}
    </>
  );
}

function Git(props: {
  rows: readonly DifferenceRow[];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { rows, trans } = props;
  return rows.length === 0 ? null : (
    <section className="jp-Labdeck-part">
      <h3>{trans.__('Git')}</h3>
      <RowsTable label={trans.__('Git')} rows={rows} trans={trans} />
    </section>
  );
}

/** What a part is: a file by its name, a cell by its number. */
function partName(part: CodePart, trans: TranslationBundle): string {
  const name =
    part.before && part.after && part.before !== part.after
      ? `${part.before} → ${part.after}`
      : part.after || part.before;
  switch (part.kind) {
    case 'cell':
      return trans.__('Cell %1', name);
    case 'file':
      return name;
    case 'uncommitted':
      return trans.__('Uncommitted changes');
  }
}

function statusName(
  status: CodePart['status'],
  trans: TranslationBundle
): string {
  switch (status) {
    case 'same':
      return trans.__('the same');
    case 'changed':
      return trans.__('changed');
    case 'added':
      return trans.__('added');
    case 'removed':
      return trans.__('removed');
    case 'moved':
      return trans.__('moved, the same text');
  }
}

function Part(props: {
  part: CodePart;
  trans: TranslationBundle;
}): React.ReactElement {
  const { part, trans } = props;
  const [all, setAll] = React.useState(false);
  const name = partName(part, trans);
  const lines = part.hunks.flatMap((hunk, index) => [
    ...(index > 0 ? [null] : []),
    ...hunk.lines
  ]);
  const shown = all ? lines : lines.slice(0, MANY_LINES);
  return (
    <section className="jp-Labdeck-part" aria-label={name}>
      <h3 title={name}>
        <span>{name}</span>{' '}
        <span className="jp-Labdeck-faint">
          {statusName(part.status, trans)}
          {part.added > 0 && ` +${part.added}`}
          {part.removed > 0 && ` −${part.removed}`}
        </span>
      </h3>
      {lines.length > 0 && (
        <div
          className="jp-Labdeck-diff"
          tabIndex={0}
          role="region"
          aria-label={trans.__('Lines of %1', name)}
        >
          <table>
            <tbody>
              {shown.map((line, index) => (
                <Line key={index} line={line} trans={trans} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {lines.length > shown.length && (
        <button
          type="button"
          className="jp-Labdeck-link"
          onClick={() => setAll(true)}
        >
          {trans.__('Show %1 more lines', lines.length - shown.length)}
        </button>
      )}
    </section>
  );
}

/** One line; null stands for lines between that are the same. */
function Line(props: {
  line: DifferenceLine | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { line, trans } = props;
  if (line === null) {
    return (
      <tr className="jp-mod-between">
        <td colSpan={4} aria-label={trans.__('Lines that are the same')}>
          ⋯
        </td>
      </tr>
    );
  }
  const sign = { added: '+', removed: '−', same: '' }[line.kind];
  const word = {
    added: trans.__('added'),
    removed: trans.__('removed'),
    same: ''
  }[line.kind];
  return (
    <tr data-kind={line.kind}>
      <td className="jp-Labdeck-line-number">{line.before}</td>
      <td className="jp-Labdeck-line-number">{line.after}</td>
      <td className="jp-Labdeck-line-sign" aria-label={word || undefined}>
        {sign}
      </td>
      <td className="jp-Labdeck-line-text">{line.text}</td>
    </tr>
  );
}
