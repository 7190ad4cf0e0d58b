/** Tagging, archiving and deleting; each can be taken back. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { deleteIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { archiveIcon, tagIcon } from '../parts/icons';
import { CommandIDs } from '../tokens';
import {
  applyInParts,
  describeIds,
  type ICommandContext,
  noticeOf,
  offerUndo,
  recordOf,
  targets
} from './context';
import type { ExperimentsModel } from './model';
import { askTags, commonTags, type TagChange } from './tags';

/** Register the commands. */
export function addOrganisingCommands(context: ICommandContext): void {
  addTagCommand(context);
  addArchiveCommand(context);
  addDeleteCommands(context);
}

function addTagCommand(context: ICommandContext): void {
  const { commands, model, trans } = context;
  const set = { type: 'object', description: trans.__('Tags to set') };
  const remove = {
    type: 'array',
    items: { type: 'string' },
    description: trans.__('Tags to remove')
  };
  commands.addCommand(CommandIDs.editTags, {
    label: trans.__('Edit Tags…'),
    caption: trans.__('Set and remove tags of experiments or trials'),
    icon: tagIcon,
    describedBy: describeIds(context, { set, remove }),
    isEnabled: args => targets(model, args).length > 0,
    execute: async args => {
      const ids = [...targets(model, args)];
      const records = ids.map(id => recordOf(model, id));
      const change = givenTags(args) ?? (await askFor(records, ids, trans));
      if (change !== null) {
        await applyInParts(context, ids, part => ({
          command: 'set-tags',
          ids: part,
          ...change
        }));
      }
    }
  });
}

function askFor(
  records: readonly ReturnType<typeof recordOf>[],
  ids: readonly string[],
  trans: TranslationBundle
): Promise<TagChange | null> {
  const [first] = records;
  const title =
    ids.length === 1 && first
      ? trans.__('Tags of %1', first.name)
      : trans._n('Tags of %1 item', 'Tags of %1 items', ids.length, ids.length);
  return askTags(title, commonTags(records.map(record => record?.tags)), trans);
}

function givenTags(args: ReadonlyPartialJSONObject): TagChange | null {
  const { set, remove } = args;
  if (typeof set !== 'object' && !Array.isArray(remove)) {
    return null;
  }
  const pairs = Object.entries((set ?? {}) as Record<string, string>);
  return {
    set: Object.fromEntries(pairs),
    remove: Array.isArray(remove) ? remove.map(String) : []
  };
}

function addArchiveCommand(context: ICommandContext): void {
  const { commands, model, trans } = context;
  const archived = {
    type: 'boolean',
    description: trans.__('False takes them out of the archive')
  };
  commands.addCommand(CommandIDs.archive, {
    label: args =>
      wantsArchived(model, args)
        ? trans.__('Archive')
        : trans.__('Take out of the Archive'),
    caption: trans.__(
      'Put experiments or trials away: they stay, but lists leave them out'
    ),
    icon: archiveIcon,
    describedBy: describeIds(context, { archived }),
    isEnabled: args => targets(model, args).length > 0,
    execute: async args => {
      const ids = [...targets(model, args)];
      const wanted = wantsArchived(model, args);
      const notice = archiveNotice(context, ids, wanted);
      if (await archive(context, ids, wanted)) {
        model.clearSelection();
        offerUndo(context, notice, () => void archive(context, ids, !wanted));
      }
    }
  });
  commands.addCommand(CommandIDs.toggleArchived, {
    label: trans.__('Show Archived'),
    caption: trans.__('List archived experiments and trials too'),
    describedBy: { args: { type: 'object', properties: {} } },
    isToggleable: true,
    isToggled: () => model.mirror.lists.listing.archived,
    execute: () => {
      const { lists } = model.mirror;
      const { archived } = lists.listing;
      lists.listing = { ...lists.listing, archived: !archived };
    }
  });
}

/** Whether a command puts away what it acts on: unless all of it is put away already. */
function wantsArchived(
  model: ExperimentsModel,
  args: ReadonlyPartialJSONObject
): boolean {
  if (typeof args.archived === 'boolean') {
    return args.archived;
  }
  const ids = targets(model, args);
  return (
    ids.length === 0 || !ids.every(id => recordOf(model, id)?.archived === true)
  );
}

function archive(
  context: ICommandContext,
  ids: readonly string[],
  archived: boolean
): Promise<boolean> {
  return applyInParts(context, ids, part => ({
    command: 'archive',
    ids: part,
    archived
  }));
}

function archiveNotice(
  { model, trans }: ICommandContext,
  ids: readonly string[],
  archived: boolean
): string {
  return archived
    ? noticeOf(model, ids, {
        one: name => trans.__('Archived %1', name),
        trials: n => trans._n('Archived %1 trial', 'Archived %1 trials', n, n),
        experiments: n =>
          trans._n('Archived %1 experiment', 'Archived %1 experiments', n, n)
      })
    : noticeOf(model, ids, {
        one: name => trans.__('Took %1 out of the archive', name),
        trials: n =>
          trans._n(
            'Took %1 trial out of the archive',
            'Took %1 trials out of the archive',
            n,
            n
          ),
        experiments: n =>
          trans._n(
            'Took %1 experiment out of the archive',
            'Took %1 experiments out of the archive',
            n,
            n
          )
      });
}

function addDeleteCommands(context: ICommandContext): void {
  const { commands, model, trans } = context;
  const describedBy = describeIds(context);
  commands.addCommand(CommandIDs.remove, {
    label: trans.__('Delete'),
    caption: trans.__('Delete experiments or trials; this can be undone'),
    icon: deleteIcon,
    describedBy,
    isEnabled: args => targets(model, args).length > 0,
    execute: async args => {
      const ids = [...targets(model, args)];
      const notice = noticeOf(model, ids, {
        one: name => trans.__('Deleted %1', name),
        trials: n => trans._n('Deleted %1 trial', 'Deleted %1 trials', n, n),
        experiments: n =>
          trans._n('Deleted %1 experiment', 'Deleted %1 experiments', n, n)
      });
      const time = Date.now() / 1000;
      const gone = await applyInParts(context, ids, part => ({
        command: 'delete',
        ids: part,
        time
      }));
      if (gone) {
        offerUndo(
          context,
          notice,
          () => void commands.execute(CommandIDs.restore, { ids })
        );
      }
    }
  });
  commands.addCommand(CommandIDs.restore, {
    label: trans.__('Restore Deleted'),
    caption: trans.__('Take back a deletion'),
    describedBy,
    isVisible: () => false,
    execute: args =>
      applyInParts(context, targets(model, args), part => ({
        command: 'restore',
        ids: part
      }))
  });
}
