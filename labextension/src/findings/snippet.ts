/** The code that lets rules watch a training: the first line of the cell that trains. */
export const WATCH_CODE = '%%debug_rules';
