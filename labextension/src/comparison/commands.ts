import { Clipboard, MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { type ReadonlyJSONObject, UUID } from '@lumino/coreutils';

import { tableCsv } from '../facts/labels';
import { comparisonIcon } from '../parts/icons';
import { titleOf } from '../readings';
import { Refresher } from '../refresher';
import { CommandIDs } from '../tokens';
import { type IViewBody, readBody, writeBody } from '../views/body';
import type { ViewRecord } from '../wire';
import { comparisonCode, shownCode } from './code';
import type { ComparisonTracker, IComparisonContext } from './context';
import { ComparisonModel } from './model';
import { ComparisonPanel } from './panel';
import { addViewCommands, saveView } from './viewCommands';

/** How often what a page shows is kept for the next time, in milliseconds. */
const KEEP_EVERY = 1000;

/** Register the commands of comparisons. */
export function addComparisonCommands(context: IComparisonContext): void {
  addCompare(context);
  addCopy(context);
  addViewCommands(context, view => openView(context, view));
}

function addCompare(context: IComparisonContext): void {
  const { app, trans } = context;
  const text = (description: string): ReadonlyJSONObject => ({
    type: 'string',
    description
  });
  const properties = {
    trials: idsOf(trans.__('Ids of the trials')),
    experiment: text(trans.__('What to call the comparison')),
    page: text(trans.__('Which page it was before the browser was reloaded')),
    look: {
      type: 'object',
      description: trans.__('How the comparison was looked at')
    }
  };
  app.commands.addCommand(CommandIDs.compare, {
    label: trans.__('Compare Trials'),
    caption: trans.__('Show trials side by side, as a table and as curves'),
    icon: comparisonIcon,
    describedBy: { args: { type: 'object', properties } },
    execute: args =>
      open(context, {
        trials: texts(args.trials),
        experiment: typeof args.experiment === 'string' ? args.experiment : '',
        page: typeof args.page === 'string' ? args.page : '',
        look: args.look === undefined ? null : readBody(args.look)
      })
  });
}

function addCopy(context: IComparisonContext): void {
  const { app, tracker, trans } = context;
  const trials = idsOf(trans.__('Ids of the trials'));
  const hasTrials = (): boolean =>
    (tracker.currentWidget?.content.model.shown.length ?? 0) > 0;
  app.commands.addCommand(CommandIDs.copyAsPython, {
    label: trans.__('Copy Comparison as Python'),
    caption: trans.__('Copy code that makes the comparison in a notebook'),
    describedBy: { args: { type: 'object', properties: { trials } } },
    isEnabled: args => args.trials !== undefined || hasTrials(),
    execute: async args => {
      const model = tracker.currentWidget?.content.model;
      if (args.trials !== undefined) {
        const facts = await context.client.comparison(texts(args.trials));
        copyCode(context, comparisonCode(facts.trials.map(f => f.trial)));
      } else if (model) {
        copyCode(context, shownCode(model));
      }
    }
  });
  app.commands.addCommand(CommandIDs.copyAsCsv, {
    label: trans.__('Copy Comparison as CSV'),
    caption: trans.__('Copy the table of the shown comparison'),
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: hasTrials,
    execute: () => {
      const model = tracker.currentWidget?.content.model;
      if (model) {
        copyCsv(context, model);
      }
    }
  });
}

/** Which comparison to show. */
interface IWanted {
  trials: readonly string[];
  experiment: string;
  /** The id of the page to restore; "" for a new one. */
  page: string;
  /** How it was looked at; null for a new one. */
  look: IViewBody | null;
}

/** Show a comparison: the open one of the same trials, else a new one. */
function open(
  context: IComparisonContext,
  wanted: IWanted
): MainAreaWidget<ComparisonPanel> {
  const key = sameTrials(wanted.trials);
  const shown =
    wanted.look === null
      ? context.tracker.find(
          ({ content }) => sameTrials(content.model.trials) === key
        )
      : undefined;
  return show(context, shown ?? create(context, wanted));
}

/** Show a saved view: its own page if there is one, else a new one. */
function openView(context: IComparisonContext, view: ViewRecord): void {
  const body = readBody(view.body);
  const shown = context.tracker.find(
    ({ content }) => content.model.view?.id === view.id
  );
  const page =
    shown ??
    create(context, {
      trials: body.trials,
      experiment: '',
      page: '',
      look: body
    });
  const { model } = page.content;
  if (shown) {
    model.restore(body);
  }
  model.view = view;
  show(context, page);
}

function show(
  { app }: IComparisonContext,
  widget: MainAreaWidget<ComparisonPanel>
): MainAreaWidget<ComparisonPanel> {
  if (!widget.isAttached) {
    app.shell.add(widget, 'main');
  }
  app.shell.activateById(widget.id);
  return widget;
}

function sameTrials(trials: readonly string[]): string {
  return JSON.stringify([...trials].sort());
}

function create(
  context: IComparisonContext,
  wanted: IWanted
): MainAreaWidget<ComparisonPanel> {
  const { client, tracker, trans } = context;
  const model = new ComparisonModel(client, wanted.trials, wanted.experiment);
  if (wanted.look) {
    model.restore(wanted.look);
  }
  const content = createPanel(context, model);
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = wanted.page || `labdeck-comparison-${UUID.uuid4()}`;
  content.id = `${widget.id}-content`;
  widget.title.icon = comparisonIcon;
  widget.title.closable = true;
  const name = (): void => {
    const what = model.view?.name ?? model.experiment;
    widget.title.label = what
      ? trans.__('Compare: %1', titleOf(what))
      : trans.__('Compare');
    widget.title.caption = model.facts.map(f => f.trial.name).join('\n');
  };
  model.changed.connect(name);
  keepLook(tracker, widget);
  name();
  void tracker.add(widget);
  return widget;
}

/** Keep what a page shows, so that it comes back after the browser was reloaded. */
function keepLook(
  tracker: ComparisonTracker,
  widget: MainAreaWidget<ComparisonPanel>
): void {
  const { model } = widget.content;
  let last = '';
  const keeper = new Refresher(async () => {
    const look = JSON.stringify(lookOf(widget));
    if (look !== last && !widget.isDisposed) {
      last = look;
      await tracker.save(widget);
    }
  }, KEEP_EVERY);
  model.changed.connect(() => keeper.request());
  widget.disposed.connect(() => keeper.dispose());
}

/** What the layout restorer keeps of a page. */
export function lookOf({
  content: { model }
}: MainAreaWidget<ComparisonPanel>): ReadonlyJSONObject {
  const body = JSON.stringify(writeBody(model.keep()));
  return JSON.parse(body) as ReadonlyJSONObject;
}

function createPanel(
  context: IComparisonContext,
  model: ComparisonModel
): ComparisonPanel {
  const { commands } = context.app;
  return new ComparisonPanel(model, context.views, context.trans, {
    onOpen: trial => void commands.execute(CommandIDs.openTrial, { trial }),
    onShowSidebar: () => void commands.execute(CommandIDs.showSidebar),
    onCopy: () => copyCode(context, shownCode(model)),
    onCopyCsv: () => copyCsv(context, model),
    onSave: name => saveView(context, model, name),
    onOpenView: id => void commands.execute(CommandIDs.openView, { id }),
    onDeleteView: id => void commands.execute(CommandIDs.deleteView, { id })
  });
}

function copyCsv(context: IComparisonContext, model: ComparisonModel): void {
  const { trans } = context;
  Clipboard.copyToSystem(tableCsv(model.table, trans));
  Notification.success(trans.__('Copied the table.'), { autoClose: 3000 });
}

function copyCode(context: IComparisonContext, code: string): void {
  Clipboard.copyToSystem(code);
  Notification.success(context.trans.__('Copied. Paste it into a cell.'), {
    autoClose: 3000
  });
}

function idsOf(description: string): ReadonlyJSONObject {
  return { type: 'array', items: { type: 'string' }, description };
}

function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === 'string')
    : [];
}
