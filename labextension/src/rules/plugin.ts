/** Adds what rules find to the sidebar, and the rules over running trainings to the main area. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';

import { FindingsFeed } from '../client/debugging';
import { findingActions } from '../findings/commands';
import { rulesIcon } from '../parts/icons';
import { toChoice } from '../settings';
import {
  CommandIDs,
  ILabdeckClient,
  IOpenFindings,
  ISidebar,
  PluginIDs
} from '../tokens';
import { addRulesCommands } from './commands';
import { FindingsModel } from './model';
import { Notices, TOLD } from './notices';
import { FindingsSection } from './panel';
import { RunningModel } from './running';
import { RunningPanel } from './runningPanel';

/** The section of findings, the panel of rules, their commands and notices. */
export const rulesPlugin: JupyterFrontEndPlugin<IOpenFindings> = {
  id: PluginIDs.rules,
  description: 'Shows what rules find in trainings, live.',
  autoStart: true,
  provides: IOpenFindings,
  requires: [ILabdeckClient, ISidebar],
  optional: [
    ITranslator,
    ICommandPalette,
    INotebookTracker,
    ILayoutRestorer,
    ISettingRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    client: ILabdeckClient,
    sidebar: ISidebar,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null
  ): IOpenFindings => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('labdeck');
    const all = new FindingsFeed(client, { dismissed: false });
    const model = new FindingsModel(client, all, sidebar);
    addRulesCommands({ commands, model, notebooks, trans });
    const tracker = new WidgetTracker<MainAreaWidget<RunningPanel>>({
      namespace: 'labdeck-rules'
    });
    addPanel(app, client, tracker, trans);
    void restorer?.restore(tracker, {
      command: CommandIDs.openRules,
      name: () => 'labdeck-rules'
    });
    const section = new FindingsSection({ model, commands, trans });
    sidebar.addSection(section, 200);
    notebooks?.activeCellChanged.connect(() => {
      commands.notifyCommandChanged(CommandIDs.insertWatch);
      section.update();
    });
    for (const command of LISTED) {
      palette?.addItem({ command, category: trans.__('Labdeck') });
    }
    model.changed.connect(() => {
      FOLLOWING.forEach(id => commands.notifyCommandChanged(id));
    });
    const notices = new Notices(all, commands, trans);
    if (settings) {
      void follow(settings, notices);
    }
    return all;
  }
};

/** Take over how notices are set, now and whenever it changes. */
async function follow(
  registry: ISettingRegistry,
  notices: Notices
): Promise<void> {
  const settings = await registry.load(PluginIDs.rules);
  const read = (): void => {
    notices.told = toChoice(
      settings.get('notices').composite,
      TOLD,
      notices.told
    );
  };
  settings.changed.connect(read);
  read();
}

/** Register the command that shows the rules over all running trainings. */
function addPanel(
  app: JupyterFrontEnd,
  client: ILabdeckClient,
  tracker: WidgetTracker<MainAreaWidget<RunningPanel>>,
  trans: TranslationBundle
): void {
  const { commands, shell } = app;
  const create = (): MainAreaWidget<RunningPanel> => {
    const content = new RunningPanel(new RunningModel(client), trans, {
      ...findingActions(commands),
      onOpenTrial: trial =>
        void commands.execute(CommandIDs.openTrial, { trial })
    });
    const widget = new MainAreaWidget({ content });
    widget.toolbar.hide();
    widget.id = 'labdeck-rules';
    widget.title.label = trans.__('Rules');
    widget.title.icon = rulesIcon;
    widget.title.closable = true;
    void tracker.add(widget);
    return widget;
  };
  commands.addCommand(CommandIDs.openRules, {
    label: trans.__('Show Rules'),
    caption: trans.__('Show the rules over all trainings that run'),
    icon: rulesIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => {
      const widget = tracker.currentWidget ?? create();
      if (!widget.isAttached) {
        shell.add(widget, 'main');
      }
      shell.activateById(widget.id);
      return widget;
    }
  });
}

/** Commands of the palette. */
const LISTED = [
  CommandIDs.openRules,
  CommandIDs.openFinding,
  CommandIDs.openFindingTrial,
  CommandIDs.copyFinding,
  CommandIDs.dismissFinding,
  CommandIDs.dismissAll,
  CommandIDs.findingsOfCurrent,
  CommandIDs.toggleDismissed,
  CommandIDs.insertWatch
];

/** Commands whose label or availability depends on what is current or listed. */
const FOLLOWING = [
  CommandIDs.dismissFinding,
  CommandIDs.dismissAll,
  CommandIDs.findingsOfCurrent,
  CommandIDs.toggleDismissed
];
