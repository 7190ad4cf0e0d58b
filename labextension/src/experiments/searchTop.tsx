/** The search box above the sections, with its buttons. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { helpIcon, sortIcon } from '../parts/icons';
import { useSignal } from '../parts/useSignal';
import { SearchBox } from '../search/box';
import { CommandIDs, type ISidebar } from '../tokens';
import { type ICommandContext, NO_ARGUMENTS } from './context';
import { addSortCommand, openListingMenu } from './listingMenu';
import type { ExperimentsModel } from './model';

/** Put the box into the sidebar and register what is done with it. */
export function addSearch(context: ICommandContext): void {
  const { commands, model, sidebar, trans } = context;
  const box = new SearchBox({ model: model.search, trans, onLeave }, () => (
    <Buttons model={model} commands={commands} trans={trans} />
  ));
  sidebar.addTop(box);
  addSortCommand(context);
  addSearchCommands(context, sidebar, box);
}

function addSearchCommands(
  { commands, model, trans }: ICommandContext,
  sidebar: ISidebar,
  box: SearchBox
): void {
  const show = (): void => {
    sidebar.reveal();
    box.focus();
  };
  commands.addCommand(CommandIDs.focusFilter, {
    label: trans.__('Search Trials'),
    caption: trans.__('Find trials by name, metric, parameter, tag or state'),
    describedBy: NO_ARGUMENTS,
    execute: show
  });
  commands.addCommand(CommandIDs.clearSearch, {
    label: trans.__('Clear Search'),
    caption: trans.__('Show all trials again'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => model.search.text !== '',
    execute: () => model.search.clear()
  });
  commands.addCommand(CommandIDs.searchHelp, {
    label: trans.__('How to Search'),
    caption: trans.__('Show the search language in short'),
    describedBy: NO_ARGUMENTS,
    isToggleable: true,
    isToggled: () => model.search.help,
    execute: () => {
      model.search.help = !model.search.help;
      if (model.search.help) {
        show();
      }
    }
  });
}

/** Put the focus into the tree below the box. */
function onLeave(): void {
  const list = '.jp-Labdeck-sidebar .jp-Labdeck-list';
  document.querySelector<HTMLElement>(list)?.focus();
}

function Buttons(props: {
  model: ExperimentsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, commands, trans } = props;
  useSignal(model.changed);
  useSignal(model.search.changed);
  const { sort, archived } = model.mirror.lists.listing;
  const isUsual = sort === 'newest' && !archived;
  return (
    <>
      <Button
        icon={helpIcon}
        label={trans.__('How to search')}
        pressed={model.search.help}
        onClick={() => {
          model.search.help = !model.search.help;
        }}
      />
      <Button
        icon={sortIcon}
        label={trans.__('Order and archive')}
        marked={!isUsual}
        menu
        onClick={event => openListingMenu(commands, event.currentTarget)}
      />
    </>
  );
}

function Button(props: {
  icon: LabIcon;
  label: string;
  pressed?: boolean;
  /** Something is set that is not usual. */
  marked?: boolean;
  menu?: boolean;
  onClick: (event: React.MouseEvent<HTMLButtonElement>) => void;
}): React.ReactElement {
  return (
    <button
      type="button"
      className={`jp-Labdeck-iconbutton${props.marked ? ' jp-mod-marked' : ''}`}
      aria-label={props.label}
      aria-pressed={props.menu ? undefined : props.pressed}
      aria-haspopup={props.menu ? 'menu' : undefined}
      title={props.label}
      onClick={props.onClick}
    >
      <props.icon.react tag={null} width="16px" height="16px" />
    </button>
  );
}
