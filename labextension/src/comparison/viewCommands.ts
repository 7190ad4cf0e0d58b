/** Keeping comparisons under names: what the page's head and the command palette do. */
import { InputDialog, Notification } from '@jupyterlab/apputils';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import { toLabdeckError } from '../client/errors';
import { describeError } from '../parts/Notes';
import { CommandIDs } from '../tokens';
import type { ViewRecord } from '../wire';
import type { IComparisonContext } from './context';
import type { ComparisonModel } from './model';

/** How long a notice offers to take a deletion back, in milliseconds. */
const UNDO = 15_000;

/** Register the commands of saved views. */
export function addViewCommands(
  context: IComparisonContext,
  open: (view: ViewRecord) => void
): void {
  addSave(context);
  addOpen(context, open);
  addDelete(context);
}

/** Keep a comparison under a name, in the experiment of its trials. */
export async function saveView(
  { views }: IComparisonContext,
  model: ComparisonModel,
  name: string
): Promise<void> {
  const home = model.follow ?? model.home;
  model.view = await views.save(name, home, model.keep());
}

function addSave(context: IComparisonContext): void {
  const { app, tracker, trans } = context;
  const name = {
    type: 'string' as const,
    description: trans.__('Its name; asked for in the page if absent')
  };
  app.commands.addCommand(CommandIDs.saveView, {
    label: trans.__('Save View'),
    caption: trans.__('Keep the shown comparison under a name'),
    describedBy: { args: { type: 'object', properties: { name } } },
    isEnabled: () => tracker.currentWidget !== null,
    execute: async args => {
      const panel = tracker.currentWidget?.content;
      if (!panel) {
        return;
      }
      if (typeof args.name === 'string' && args.name.trim() !== '') {
        const wanted = args.name.trim();
        await tell(context, () => saveView(context, panel.model, wanted));
      } else {
        panel.askName();
      }
    }
  });
}

function addOpen(
  context: IComparisonContext,
  open: (view: ViewRecord) => void
): void {
  const { app, views, trans } = context;
  app.commands.addCommand(CommandIDs.openView, {
    label: args => {
      const view = typeof args.id === 'string' ? views.get(args.id) : null;
      return view
        ? trans.__('Open View: %1', view.name)
        : trans.__('Open View…');
    },
    caption: trans.__('Show a saved comparison'),
    describedBy: describeView(context),
    isEnabled: args => choices(context, args).length > 0,
    execute: async args => {
      const view = await choose(context, args, trans.__('Open'));
      if (view) {
        open(view);
      }
    }
  });
}

function addDelete(context: IComparisonContext): void {
  const { app, tracker, views, trans } = context;
  app.commands.addCommand(CommandIDs.deleteView, {
    label: trans.__('Delete View…'),
    caption: trans.__('Forget a saved comparison; this can be undone'),
    describedBy: describeView(context),
    isEnabled: args => choices(context, args).length > 0,
    execute: async args => {
      const view = await choose(context, args, trans.__('Delete'));
      if (!view || !(await tell(context, () => views.remove(view.id)))) {
        return;
      }
      tracker.forEach(({ content: { model } }) => {
        if (model.view?.id === view.id) {
          model.view = null;
        }
      });
      Notification.emit(trans.__('Deleted the view %1', view.name), 'default', {
        autoClose: UNDO,
        actions: [
          {
            label: trans.__('Undo'),
            callback: () => void tell(context, () => views.put(view))
          }
        ]
      });
    }
  });
}

/** The views that a command may be about. */
function choices(
  { views }: IComparisonContext,
  args: ReadonlyPartialJSONObject
): readonly ViewRecord[] {
  return views.views.filter(
    view =>
      (args.id === undefined || view.id === args.id) &&
      (args.experiment === undefined || view.experiment_id === args.experiment)
  );
}

/** The view that the arguments name; asked for where they name several. */
async function choose(
  context: IComparisonContext,
  args: ReadonlyPartialJSONObject,
  ok: string
): Promise<ViewRecord | null> {
  const { views, trans } = context;
  if (typeof args.id === 'string') {
    return views.find(args.id);
  }
  const found = choices(context, args);
  // Two views of different experiments may have one name: its place in the list tells which was meant.
  const items = found.map((view, index) => `${index + 1}. ${view.name}`);
  const answer = await InputDialog.getItem({
    title: trans.__('Saved views'),
    items,
    okLabel: ok
  });
  const place = answer.value === null ? -1 : items.indexOf(answer.value);
  return answer.button.accept && place >= 0 ? found[place] : null;
}

function describeView({ trans }: IComparisonContext): {
  args: ReadonlyJSONObject;
} {
  const id = { type: 'string', description: trans.__('Its id') };
  const experiment = {
    type: 'string',
    description: trans.__('Only views of the experiment of this id')
  };
  return { args: { type: 'object', properties: { id, experiment } } };
}

/** Do something; tells the reader what went wrong, and returns whether nothing did. */
async function tell(
  { trans }: IComparisonContext,
  act: () => Promise<void>
): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (reason) {
    const { message, remedy } = describeError(toLabdeckError(reason), trans);
    Notification.error([message, remedy].filter(Boolean).join(' – '), {
      autoClose: UNDO
    });
    return false;
  }
}
