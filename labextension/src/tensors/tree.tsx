import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { HealthIcon } from '../parts/Health';
import { VirtualList } from '../parts/VirtualList';
import type { TensorRow } from '../wire';
import {
  closedAtFirst,
  type Line,
  moduleId,
  pathsAbove,
  shortName,
  tensorId,
  toLines
} from './lines';
import { type IModule, parentOf, toModules } from './modules';
import { lastPart } from './within';

interface ITreeProps {
  tensors: readonly TensorRow[];
  /** The chosen tensor, "" for none. */
  selected: string;
  /** The module that is looked into, "" for the whole model. */
  within: string;
  trans: TranslationBundle;
  onSelect: (tensor: string) => void;
  onWithin: (module: string) => void;
}

/** The modules of the model and their tensors; only the lines in sight exist. */
export function ModuleTree(props: ITreeProps): React.ReactElement {
  const { tensors, trans } = props;
  const [words, setWords] = React.useState('');
  const modules = React.useMemo(
    () => toModules(tensors, words),
    [tensors, words]
  );
  const root = React.useRef<HTMLDivElement>(null);
  return (
    <div
      ref={root}
      className="jp-Labdeck-modules"
      onKeyDown={event => {
        if (event.key === '/' && !(event.target instanceof HTMLInputElement)) {
          event.preventDefault();
          event.stopPropagation();
          root.current?.querySelector('input')?.focus();
        }
      }}
    >
      <input
        type="search"
        className="jp-mod-styled"
        placeholder={trans.__('Filter tensors')}
        aria-label={trans.__('Filter tensors')}
        value={words}
        onChange={event => setWords(event.target.value)}
        onKeyDown={event => onFilterKey(event, root.current, setWords)}
      />
      {modules.length === 0 ? (
        <p className="jp-Labdeck-hint">{trans.__('No tensor matches.')}</p>
      ) : (
        <Lines {...props} modules={modules} words={words} />
      )}
    </div>
  );
}

