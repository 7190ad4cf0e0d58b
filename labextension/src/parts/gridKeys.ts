/** The cell of a grid that has the focus; row -1 is the head. */
export interface ICell {
  row: number;
  column: number;
}

/** How many rows PageUp and PageDown move. */
const PAGE = 10;

/**
 * Return the cell that a key moves to, null where the key is not one of movement. The cell stays inside the grid.
 */
export function moveCell(
  cell: ICell,
  key: string,
  ctrl: boolean,
  rows: number,
  columns: number
): ICell | null {
  const target = { ...cell };
  switch (key) {
    case 'ArrowUp':
      target.row -= 1;
      break;
    case 'ArrowDown':
      target.row += 1;
      break;
    case 'ArrowLeft':
      target.column -= 1;
      break;
    case 'ArrowRight':
      target.column += 1;
      break;
    case 'PageUp':
      target.row = Math.max(0, cell.row - PAGE);
      break;
    case 'PageDown':
      target.row += PAGE;
      break;
    case 'Home':
      target.column = 0;
      target.row = ctrl ? -1 : cell.row;
      break;
    case 'End':
      target.column = columns - 1;
      target.row = ctrl ? rows - 1 : cell.row;
      break;
    default:
      return null;
  }
  return clampCell(target, rows, columns);
}

/** Return the nearest cell that exists. */
export function clampCell(cell: ICell, rows: number, columns: number): ICell {
  return {
    row: Math.min(Math.max(cell.row, -1), rows - 1),
    column: Math.min(Math.max(cell.column, 0), Math.max(columns - 1, 0))
  };
}
