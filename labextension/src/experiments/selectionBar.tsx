/** What can be done with the selected trials. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { formatCount } from '../parts/format';
import { CommandIDs } from '../tokens';
import type { ExperimentsModel } from './model';

/** Appears when more than one trial is selected. */
export function SelectionBar(props: {
  model: ExperimentsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { model, commands, trans } = props;
  const count = model.selection.size;
  if (count < 2) {
    return null;
  }
  const clear = trans.__('Clear the selection');
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
      <button
        className="jp-Labdeck-iconbutton"
        aria-label={clear}
        title={clear}
        onClick={() => model.clearSelection()}
      >
        <closeIcon.react tag={null} width="16px" height="16px" />
      </button>
    </div>
  );
}
