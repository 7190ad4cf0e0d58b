/** Which rows of a long table are in sight. */
import * as React from 'react';

/** Rows drawn beyond those in sight, on either side. */
const BEYOND = 12;
/** The height of a row before one was measured, in pixels. */
const HEIGHT = 24;
/** The height of what scrolls before it was measured, in pixels. */
const VIEW = 800;

/** Rows from `first` up to, but not including, `end`. */
export interface IRowRange {
  first: number;
  end: number;
  /** The height of one row, in pixels. */
  height: number;
}

/**
 * Follow the element that scrolls around a table, and return which rows to draw.
 *
 * @param count - How many rows there are.
 * @param isActive - Without it all rows are drawn.
 */
export function useRowWindow(
  table: React.RefObject<HTMLTableElement>,
  count: number,
  isActive: boolean
): IRowRange {
  const [range, setRange] = React.useState<IRowRange>({
    first: 0,
    end: Math.ceil(VIEW / HEIGHT) + BEYOND,
    height: HEIGHT
  });
  React.useEffect(() => {
    const scroller = table.current?.closest('.jp-Labdeck-scroll');
    if (!isActive || !(scroller instanceof HTMLElement)) {
      return;
    }
    const look = (): void => {
      setRange(before => {
        const now = rangeOf(table.current, scroller);
        return sameRange(before, now) ? before : now;
      });
    };
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(scroller);
    scroller.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      scroller.removeEventListener('scroll', look);
    };
  }, [isActive, table]);
  return isActive
    ? { ...range, end: Math.min(range.end, count) }
    : { first: 0, end: count, height: HEIGHT };
}

function rangeOf(
  table: HTMLTableElement | null,
  scroller: HTMLElement
): IRowRange {
  const row = table?.querySelector('tbody tr[aria-rowindex]');
  const height = (row instanceof HTMLElement && row.offsetHeight) || HEIGHT;
  const top = Math.floor(scroller.scrollTop / height);
  const seen = Math.ceil((scroller.clientHeight || VIEW) / height);
  // In steps, so that the table is not drawn anew for every pixel.
  const first = Math.max(0, Math.floor((top - BEYOND) / 4) * 4);
  return { first, end: first + seen + 2 * BEYOND + 4, height };
}

function sameRange(a: IRowRange, b: IRowRange): boolean {
  return a.first === b.first && a.end === b.end && a.height === b.height;
}

/**
 * Return the rows to draw as runs of neighbours: those in sight, those pinned to the top, and the one with the focus.
 *
 * @returns Runs `[first, end]` in order, none empty, without overlap.
 */
export function runsOf(
  range: IRowRange,
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
