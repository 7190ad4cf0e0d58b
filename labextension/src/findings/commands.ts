/** What can be done with findings, by the commands of the features that do it. */
import type { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../tokens';
import type { FindingRecord } from '../wire';
import type { IFindingActions } from './actions';

/** The actions, each a command. */
export function findingActions(commands: CommandRegistry): IFindingActions {
  const canOpen = (): boolean => commands.hasCommand(CommandIDs.openTensors);
  return {
    canOpen,
    onOpen: finding =>
      void commands.execute(CommandIDs.openTensors, placeOf(finding)),
    onOpenRecording: finding =>
      void commands.execute(CommandIDs.openTensors, {
        ...placeOf(finding),
        recording: finding.recording
      }),
    onDismiss: (ids, dismissed) =>
      void commands.execute(CommandIDs.dismissFinding, {
        ids: [...ids],
        dismissed
      }),
    onAsk: async (trial, wish, argument) =>
      (await commands.execute(CommandIDs.askTraining, {
        trial,
        wish,
        argument
      })) === true
  };
}

/** Where in the tensor view a finding is. */
export function placeOf(finding: FindingRecord): {
  trial: string;
  tensor?: string;
  mode: string;
  step: number;
} {
  const { trial_id: trial, tensor, mode, step } = finding;
  return tensor === '' ? { trial, mode, step } : { trial, tensor, mode, step };
}
