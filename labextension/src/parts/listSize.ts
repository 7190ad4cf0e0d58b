/** Measuring a list, and bringing a row into sight. */
import * as React from 'react';

/** Rows drawn beyond each edge, so that quick scrolling shows no gaps. */
const MARGIN = 8;
const DEFAULT_HEIGHT = 24;

export interface ISize {
  /** Of the list, in pixels. */
  height: number;
  /** Of a row, in pixels. */
  row: number;
}

/** Measure the list and a row, which grows with JupyterLab's font size. */
export function useSize(root: React.RefObject<HTMLElement>): ISize {
  const [size, setSize] = React.useState({ height: 0, row: DEFAULT_HEIGHT });
  React.useLayoutEffect(() => {
    const element = root.current;
    const probe = element?.lastElementChild;
    if (!element || !probe) {
      return undefined;
    }
    const measure = (): void => {
      const row = probe.getBoundingClientRect().height || DEFAULT_HEIGHT;
      setSize({ height: element.clientHeight, row });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(probe);
    measure();
    return () => observer.disconnect();
  }, [root]);
  return size;
}

/** The rows in sight, from first up to but without last, and those to draw: these and the active one wherever it is. */
export function windowOf(
  count: number,
  top: number,
  size: ISize,
  active: number
): { first: number; last: number; shown: number[] } {
  const first = Math.max(0, Math.floor(top / size.row) - MARGIN);
  const end = Math.ceil((top + size.height) / size.row) + MARGIN;
  const last = Math.min(count, end);
  const shown = range(first, last);
  if (active >= 0 && !shown.includes(active)) {
    shown.push(active);
  }
  return { first, last, shown };
}

/** Bring the active row into sight when another becomes active. */
export function useReveal(
  root: React.RefObject<HTMLElement>,
  index: number,
  active: string | null,
  rowHeight: number
): void {
  const place = React.useRef(index);
  place.current = index;
  React.useLayoutEffect(() => {
    const element = root.current;
    const top = place.current * rowHeight;
    if (!element || top < 0) {
      return;
    }
    if (top < element.scrollTop) {
      element.scrollTop = top;
    } else if (top + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight - element.clientHeight;
    }
  }, [root, active, rowHeight]);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
}
