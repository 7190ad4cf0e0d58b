/** The tree itself: rows, and what clicks and keys do to them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { formatCount } from '../parts/format';
import { useNow } from '../parts/now';
import { useSignal } from '../parts/useSignal';
import { VirtualList } from '../parts/VirtualList';
import { CommandIDs, type IOpenFindings } from '../tokens';
import { rowCode, rowName } from './copying';
import { watchDrag } from './dragging';
import type { ExperimentsModel } from './model';
import type { Row } from './rows';
import { RowCells } from './row';

interface ITreeProps {
  model: ExperimentsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
  findings?: IOpenFindings | null;
}

/** Experiments > trials > components. */
export function Tree(props: ITreeProps): React.ReactElement {
  const { model, commands, trans, findings = null } = props;
  useSignal(findings?.changed ?? model.changed);
  const running = model.mirror.experiments.some(({ running }) => running > 0);
  const now = useNow(running ? 1000 : 20_000);
  const rename = (id: string, name: string): void =>
    void commands.execute(CommandIDs.rename, { id, name });
  const onVisible = React.useCallback(
    (first: number, last: number) => model.show(first, last),
    [model]
  );
  return (
    <VirtualList
      label={trans.__('Experiments')}
      rows={model.rows}
      rowKey={rowKey}
      rowProps={row => rowProps(row, model)}
      renderRow={row => (
        <RowCells
          row={row}
          model={model}
          trans={trans}
          now={now}
          rename={rename}
          found={trial => findings?.count(trial) ?? 0}
        />
      )}
      active={model.active}
      onMove={(row, extend) => move(model, row, extend)}
      onKey={(event, row) => onKey(props, event, row)}
      onClick={(event, row) => onClick(model, event, row)}
      onDoubleClick={(_, row) => {
        if (row.kind !== 'experiment') {
          void commands.execute(CommandIDs.openCurrent);
        }
      }}
      onContextMenu={row => {
        if (model.selection.has(row.key)) {
          model.active = row.key;
        } else {
          model.select(row.key, 'only');
        }
      }}
      onVisible={onVisible}
      onEngaged={engaged => {
        model.engaged = engaged;
      }}
    />
  );
}

function rowKey(row: Row): string {
  return row.key;
}

function rowProps(
  row: Row,
  model: ExperimentsModel
): React.HTMLAttributes<HTMLDivElement> {
  const { level } = row;
  const selected = row.kind === 'trial' && model.selection.has(row.key);
  const named = row.kind === 'experiment' || row.kind === 'trial';
  const classes = [
    `jp-mod-${row.kind}`,
    level === 1 ? '' : 'jp-mod-below',
    named ? 'jp-mod-named' : '',
    selected ? 'jp-mod-selected' : '',
    isArchived(row) ? 'jp-mod-archived' : ''
  ];
  const props: React.HTMLAttributes<HTMLDivElement> = {
    className: classes.filter(Boolean).join(' '),
    style: { '--labdeck-depth': level - 2 } as React.CSSProperties,
    'aria-level': level,
    'aria-posinset': row.position,
    'aria-setsize': row.siblings,
    onPointerDown: event =>
      watchDrag(event, () => {
        const code = rowCode(model, row);
        return code === null ? null : { label: draggedLabel(model, row), code };
      })
  };
  if (row.kind === 'experiment' || row.kind === 'trial') {
    props['aria-expanded'] = row.open;
  }
  if (row.kind === 'trial') {
    props['aria-selected'] = selected;
  }
  if (row.kind === 'pending') {
    props['aria-busy'] = true;
  }
  return props;
}

function isArchived(row: Row): boolean {
  return (
    (row.kind === 'trial' && row.trial.archived) ||
    (row.kind === 'experiment' && row.experiment.archived)
  );
}

/** What stands beside the pointer that drags a row. */
function draggedLabel(model: ExperimentsModel, row: Row): string {
  const { selection } = model;
  if (selection.size > 1 && selection.has(row.key)) {
    return formatCount(selection.size);
  }
  return rowName(row) ?? '';
}

function move(model: ExperimentsModel, row: Row, extend: boolean): void {
  if (extend) {
    if (model.active !== null && model.selection.size === 0) {
      model.select(model.active, 'only');
    }
    model.select(row.key, 'range');
  } else {
    model.active = row.key;
  }
}

function onClick(
  model: ExperimentsModel,
  event: React.MouseEvent,
  row: Row
): void {
  if (event.shiftKey) {
    model.select(row.key, 'range');
  } else if (event.ctrlKey || event.metaKey) {
    model.select(row.key, 'toggle');
  } else {
    model.select(row.key, 'only');
    if (row.kind === 'experiment') {
      model.toggle(row.key, !row.open);
    }
  }
}

function onKey(
  props: ITreeProps,
  event: React.KeyboardEvent,
  row: Row | null
): void {
  const { model, commands } = props;
  const command = event.ctrlKey || event.metaKey;
  const actions = new Map<string, () => void>([
    ['ArrowRight', () => open(model, row)],
    ['ArrowLeft', () => close(model, row)],
    ['Enter', () => void commands.execute(CommandIDs.openCurrent)],
    [' ', () => mark(model, row)],
    ['Escape', () => model.clearSelection()]
  ]);
  const action =
    command && event.key === 'a'
      ? () => void model.selectAll()
      : actions.get(event.key);
  if (action && !event.altKey && (!command || event.key === 'a')) {
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}

function open(model: ExperimentsModel, row: Row | null): void {
  if (row?.kind === 'experiment' || row?.kind === 'trial') {
    if (row.open) {
      const [next = row] = model.rows.slice(model.rows.indexOf(row) + 1);
      model.active = next.key;
    } else {
      model.toggle(row.key, true);
    }
  }
}

function close(model: ExperimentsModel, row: Row | null): void {
  if ((row?.kind === 'experiment' || row?.kind === 'trial') && row.open) {
    model.toggle(row.key, false);
  } else {
    model.activateParent();
  }
}

function mark(model: ExperimentsModel, row: Row | null): void {
  if (row?.kind === 'trial') {
    model.select(row.key, 'toggle');
  } else if (row?.kind === 'experiment') {
    model.toggle(row.key, !row.open);
  }
}
