import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, type WidgetTracker } from '@jupyterlab/apputils';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { REPORT_KINDS } from '../reports/model';
import { trialIcon } from '../parts/icons';
import { titleOf } from '../readings';
import { CommandIDs, type ILabdeckClient } from '../tokens';
import { findingActions } from '../findings/commands';
import { TRIAL_TABS, TrialModel } from './model';
import { TrialPanel } from './panel';

/** Where trials' pages are shown. */
export type TrialTracker = WidgetTracker<MainAreaWidget<TrialPanel>>;

/** What the commands need. */
export interface ITrialContext {
  app: JupyterFrontEnd;
  client: ILabdeckClient;
  tracker: TrialTracker;
  trans: TranslationBundle;
  languages: IEditorLanguageRegistry | null;
}

/** Register the commands of trials' pages. */
export function addTrialCommands(context: ITrialContext): void {
  const { app, tracker, trans } = context;
  addReportCommand(context);
  app.commands.addCommand(CommandIDs.openTrial, {
    label: trans.__('Open Trial'),
    caption: trans.__('Show everything that is known of a trial'),
    icon: trialIcon,
    describedBy: {
      args: {
        type: 'object',
        required: ['trial'],
        properties: {
          trial: { type: 'string', description: trans.__("The trial's id") },
          tab: {
            type: 'string',
            enum: [...TRIAL_TABS],
            description: trans.__('Which face of its page to show')
          }
        }
      }
    },
    isEnabled: args => typeof args.trial === 'string',
    execute: args => {
      const id = typeof args.trial === 'string' ? args.trial : '';
      const widget =
        tracker.find(page => page.content.model.id === id) ??
        create(context, id);
      if (!widget.isAttached) {
        app.shell.add(widget, 'main');
      }
      const tab = TRIAL_TABS.find(each => each === args.tab);
      if (tab) {
        widget.content.model.setTab(tab);
      }
      app.shell.activateById(widget.id);
      return widget;
    }
  });
}

/** Register the command that makes a report and shows it. */
function addReportCommand({ app, tracker, trans }: ITrialContext): void {
  const { commands } = app;
  const properties = {
    trial: { type: 'string', description: trans.__("The trial's id") },
    kind: {
      type: 'string',
      enum: [...REPORT_KINDS],
      description: trans.__('What the report is about')
    }
  };
  const trialOf = (args: ReadonlyPartialJSONObject): string | undefined =>
    typeof args.trial === 'string'
      ? args.trial
      : tracker.currentWidget?.content.model.id;
  commands.addCommand(CommandIDs.makeReport, {
    label: trans.__('Make Report of Trial'),
    caption: trans.__(
      'Make a report of what is stored by now, and keep it with the trial as a page and as a notebook'
    ),
    describedBy: { args: { type: 'object', properties } },
    isEnabled: args => trialOf(args) !== undefined,
    execute: async args => {
      const trial = trialOf(args);
      const page: unknown = await commands.execute(CommandIDs.openTrial, {
        trial,
        tab: 'artifacts'
      });
      if (page instanceof MainAreaWidget) {
        const { model } = (page as MainAreaWidget<TrialPanel>).content;
        await model.reports.make(REPORT_KINDS.find(k => k === args.kind));
      }
    }
  });
}

function create(
  context: ITrialContext,
  id: string
): MainAreaWidget<TrialPanel> {
  const { app, client, tracker, trans } = context;
  const model = new TrialModel(client, id);
  const content = new TrialPanel(model, trans, {
    languages: context.languages,
    onOpenTrial: trial =>
      void app.commands.execute(CommandIDs.openTrial, { trial }),
    onCompare: trials =>
      void app.commands.execute(CommandIDs.compare, { trials: [...trials] }),
    findings: findingActions(app.commands),
    onDelete: () => void app.commands.execute(CommandIDs.remove, { ids: [id] }),
    onRestore: () =>
      void app.commands.execute(CommandIDs.restore, { ids: [id] })
  });
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = `labdeck-trial-${id}`;
  content.id = `${widget.id}-content`;
  widget.title.icon = trialIcon;
  widget.title.closable = true;
  const name = (): void => {
    const trial = model.detail?.trial;
    widget.title.label = trial ? titleOf(trial.name) : trans.__('Trial');
    widget.title.caption = trial ? `${trial.experiment}\n${trial.name}` : '';
  };
  model.changed.connect(name);
  name();
  void tracker.add(widget);
  return widget;
}
