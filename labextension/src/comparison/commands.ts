import type { JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  MainAreaWidget,
  Notification,
  type WidgetTracker
} from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';

import { comparisonIcon } from '../parts/icons';
import { titleOf } from '../readings';
import { CommandIDs, type ILabdeckClient } from '../tokens';
import { comparisonCode, ComparisonModel } from './model';
import { ComparisonPanel } from './panel';

/** Where comparisons are shown. */
export type ComparisonTracker = WidgetTracker<MainAreaWidget<ComparisonPanel>>;

/** What the commands need. */
export interface IComparisonContext {
  app: JupyterFrontEnd;
  client: ILabdeckClient;
  tracker: ComparisonTracker;
  trans: TranslationBundle;
}

/** Register the commands of comparisons. */
export function addComparisonCommands(context: IComparisonContext): void {
  const { app, tracker, trans } = context;
  const trials = {
    type: 'array' as const,
    items: { type: 'string' as const },
    description: trans.__('Ids of the trials')
  };
  const experiment = {
    type: 'string' as const,
    description: trans.__('What to call the comparison')
  };
  const page = {
    type: 'string' as const,
    description: trans.__('Which page it was before the browser was reloaded')
  };
  app.commands.addCommand(CommandIDs.compare, {
    label: trans.__('Compare Trials'),
    caption: trans.__('Show trials side by side, as a table and as curves'),
    icon: comparisonIcon,
    describedBy: {
      args: { type: 'object', properties: { trials, experiment, page } }
    },
    execute: args =>
      open(
        context,
        texts(args.trials),
        typeof args.experiment === 'string' ? args.experiment : '',
        typeof args.page === 'string' ? args.page : ''
      )
  });
  app.commands.addCommand(CommandIDs.copyAsPython, {
    label: trans.__('Copy Comparison as Python'),
    caption: trans.__('Copy code that makes the comparison in a notebook'),
    describedBy: { args: { type: 'object', properties: { trials } } },
    isEnabled: args =>
      args.trials !== undefined ||
      (tracker.currentWidget?.content.model.shown.length ?? 0) > 0,
    execute: args =>
      args.trials === undefined
        ? copyShown(context)
        : copy(context, texts(args.trials))
  });
}

/**
 * Show a comparison: the open one of the same trials, else a new one.
 *
 * @param page - The id of the page to restore; "" for a new one.
 */
function open(
  context: IComparisonContext,
  trials: readonly string[],
  experiment: string,
  page: string
): MainAreaWidget<ComparisonPanel> {
  const { app, tracker } = context;
  const wanted = JSON.stringify([...trials].sort());
  const shown = tracker.find(
    widget => JSON.stringify([...widget.content.model.trials].sort()) === wanted
  );
  const widget = shown ?? create(context, trials, experiment, page);
  if (!widget.isAttached) {
    app.shell.add(widget, 'main');
  }
  app.shell.activateById(widget.id);
  return widget;
}

function create(
  context: IComparisonContext,
  trials: readonly string[],
  experiment: string,
  page: string
): MainAreaWidget<ComparisonPanel> {
  const { app, client, tracker, trans } = context;
  const model = new ComparisonModel(client, trials, experiment);
  const content = new ComparisonPanel(model, trans, {
    onOpen: trial => void app.commands.execute(CommandIDs.openTrial, { trial }),
    onShowSidebar: () => void app.commands.execute(CommandIDs.showSidebar),
    onCopy: () =>
      copyCode(context, comparisonCode(model.shown.map(f => f.trial)))
  });
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = page || `labdeck-comparison-${UUID.uuid4()}`;
  content.id = `${widget.id}-content`;
  widget.title.icon = comparisonIcon;
  widget.title.closable = true;
  const name = (): void => {
    widget.title.label = model.experiment
      ? trans.__('Compare: %1', titleOf(model.experiment))
      : trans.__('Compare');
    widget.title.caption = model.facts.map(f => f.trial.name).join('\n');
  };
  model.changed.connect(name);
  model.trialsChanged.connect(() => void tracker.save(widget));
  name();
  void tracker.add(widget);
  return widget;
}

function copyShown(context: IComparisonContext): void {
  const model = context.tracker.currentWidget?.content.model;
  if (model) {
    copyCode(context, comparisonCode(model.shown.map(f => f.trial)));
  }
}

async function copy(
  context: IComparisonContext,
  trials: readonly string[]
): Promise<void> {
  const facts = await context.client.comparison(trials);
  copyCode(context, comparisonCode(facts.trials.map(f => f.trial)));
}

function copyCode(context: IComparisonContext, code: string): void {
  Clipboard.copyToSystem(code);
  Notification.success(context.trans.__('Copied. Paste it into a cell.'), {
    autoClose: 3000
  });
}

function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === 'string')
    : [];
}
