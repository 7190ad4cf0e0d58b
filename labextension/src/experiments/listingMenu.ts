/** How the tree is listed: its order, and whether what is archived is shown. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { SORT_KEYS, type SortKey } from '../client/order';
import { openMenu } from '../parts/menu';
import { CommandIDs } from '../tokens';
import { type ICommandContext, text } from './context';

/** The word for an order. */
export function sortLabel(sort: SortKey, trans: TranslationBundle): string {
  switch (sort) {
    case 'newest':
      return trans.__('Newest first');
    case 'name':
      return trans.__('By name');
    case 'objective':
      return trans.__('Best objective first');
    case 'duration':
      return trans.__('Longest first');
    case 'state':
      return trans.__('By state');
  }
}

/** Register the command that orders the trials. */
export function addSortCommand({
  commands,
  model,
  trans
}: ICommandContext): void {
  const by = {
    type: 'string',
    enum: [...SORT_KEYS],
    description: trans.__('What to order by')
  };
  commands.addCommand(CommandIDs.sortBy, {
    label: args => sortLabel(sortOf(text(args, 'by')), trans),
    caption: trans.__('Order the trials of every experiment'),
    describedBy: { args: { type: 'object', properties: { by } } },
    isToggleable: true,
    isToggled: args =>
      model.mirror.lists.listing.sort === sortOf(text(args, 'by')),
    execute: args => {
      const { lists } = model.mirror;
      const sort = sortOf(text(args, 'by'));
      lists.listing = { ...lists.listing, sort };
    }
  });
}

/** A text as an order; the usual one for what is none. */
export function sortOf(value: unknown): SortKey {
  return SORT_KEYS.find(sort => sort === value) ?? 'newest';
}

/** Open the menu below a button. */
export function openListingMenu(
  commands: CommandRegistry,
  button: HTMLElement
): void {
  const { left, bottom } = button.getBoundingClientRect();
  const line = (command: string, args = {}) => ({
    label: commands.label(command, args),
    isToggled: commands.isToggleable(command, args)
      ? commands.isToggled(command, args)
      : undefined,
    isEnabled: commands.isEnabled(command, args),
    onSelect: () => void commands.execute(command, args)
  });
  openMenu(
    [
      ...SORT_KEYS.map(by => line(CommandIDs.sortBy, { by })),
      null,
      line(CommandIDs.toggleArchived),
      null,
      line(CommandIDs.copySearch)
    ],
    left,
    bottom
  );
}