/** Escape empties the filter, Arrow Down goes on to the lines. */
function onFilterKey(
  event: React.KeyboardEvent,
  root: HTMLElement | null,
  setWords: (words: string) => void
): void {
  if (event.key === 'Escape') {
    setWords('');
  } else if (event.key === 'ArrowDown') {
    root?.querySelector<HTMLElement>('[role=tree]')?.focus();
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

interface ILinesProps extends ITreeProps {
  modules: readonly IModule[];
  words: string;
}

function Lines(props: ILinesProps): React.ReactElement {
  const { selected, within, trans } = props;
  const { lines, toggle } = useLines(props);
  const { active, setActive } = useActive(props, lines);
  const choose = (line: Line): void => {
    setActive(line.id);
    if (line.kind === 'tensor') {
      props.onSelect(line.tensor.name);
    } else if (isScope(line.module)) {
      props.onWithin(line.module.path === within ? '' : line.module.path);
    } else {
      toggle(line.module.path, !line.isOpen);
    }
  };
  return (
    <VirtualList
      key={props.words} // what is found is read from its beginning
      label={trans.__('Tensors')}
      isSingle
      rows={lines}
      rowKey={idOf}
      rowProps={line => lineProps(line, selected, within)}
      renderRow={line => (
        <Content line={line} trans={trans} onToggle={toggle} />
      )}
      active={active}
      onMove={line => setActive(line.id)}
      onKey={(event, line) =>
        line && onKey(event, line, { lines, toggle, choose, setActive })
      }
      onClick={(_, line) => choose(line)}
      onDoubleClick={(_, line) =>
        line.kind === 'module' && toggle(line.module.path, !line.isOpen)
      }
      onContextMenu={line => setActive(line.id)}
      onVisible={nothing}
      onEngaged={nothing}
    />
  );
}

/** The line that the keys act on; another filter begins without one. */
function useActive(
  { selected, words }: ILinesProps,
  lines: readonly Line[]
): { active: string | null; setActive: (id: string) => void } {
  const [place, setPlace] = React.useState({ id: '', words });
  React.useEffect(() => {
    if (selected !== '') {
      setPlace(({ words }) => ({ id: tensorId(selected), words }));
    }
  }, [selected]);
  const isThere =
    place.words === words && lines.some(({ id }) => id === place.id);
  return {
    active: isThere ? place.id : null,
    setActive: id => setPlace({ id, words })
  };
}

/** The lines that are seen, and what opens and closes a module; what a filter finds begins open. */
function useLines(props: ILinesProps): {
  lines: readonly Line[];
  toggle: (path: string, open: boolean) => void;
} {
  const { modules, words, selected } = props;
  const [closed, setClosed] = React.useState(() => closedAtFirst(modules));
  const [closedFound, setClosedFound] = React.useState<ReadonlySet<string>>(
    new Set()
  );
  React.useEffect(() => setClosedFound(new Set()), [words]);
  const latest = React.useRef(modules);
  latest.current = modules;
  React.useEffect(() => {
    const above = pathsAbove(latest.current, selected);
    setClosed(before => new Set([...before].filter(p => !above.includes(p))));
  }, [selected]);
  const [hidden, setHidden] =
    words === '' ? [closed, setClosed] : [closedFound, setClosedFound];
  const lines = React.useMemo(
    () => toLines(modules, hidden),
    [modules, hidden]
  );
  const toggle = (path: string, open: boolean): void => {
    const changed = new Set(hidden);
    if (open) {
      changed.delete(path);
    } else {
      changed.add(path);
    }
    setHidden(changed);
  };
  return { lines, toggle };
}

interface IKeys {
  lines: readonly Line[];
  toggle: (path: string, open: boolean) => void;
  choose: (line: Line) => void;
  setActive: (id: string) => void;
}

function onKey(event: React.KeyboardEvent, line: Line, keys: IKeys): void {
  const { toggle, choose } = keys;
  const actions = new Map<string, () => void>([
    ['ArrowRight', () => open(line, keys)],
    ['ArrowLeft', () => close(line, keys)],
    ['Enter', () => choose(line)],
    [
      ' ',
      () =>
        line.kind === 'module'
          ? toggle(line.module.path, !line.isOpen)
          : choose(line)
    ]
  ]);
  const action = actions.get(event.key);
  if (action && !event.altKey && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}

function open(line: Line, { lines, toggle, setActive }: IKeys): void {
  if (line.kind === 'module') {
    if (line.isOpen) {
      const next = lines.at(lines.indexOf(line) + 1);
      setActive((next && next.depth > line.depth ? next : line).id);
    } else {
      toggle(line.module.path, true);
    }
  }
}

function close(line: Line, { lines, toggle, setActive }: IKeys): void {
  if (line.kind === 'module' && line.isOpen) {
    toggle(line.module.path, false);
    return;
  }
  if (line.kind === 'module') {
    const parent = parentOf(line.module.path);
    setActive(parent === null ? line.id : moduleId(parent));
    return;
  }
  const above = lines.slice(0, lines.indexOf(line)).reverse();
  setActive(above.find(({ kind }) => kind === 'module')?.id ?? line.id);
}

/** Whether map and network can be narrowed to it. */
function isScope({ kind, path }: IModule): boolean {
  return kind === 'module' && path !== '';
}

function lineProps(
  line: Line,
  selected: string,
  within: string
): React.HTMLAttributes<HTMLDivElement> {
  const isChosen =
    line.kind === 'tensor'
      ? line.tensor.name === selected
      : within !== '' && line.module.path === within;
  return {
    className: `jp-mod-tensor${isChosen ? ' jp-mod-selected' : ''}`,
    style: { paddingInlineStart: 4 + 12 * Math.min(line.depth, 8) },
    'aria-level': line.depth + 1,
    'aria-posinset': line.position,
    'aria-setsize': line.siblings,
    'aria-expanded': line.kind === 'module' ? line.isOpen : undefined,
    'aria-selected': isChosen
  };
}

function Content(props: {
  line: Line;
  trans: TranslationBundle;
  onToggle: (path: string, open: boolean) => void;
}): React.ReactElement {
  const { line, trans } = props;
  if (line.kind === 'tensor') {
    const { tensor } = line;
    return (
      <>
        <HealthIcon health={tensor.health} trans={trans} />
        <span className="jp-Labdeck-name" title={tensor.name}>
          {shortName(tensor)}
        </span>
        <span className="jp-Labdeck-module-type">{tensor.shape.join('×')}</span>
      </>
    );
  }
  const { module, isOpen } = line;
  const name = nameOf(module, trans);
  const icon = isOpen ? caretDownIcon : caretRightIcon;
  return (
    <>
      <span
        className="jp-Labdeck-caret"
        aria-hidden="true"
        onClick={event => {
          event.stopPropagation();
          props.onToggle(module.path, !isOpen);
        }}
        onDoubleClick={event => event.stopPropagation()}
      >
        <icon.react tag={null} width="16px" height="16px" />
      </span>
      <HealthIcon health={module.health} trans={trans} />
      <strong className="jp-Labdeck-name" title={name}>
        {module.kind === 'module' ? lastPart(name) : name}
      </strong>
      <span className="jp-Labdeck-module-type">{module.type}</span>
    </>
  );
}

function nameOf(module: IModule, trans: TranslationBundle): string {
  switch (module.kind) {
    case 'values':
      return trans.__('values of the training');
    case 'timing':
      return trans.__('times of the steps');
    case 'system':
      return trans.__('the machine');
    case 'module':
      return module.path === '' ? trans.__('the model itself') : module.path;
  }
}

function idOf(line: Line): string {
  return line.id;
}

function nothing(): void {
  // All lines are known, and nothing waits for the reader to leave.
}
