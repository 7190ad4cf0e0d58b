/** Taking things out of the sidebar: ids, names, and code that finds them again. */
import { Clipboard, Notification } from '@jupyterlab/apputils';
import { copyIcon } from '@jupyterlab/ui-components';

import { sortText } from '../client/order';
import { experimentCode, searchCode, trialCode, trialsCode } from '../code';
import { CommandIDs } from '../tokens';
import {
  describe,
  experimentOf,
  type ICommandContext,
  NO_ARGUMENTS,
  target
} from './context';
import type { ExperimentsModel } from './model';
import type { Row } from './rows';

/** Register the commands. */
export function addCopyCommands(context: ICommandContext): void {
  const { commands, model, trans } = context;
  const words = { id: trans.__('Its id') };
  commands.addCommand(CommandIDs.copyId, {
    label: trans.__('Copy Id'),
    caption: trans.__('Copy the id by which code finds an experiment or trial'),
    icon: copyIcon,
    describedBy: describe(words),
    isEnabled: args => target(model, args) !== null,
    execute: args => {
      const id = target(model, args);
      if (id !== null) {
        Clipboard.copyToSystem(id);
      }
    }
  });
  commands.addCommand(CommandIDs.copyName, {
    label: trans.__('Copy Name'),
    caption: trans.__('Copy the name of what is current in the sidebar'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => rowName(model.activeRow) !== null,
    execute: () => Clipboard.copyToSystem(rowName(model.activeRow) ?? '')
  });
  addCodeCommands(context);
}

function addCodeCommands({ commands, model, trans }: ICommandContext): void {
  const copy = (code: string | null): void => {
    if (code !== null) {
      Clipboard.copyToSystem(code);
      Notification.success(trans.__('Copied. Paste it into a cell.'), {
        autoClose: 3000
      });
    }
  };
  commands.addCommand(CommandIDs.copyCode, {
    label: trans.__('Copy as Python'),
    caption: trans.__('Copy code that opens the experiment or trials again'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => rowCode(model, model.activeRow) !== null,
    execute: () => copy(rowCode(model, model.activeRow))
  });
  commands.addCommand(CommandIDs.copySearch, {
    label: trans.__('Copy Search as Python'),
    caption: trans.__('Copy code that searches for the same trials'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.search.query.query !== '',
    execute: () => copy(currentSearch(model))
  });
}

/** The name that a row shows. */
export function rowName(row: Row | null): string | null {
  switch (row?.kind) {
    case 'experiment':
      return row.experiment.name;
    case 'trial':
      return row.trial.name;
    case 'component':
      return row.component.name;
    default:
      return null;
  }
}

/** Code for a row, or for the selection if the row belongs to one of several. */
export function rowCode(
  model: ExperimentsModel,
  row: Row | null
): string | null {
  switch (row?.kind) {
    case 'experiment':
      return experimentCode(row.experiment);
    case 'trial': {
      const { selection, mirror } = model;
      return selection.size > 1 && selection.has(row.key)
        ? trialsCode(selection.keys.map(id => mirror.findTrial(id) ?? id))
        : trialCode(row.trial);
    }
    case 'component': {
      const trial = model.mirror.findTrial(row.trial);
      return trial ? trialCode(trial, row.component.name) : null;
    }
    default:
      return null;
  }
}

/** Code for what is searched, in the experiment that is current if there is one. */
function currentSearch(model: ExperimentsModel): string {
  const { sort, archived } = model.mirror.lists.listing;
  const row = model.activeRow;
  const experiment =
    row?.kind === 'experiment' ? experimentOf(model, row.key) : null;
  const order =
    sort === 'newest' || sort === 'objective' ? '' : sortText(sort, null);
  const { query } = model.search.query;
  return searchCode({ query, sort: order, archived }, experiment);
}
