import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

/** One line of a menu that belongs to a place rather than to the application; null draws a line between groups. */
export interface IMenuLine {
  label: string;
  onSelect: () => void;
  isToggled?: boolean;
  isEnabled?: boolean;
}

/** Open a menu at a place of the window; it frees itself when it closes. */
export function openMenu(
  lines: readonly (IMenuLine | null)[],
  x: number,
  y: number
): void {
  const commands = new CommandRegistry();
  const menu = new Menu({ commands });
  lines.forEach((line, index) => {
    if (line === null) {
      menu.addItem({ type: 'separator' });
      return;
    }
    const command = String(index);
    commands.addCommand(command, {
      label: line.label,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: line.onSelect,
      isEnabled: () => line.isEnabled ?? true,
      isToggleable: line.isToggled !== undefined,
      isToggled: () => line.isToggled ?? false
    });
    menu.addItem({ command });
  });
  // The command runs after the menu has closed: free it in the next turn.
  menu.aboutToClose.connect(() => {
    setTimeout(() => menu.dispose());
  });
  menu.open(x, y);
}
