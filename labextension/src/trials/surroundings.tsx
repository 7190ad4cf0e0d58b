import type { TranslationBundle } from '@jupyterlab/translation';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import * as React from 'react';

import { formatSize } from '../parts/format';
import { Empty } from '../parts/Notes';
import { SortedTable } from '../parts/SortedTable';
import { type CaptureBody, captureOf } from './model';
import type { ITrialFaceProps } from './overview';

/** What colours code. */
export interface IHighlighting {
  languages: IEditorLanguageRegistry | null;
}

/** The code that ran: cells or the script, and how it stood in git. */
export function Code(
  props: ITrialFaceProps & IHighlighting
): React.ReactElement {
  const { detail, languages, trans } = props;
  const code = captureOf(detail, 'code');
  const git = captureOf(detail, 'git');
  if (!code && !git) {
    return <Empty text={trans.__('No code was captured for this trial.')} />;
  }
  return (
    <div className="jp-Labdeck-code">
      {git && <Git git={git} trans={trans} />}
      {code && <Source code={code} languages={languages} trans={trans} />}
    </div>
  );
}

function Source(props: {
  code: CaptureBody;
  languages: IEditorLanguageRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { code, languages, trans } = props;
  const cells = code.records('cells');
  const source = code.text('source');
  return (
    <section>
      <h3>{code.text('path') || trans.__('Code')}</h3>
      {cells.map((cell, index) => (
        <div key={index} className="jp-Labdeck-cell">
          <span
            aria-label={trans.__('Executed as number %1', cell.text('number'))}
          >
            [{cell.text('number')}]:
          </span>
          <Python source={cell.text('source')} languages={languages} />
        </div>
      ))}
      {source && <Python source={source} languages={languages} />}
    </section>
  );
}

/** Python in the colours of JupyterLab's editor; plain where it knows none. */
function Python(props: {
  source: string;
  languages: IEditorLanguageRegistry | null;
}): React.ReactElement {
  const { source, languages } = props;
  const root = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    const element = root.current;
    if (!element) {
      return;
    }
    // The highlighter appends text of its own: what stands there goes, but only once the colours are here.
    const coloured = document.createElement('pre');
    const language = languages?.findBest('python') ?? null;
    let gone = false;
    element.textContent = source;
    if (languages && language) {
      void languages.highlight(source, language, coloured).then(() => {
        if (!gone) {
          element.replaceChildren(...coloured.childNodes);
        }
      });
    }
    return () => {
      gone = true;
    };
  }, [source, languages]);
  return <pre ref={root} tabIndex={0} className="jp-Labdeck-source" />;
}

function Git(props: {
  git: CaptureBody;
  trans: TranslationBundle;
}): React.ReactElement {
  const { git, trans } = props;
  const diff = git.text('diff');
  const dirty = git.text('dirty') === 'true';
  return (
    <section>
      <h3>{trans.__('Git')}</h3>
      <Facts
        facts={[
          [trans.__('commit'), git.text('commit') || trans.__('none yet')],
          [trans.__('branch'), git.text('branch') || trans.__('detached')],
          [trans.__('remote'), git.text('remote')],
          [trans.__('folder'), git.text('root')],
          [
            trans.__('changes'),
            dirty ? trans.__('uncommitted changes') : trans.__('all committed')
          ]
        ]}
      />
      {diff && (
        <details>
          <summary>{trans.__('Uncommitted changes')}</summary>
          <Diff text={diff} />
        </details>
      )}
    </section>
  );
}

/** A diff with the added and the removed lines told apart by colour and sign. */
function Diff(props: { text: string }): React.ReactElement {
  return (
    <pre tabIndex={0} className="jp-Labdeck-diff">
      {props.text.split('\n').map((line, index) => (
        <span key={index} data-kind={diffKind(line)}>
          {line + '\n'}
        </span>
      ))}
    </pre>
  );
}

function diffKind(line: string): string | undefined {
  if (line.startsWith('+++') || line.startsWith('---')) {
    return 'file';
  }
  return { '+': 'added', '-': 'removed', '@': 'place' }[line.charAt(0)];
}

/** The machine and the packages the trial ran with. */
export function Environment(props: ITrialFaceProps): React.ReactElement {
  const { detail, trans } = props;
  const machine = captureOf(detail, 'machine');
  const packages = captureOf(detail, 'packages');
  if (!machine && !packages) {
    return (
      <Empty text={trans.__('No environment was captured for this trial.')} />
    );
  }
  return (
    <div className="jp-Labdeck-environment">
      {machine && <Machine machine={machine} trans={trans} />}
      {packages && <Packages packages={packages} trans={trans} />}
    </div>
  );
}

function Machine(props: {
  machine: CaptureBody;
  trans: TranslationBundle;
}): React.ReactElement {
  const { machine, trans } = props;
  const memory = machine.number('memory');
  return (
    <section>
      <h3>{trans.__('Machine')}</h3>
      <Facts
        facts={[
          [trans.__('host'), machine.text('host')],
          [trans.__('system'), machine.text('system')],
          [trans.__('processor'), machine.text('processor')],
          [trans.__('cores'), machine.text('cores')],
          [
            trans.__('memory'),
            Number.isFinite(memory) ? formatSize(memory) : ''
          ],
          [
            trans.__('accelerators'),
            machine.list('accelerators').map(String).join(', ') ||
              trans.__('none')
          ],
          [trans.__('command'), machine.text('command')],
          [trans.__('folder'), machine.text('folder')]
        ]}
      />
    </section>
  );
}

function Packages(props: {
  packages: CaptureBody;
  trans: TranslationBundle;
}): React.ReactElement {
  const { packages, trans } = props;
  const [filter, setFilter] = React.useState('');
  const needle = filter.trim().toLowerCase();
  const all = packages.entries('packages');
  const rows = all.filter(([name]) => name.toLowerCase().includes(needle));
  return (
    <section>
      <h3>{trans.__('Python')}</h3>
      <Facts
        facts={[
          [trans.__('version'), packages.text('python')],
          [trans.__('executable'), packages.text('executable')]
        ]}
      />
      <input
        type="search"
        className="jp-Labdeck-input"
        placeholder={trans.__('Filter %1 packages', all.length)}
        aria-label={trans.__('Filter the packages')}
        value={filter}
        onChange={event => setFilter(event.target.value)}
      />
      <SortedTable
        label={trans.__('Packages')}
        rows={rows}
        rowId={([name]) => name}
        columns={[
          {
            id: 'name',
            label: trans.__('package'),
            value: ([name]) => name,
            render: ([name]) => name
          },
          {
            id: 'version',
            label: trans.__('version'),
            value: ([, version]) => version,
            render: ([, version]) => version
          }
        ]}
      />
    </section>
  );
}

/** Names and values beside each other; what has no value is left out. */
function Facts(props: {
  facts: readonly (readonly [string, string])[];
}): React.ReactElement {
  return (
    <dl className="jp-Labdeck-facts">
      {props.facts
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}
