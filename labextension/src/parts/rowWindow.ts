/** Which cells of a large table are in sight. */
import * as React from 'react';

/** Rows and columns drawn beyond those in sight, on either side. */
const ROWS_BEYOND = 12;
const COLUMNS_BEYOND = 4;
/** The height of a row before one was measured, in pixels. */
const HEIGHT = 24;
/** The size of what scrolls before it was measured, in pixels. */
const VIEW = 800;
/** So many columns are drawn before their widths were measured. */
const FIRST_COLUMNS = 24;

/** Some neighbours: from `first` up to, but not including, `end`. */
export interface IRange {
  first: number;
  end: number;
}

/** What is in sight. */
export interface ITableWindow {
  rows: IRange;
  columns: IRange;
  /** The height of one row, in pixels. */
  height: number;
}

/** How large a table is. */
export interface ITableSize {
  rows: number;
  /** The width of each column in digits. */
  widths: readonly number[];
  /** Room in a cell beside its text, in pixels. */
  padding: number;
}

const FIRST: ITableWindow = {
  rows: { first: 0, end: Math.ceil(VIEW / HEIGHT) + ROWS_BEYOND },
  columns: { first: 0, end: FIRST_COLUMNS },
  height: HEIGHT
};

/**
 * Follow the element that scrolls around a table, and return which cells to draw.
 *
 * @param isActive - Without it all cells are drawn.
 */
export function useTableWindow(
  table: React.RefObject<HTMLTableElement>,
  size: ITableSize,
  isActive: boolean
): ITableWindow {
  const [seen, setSeen] = React.useState(FIRST);
  const latest = React.useRef(size);
  const look = React.useCallback((): void => {
    const scroller = table.current?.closest('.jp-Labdeck-scroll');
    if (table.current && scroller instanceof HTMLElement) {
      const now = windowOf(table.current, scroller, latest.current);
      setSeen(before => (isSame(before, now) ? before : now));
    }
  }, [table]);
  React.useLayoutEffect(() => {
    latest.current = size;
    if (isActive) {
      look();
    }
  });
  React.useEffect(() => {
    const scroller = table.current?.closest('.jp-Labdeck-scroll');
    if (!isActive || !scroller) {
      return;
    }
    const sizes = new ResizeObserver(look);
    sizes.observe(scroller);
    scroller.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      scroller.removeEventListener('scroll', look);
    };
  }, [isActive, look, table]);
  const all = { rows: size.rows, columns: size.widths.length };
  return isActive
    ? {
        rows: upTo(seen.rows, all.rows),
        columns: upTo(seen.columns, all.columns),
        height: seen.height
      }
    : {
        rows: { first: 0, end: all.rows },
        columns: { first: 0, end: all.columns },
        height: HEIGHT
      };
}

function upTo(range: IRange, count: number): IRange {
  return { first: range.first, end: Math.min(range.end, count) };
}

function windowOf(
  table: HTMLTableElement,
  scroller: HTMLElement,
  size: ITableSize
): ITableWindow {
  const row = table.querySelector(
    'tbody tr[aria-rowindex]:not(.jp-mod-pinned)'
  );
  const height = (row instanceof HTMLElement && row.offsetHeight) || HEIGHT;
  const top = Math.floor(scroller.scrollTop / height);
  const count = Math.ceil((scroller.clientHeight || VIEW) / height);
  // In steps, so that the table is not drawn anew for every pixel.
  const first = Math.max(0, Math.floor((top - ROWS_BEYOND) / 4) * 4);
  return {
    rows: { first, end: first + count + 2 * ROWS_BEYOND + 4 },
    columns: columnsOf(table, scroller, size),
    height
  };
}

/** The columns in sight: all have widths in digits, and the first one tells how wide a digit is. */
function columnsOf(
  table: HTMLTableElement,
  scroller: HTMLElement,
  { widths, padding }: ITableSize
): IRange {
  const head = table.rows.item(0)?.cells.item(0);
  const digit = ((head?.offsetWidth ?? 0) - padding) / (widths[0] || 1);
  if (digit <= 0 || scroller.clientWidth === 0) {
    return { first: 0, end: FIRST_COLUMNS };
  }
  const { scrollLeft, clientWidth } = scroller;
  let [right, first, end] = [0, widths.length, 0];
  for (let column = 0; column < widths.length; column++) {
    const left = right;
    right += widths[column] * digit + padding;
    if (right > scrollLeft && left < scrollLeft + clientWidth) {
      first = Math.min(first, column);
      end = column + 1;
    }
  }
  const start = Math.floor((first - COLUMNS_BEYOND) / 4) * 4;
  const stop = Math.ceil((end + COLUMNS_BEYOND) / 4) * 4;
  return { first: Math.max(0, start), end: stop };
}

function isSame(a: ITableWindow, b: ITableWindow): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Return what to draw as runs of neighbours: what is in sight, what is pinned to the beginning, and what has the focus.
 *
 * @returns Runs `[first, end]` in order, none empty, without overlap.
 */
export function runsOf(
  range: IRange,
  count: number,
  pinned: number,
  active: number
): [number, number][] {
  const wanted: [number, number][] = [
    [0, Math.min(pinned, count)],
    [range.first, Math.min(range.end, count)],
    [active, Math.min(active + 1, count)]
  ];
  const runs: [number, number][] = [];
  for (const [first, end] of wanted.sort((a, b) => a[0] - b[0])) {
    const last = runs.length > 0 ? runs[runs.length - 1] : null;
    if (end <= first || first < 0) {
      continue;
    }
    if (last && first <= last[1]) {
      last[1] = Math.max(last[1], end);
    } else {
      runs.push([first, end]);
    }
  }
  return runs;
}
