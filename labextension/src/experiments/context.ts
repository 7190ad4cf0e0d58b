/** What the commands of experiments and trials share. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import { toLabdeckError } from '../client/errors';
import { describeError } from '../parts/Notes';
import type { ILabdeckClient, ISidebar, UserCommand } from '../tokens';
import type { ExperimentRecord, TrialRecord } from '../wire';
import type { ExperimentsModel } from './model';

/** What the commands act on. */
export interface ICommandContext {
  commands: CommandRegistry;
  model: ExperimentsModel;
  client: ILabdeckClient;
  sidebar: ISidebar;
  trans: TranslationBundle;
}

/** Ids that one command of the store may name; more are sent one after the other. */
const MOST_IDS = 5000;

/** Send commands to the store; tells the reader what went wrong, and returns whether nothing did. */
export async function apply(
  context: Pick<ICommandContext, 'client' | 'trans'>,
  ...given: UserCommand[]
): Promise<boolean> {
  try {
    await context.client.apply(...given);
    return true;
  } catch (reason) {
    report(context, reason);
    return false;
  }
}

/** Send a command that names many ids in parts that the server takes. */
export async function applyInParts(
  context: Pick<ICommandContext, 'client' | 'trans'>,
  ids: readonly string[],
  make: (ids: string[]) => UserCommand
): Promise<boolean> {
  for (let from = 0; from < ids.length; from += MOST_IDS) {
    const part = ids.slice(from, from + MOST_IDS);
    if (!(await apply(context, make(part)))) {
      return false;
    }
  }
  return true;
}

/** Tell what went wrong. */
export function report(
  { trans }: Pick<ICommandContext, 'trans'>,
  reason: unknown
): void {
  const { message, remedy } = describeError(toLabdeckError(reason), trans);
  Notification.error([message, remedy].filter(Boolean).join(' – '), {
    autoClose: 15_000
  });
}

/** Offer to take back what was done. */
export function offerUndo(
  { trans }: Pick<ICommandContext, 'trans'>,
  notice: string,
  undo: () => void
): void {
  Notification.emit(notice, 'default', {
    autoClose: 15_000,
    actions: [{ label: trans.__('Undo'), callback: undo }]
  });
}

/** What a command acts on: the id in its arguments, or else what is current in the sidebar. */
export function target(
  model: ExperimentsModel,
  args: ReadonlyPartialJSONObject
): string | null {
  const row = model.activeRow;
  const current =
    row?.kind === 'experiment' || row?.kind === 'trial' ? row.key : null;
  return text(args, 'id') ?? current;
}

/** What a command acts on that takes many: the ids in its arguments, or else the selection or what is current. */
export function targets(
  model: ExperimentsModel,
  args: ReadonlyPartialJSONObject
): readonly string[] {
  return Array.isArray(args.ids) ? args.ids.map(String) : model.targets;
}

/** The experiment of an id, if there is one. */
export function experimentOf(
  model: ExperimentsModel,
  id: string
): ExperimentRecord | undefined {
  return model.mirror.experiments.find(experiment => experiment.id === id);
}

/** The experiment or trial of an id, as far as it is here. */
export function recordOf(
  model: ExperimentsModel,
  id: string
): ExperimentRecord | TrialRecord | undefined {
  return experimentOf(model, id) ?? model.mirror.findTrial(id);
}

/** Say what was done to what: "Deleted cnn-32", "Deleted 3 trials". */
export function noticeOf(
  model: ExperimentsModel,
  ids: readonly string[],
  words: {
    one: (name: string) => string;
    trials: (count: number) => string;
    experiments: (count: number) => string;
  }
): string {
  if (ids.length === 1) {
    return words.one(recordOf(model, ids[0])?.name ?? ids[0]);
  }
  const experiments = ids.filter(id => experimentOf(model, id)).length;
  return experiments > 0
    ? words.experiments(experiments)
    : words.trials(ids.length);
}

/** An argument that is text. */
export function text(
  args: ReadonlyPartialJSONObject,
  key: string
): string | null {
  const value = args[key];
  return typeof value === 'string' ? value : null;
}

/** The schema of arguments that are all texts. */
export function describe(words: Record<string, string>): {
  args: ReadonlyJSONObject;
} {
  const properties = Object.fromEntries(
    Object.entries(words).map(([name, description]) => [
      name,
      { type: 'string', description }
    ])
  );
  return { args: { type: 'object', properties } };
}

/** The schema of a command that takes ids, and maybe more. */
export function describeIds(
  { trans }: Pick<ICommandContext, 'trans'>,
  more: ReadonlyJSONObject = {}
): { args: ReadonlyJSONObject } {
  const ids = {
    type: 'array',
    items: { type: 'string' },
    description: trans.__('Ids of experiments or trials')
  };
  return { args: { type: 'object', properties: { ids, ...more } } };
}

export const NO_ARGUMENTS = { args: { type: 'object', properties: {} } };
