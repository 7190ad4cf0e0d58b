import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { HealthIcon } from '../parts/Health';
import type { TensorRow } from '../wire';
import { type IModule, shownModules, toModules } from './modules';

interface ITreeProps {
  tensors: readonly TensorRow[];
  selected: string;
  trans: TranslationBundle;
  onSelect: (tensor: string) => void;
}

/** One line of the tree. */
type Line =
  | { kind: 'module'; id: string; module: IModule }
  | { kind: 'tensor'; id: string; tensor: TensorRow; depth: number };

/** The modules of the model and their tensors; arrows move, left and right close and open, Enter selects. */
export function ModuleTree(props: ITreeProps): React.ReactElement {
  const { tensors, trans } = props;
  const [words, setWords] = React.useState('');
  const [closed, setClosed] = React.useState<ReadonlySet<string>>(
    new Set(['(timing)', '(system)'])
  );
  const lines = React.useMemo(
    () => toLines(tensors, words, closed),
    [tensors, words, closed]
  );
  const toggle = (path: string, open: boolean): void => {
    const changed = new Set(closed);
    if (open) {
      changed.delete(path);
    } else {
      changed.add(path);
    }
    setClosed(changed);
  };
  return (
    <div className="jp-Labdeck-modules">
      <input
        type="search"
        className="jp-mod-styled"
        placeholder={trans.__('Filter tensors')}
        aria-label={trans.__('Filter tensors')}
        value={words}
        onChange={event => setWords(event.target.value)}
      />
      {lines.length === 0 ? (
        <p className="jp-Labdeck-hint">{trans.__('No tensor matches.')}</p>
      ) : (
        <Lines {...props} lines={lines} closed={closed} onToggle={toggle} />
      )}
    </div>
  );
}

interface ILinesProps extends ITreeProps {
  lines: readonly Line[];
  closed: ReadonlySet<string>;
  onToggle: (path: string, open: boolean) => void;
}

function Lines(props: ILinesProps): React.ReactElement {
  const { lines, closed, selected, trans } = props;
  const { root, current, setFocused, act, onKeyDown } = useTreeKeys(props);
  return (
    <div ref={root} role="tree" aria-label={trans.__('Tensors')}>
      {lines.map(line => (
        <div
          key={line.id}
          data-line={line.id}
          role="treeitem"
          className="jp-Labdeck-module"
          aria-level={depthOf(line) + 1}
          aria-expanded={
            line.kind === 'module' ? !closed.has(line.module.path) : undefined
          }
          aria-selected={line.id === `t:${selected}`}
          tabIndex={line.id === current ? 0 : -1}
          style={{ paddingInlineStart: 8 + 12 * depthOf(line) }}
          onFocus={() => setFocused(line.id)}
          onClick={() => act(line)}
          onKeyDown={event => onKeyDown(event, line)}
        >
          <Content line={line} trans={trans} />
        </div>
      ))}
    </div>
  );
}

/** Which line has the focus when the tree has it, and what the keys do. */
function useTreeKeys(props: ILinesProps): {
  root: React.RefObject<HTMLDivElement>;
  current: string;
  setFocused: (id: string) => void;
  act: (line: Line) => void;
  onKeyDown: (event: React.KeyboardEvent, line: Line) => void;
} {
  const { lines, closed, selected, onSelect, onToggle } = props;
  const root = React.useRef<HTMLDivElement>(null);
  const [focused, setFocused] = React.useState('');
  const current = lines.some(({ id }) => id === focused)
    ? focused
    : (lines.find(({ id }) => id === `t:${selected}`)?.id ?? lines[0].id);
  const move = (by: number): void => {
    const at = lines.findIndex(({ id }) => id === current) + by;
    const next = lines[Math.max(0, Math.min(lines.length - 1, at))];
    root.current
      ?.querySelector<HTMLElement>(`[data-line="${CSS.escape(next.id)}"]`)
      ?.focus();
  };
  const act = (line: Line): void => {
    if (line.kind === 'tensor') {
      onSelect(line.tensor.name);
    } else {
      onToggle(line.module.path, closed.has(line.module.path));
    }
  };
  const onKeyDown = (event: React.KeyboardEvent, line: Line): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      move(event.key === 'ArrowDown' ? 1 : -1);
    } else if (
      line.kind === 'module' &&
      /^Arrow(Left|Right)$/.test(event.key)
    ) {
      onToggle(line.module.path, event.key === 'ArrowRight');
    } else if (event.key === 'Enter' || event.key === ' ') {
      act(line);
    } else {
      return;
    }
    event.preventDefault();
  };
  return { root, current, setFocused, act, onKeyDown };
}

function Content(props: {
  line: Line;
  trans: TranslationBundle;
}): React.ReactElement {
  const { line, trans } = props;
  if (line.kind === 'tensor') {
    const { tensor } = line;
    return (
      <>
        <HealthIcon health={tensor.health} trans={trans} />
        <span className="jp-Labdeck-module-name" title={tensor.name}>
          {tensor.name}
        </span>
        <span className="jp-Labdeck-module-type">{tensor.shape.join('×')}</span>
      </>
    );
  }
  const { module } = line;
  const name = nameOf(module, trans);
  return (
    <>
      <HealthIcon health={module.health} trans={trans} />
      <strong className="jp-Labdeck-module-name" title={name}>
        {module.kind === 'module' ? name.split('.').slice(-1)[0] : name}
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

function depthOf(line: Line): number {
  return line.kind === 'module' ? line.module.depth : line.depth;
}

function toLines(
  tensors: readonly TensorRow[],
  words: string,
  closed: ReadonlySet<string>
): Line[] {
  const modules = toModules(tensors, words);
  return shownModules(modules, closed).flatMap((module): Line[] => [
    { kind: 'module', id: `m:${module.path}`, module },
    ...(closed.has(module.path)
      ? []
      : module.tensors.map((tensor): Line => ({
          kind: 'tensor',
          id: `t:${tensor.name}`,
          tensor,
          depth: module.depth + 1
        })))
  ]);
}
