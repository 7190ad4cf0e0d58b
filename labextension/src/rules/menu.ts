import type { CommandRegistry } from '@lumino/commands';

import { openMenu } from '../parts/menu';
import { CommandIDs } from '../tokens';
import type { FindingsModel } from './model';

/** Open the menu of the section below its button. */
export function openFindingsMenu(
  commands: CommandRegistry,
  model: FindingsModel,
  button: HTMLElement
): void {
  const { left, bottom } = button.getBoundingClientRect();
  const line = (command: string) => ({
    label: commands.label(command),
    isToggled: commands.isToggleable(command)
      ? commands.isToggled(command)
      : undefined,
    isEnabled: commands.isEnabled(command),
    onSelect: () => void commands.execute(command)
  });
  openMenu(
    [
      ...(model.current || model.onlyCurrent
        ? [line(CommandIDs.findingsOfCurrent)]
        : []),
      line(CommandIDs.toggleDismissed),
      null,
      line(CommandIDs.dismissAll),
      null,
      line(CommandIDs.openRules),
      line(CommandIDs.insertWatch)
    ],
    left,
    bottom
  );
}
