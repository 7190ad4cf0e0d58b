/** What can be done with the selected trials. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, deleteIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { formatCount } from '../parts/format';
import { archiveIcon, tagIcon } from '../parts/icons';
import { CommandIDs } from '../tokens';
import type { ExperimentsModel } from './model';

interface IBarProps {
  model: ExperimentsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** Appears when more than one trial is selected. */
export function SelectionBar(props: IBarProps): React.ReactElement | null {
  const { model, commands, trans } = props;
  const count = model.selection.size;
  if (count < 2) {
    return null;
  }
  const compare = CommandIDs.compareSelected;
  return (
    <div
      className="jp-Labdeck-selection"
      role="toolbar"
      aria-label={trans.__('Selected trials')}
    >
      <span className="jp-Labdeck-name" role="status">
        {trans._n('%1 selected', '%1 selected', count, formatCount(count))}
      </span>
      <button
        className="jp-Labdeck-link"
        disabled={!commands.isEnabled(compare)}
        title={commands.caption(compare)}
        onClick={() => void commands.execute(compare)}
      >
        {trans.__('Compare')}
      </button>
      <Changes {...props} />
      <Action
        icon={closeIcon}
        label={trans.__('Clear the selection')}
        onClick={() => model.clearSelection()}
      />
    </div>
  );
}

/** The buttons that change what is selected. */
function Changes(props: IBarProps): React.ReactElement {
  const { model, commands, trans } = props;
  const ids = [...model.selection.keys];
  const run = (command: string) => () =>
    void commands.execute(command, { ids });
  return (
    <>
      <Action
        icon={tagIcon}
        label={trans.__('Tag')}
        onClick={run(CommandIDs.editTags)}
      />
      <Action
        icon={archiveIcon}
        label={commands.label(CommandIDs.archive, { ids })}
        onClick={run(CommandIDs.archive)}
      />
      <Action
        icon={deleteIcon}
        label={trans.__('Delete')}
        onClick={run(CommandIDs.remove)}
      />
    </>
  );
}

function Action(props: {
  icon: LabIcon;
  label: string;
  onClick: () => void;
}): React.ReactElement {
  return (
    <button
      className="jp-Labdeck-iconbutton"
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      <props.icon.react tag={null} width="16px" height="16px" />
    </button>
  );
}
