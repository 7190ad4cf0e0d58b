/** The sidebar: a head with its buttons, and one section a system. */
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  CommandToolbarButton,
  ellipsesIcon,
  MenuSvg,
  SidePanel,
  Toolbar,
  ToolbarButton
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { MessageLoop } from '@lumino/messaging';
import { type ISignal, Signal } from '@lumino/signaling';
import { AccordionPanel, Widget } from '@lumino/widgets';

import { labdeckIcon } from '../parts/icons';
import { CommandIDs, type ICurrentExperiment, type ISidebar } from '../tokens';

/** Commands of the head's menu; null is a line. */
const MENU = [
  CommandIDs.newExperiment,
  CommandIDs.firstStep,
  null,
  CommandIDs.focusFilter,
  CommandIDs.searchHelp,
  CommandIDs.toggleArchived,
  CommandIDs.collapseAll,
  CommandIDs.clearSelection,
  null,
  CommandIDs.refresh
];

/** One icon on the left; sections fold. */
export class Sidebar extends SidePanel implements ISidebar {
  /**
   * @param commands - Where the buttons' commands are.
   * @param trans - For the words of the head.
   * @param reveal - Brings the sidebar into sight.
   */
  constructor(
    commands: CommandRegistry,
    trans: TranslationBundle,
    reveal: () => void
  ) {
    super();
    this.#reveal = reveal;
    this.id = 'labdeck-sidebar';
    this.addClass('jp-Labdeck-sidebar');
    this.title.icon = labdeckIcon;
    this.title.caption = trans.__('Labdeck: experiments');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Labdeck'));
    this.#menu = createMenu(commands);
    this.header.addWidget(createHead(commands, this.#menu, trans));
    this.#heads.observe(this.header.node);
  }

  addSection(section: Widget, rank: number): IDisposable {
    const after = this.#ranks.findIndex(other => other > rank);
    const index = after < 0 ? this.#ranks.length : after;
    this.#ranks.splice(index, 0, rank);
    this.insertWidget(index, section);
    // The first has most to show; what the reader drags, and what the layout restorer brings back, comes later.
    if (this.content instanceof AccordionPanel) {
      this.content.setRelativeSizes(this.#ranks.map((_, i) => (i ? 1 : 2)));
    }
    return new DisposableDelegate(() => {
      this.#ranks.splice(this.#ranks.indexOf(rank), 1);
      section.parent = null;
    });
  }

  addTop(widget: Widget): IDisposable {
    this.header.addWidget(widget);
    return new DisposableDelegate(() => {
      widget.parent = null;
    });
  }

  reveal(): void {
    this.#reveal();
  }

  get current(): ICurrentExperiment | null {
    return this.#current;
  }

  set current(current: ICurrentExperiment | null) {
    const before = this.#current;
    if (before?.id !== current?.id || before?.name !== current?.name) {
      this.#current = current;
      this.#currentChanged.emit(current);
    }
  }

  get currentChanged(): ISignal<ISidebar, ICurrentExperiment | null> {
    return this.#currentChanged;
  }

  override dispose(): void {
    this.#heads.disconnect();
    this.#menu.dispose();
    super.dispose();
  }

  /**
   * Sections have places in pixels, which Lumino reckons when it is told of a new size; nobody tells it when what stands
   * above them grows, as the search box does when it is drawn and when a query is wrong.
   */
  readonly #heads = new ResizeObserver(() => {
    MessageLoop.postMessage(this.content, Widget.ResizeMessage.UnknownSize);
  });
  readonly #menu: MenuSvg;
  readonly #reveal: () => void;
  readonly #ranks: number[] = [];
  #current: ICurrentExperiment | null = null;
  readonly #currentChanged = new Signal<ISidebar, ICurrentExperiment | null>(
    this
  );
}

function createHead(
  commands: CommandRegistry,
  menu: MenuSvg,
  trans: TranslationBundle
): Widget {
  const head = new Toolbar();
  head.addClass('jp-Labdeck-head');
  head.node.setAttribute('aria-label', trans.__('Labdeck'));
  const title = new Widget({ node: document.createElement('h2') });
  title.node.textContent = trans.__('Labdeck');
  head.addItem('title', title);
  head.addItem('spacer', Toolbar.createSpacerItem());
  for (const id of [CommandIDs.newExperiment, CommandIDs.refresh]) {
    head.addItem(id, new CommandToolbarButton({ commands, id, label: '' }));
  }
  const more = new ToolbarButton({
    icon: ellipsesIcon,
    tooltip: trans.__('More'),
    onClick: () => {
      const { left, bottom } = more.node.getBoundingClientRect();
      menu.open(left, bottom);
    }
  });
  head.addItem('more', more);
  return head;
}

function createMenu(commands: CommandRegistry): MenuSvg {
  const menu = new MenuSvg({ commands });
  for (const command of MENU) {
    menu.addItem(command ? { command } : { type: 'separator' });
  }
  return menu;
}
