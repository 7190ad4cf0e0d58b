/** Which part of the network is in sight, and where an arrow key leads. */
import * as React from 'react';

import { BOX, type INetworkLayout, type IPlacedModule } from './layout';

/** Pixels drawn beyond each edge, so that quick scrolling shows no gaps. */
const MARGIN = 400;
/** Sight is told in steps of so many pixels: not every pixel draws anew. */
const GRAIN = 100;

/** A part of the sheet, in pixels. */
export interface ISight {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Follow what of a scrolled element is in sight, and some around it. */
export function useSight(root: React.RefObject<HTMLElement>): {
  sight: ISight;
  onScroll: () => void;
} {
  const [sight, setSight] = React.useState<ISight>(() => around(0, 0, 0, 0));
  const measure = React.useCallback(() => {
    const element = root.current;
    if (element) {
      const { scrollLeft, scrollTop, clientWidth, clientHeight } = element;
      const now = around(scrollLeft, scrollTop, clientWidth, clientHeight);
      setSight(before =>
        JSON.stringify(before) === JSON.stringify(now) ? before : now
      );
    }
  }, [root]);
  React.useLayoutEffect(() => {
    const element = root.current;
    if (!element) {
      return undefined;
    }
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [root, measure]);
  return { sight, onScroll: measure };
}

function around(
  left: number,
  top: number,
  width: number,
  height: number
): ISight {
  const [x, y] = [left, top].map(value => Math.floor(value / GRAIN) * GRAIN);
  return {
    left: x - MARGIN,
    top: y - MARGIN,
    right: x + width + MARGIN + GRAIN,
    bottom: y + height + MARGIN + GRAIN
  };
}

/** Whether some of a module's box is in sight. */
export function isSeen({ x, y }: IPlacedModule, sight: ISight): boolean {
  return (
    x < sight.right &&
    x + BOX.width > sight.left &&
    y < sight.bottom &&
    y + BOX.height > sight.top
  );
}

/**
 * The module that an arrow key leads to from another.
 *
 * @returns Up and down: the nearest of the row before or after. Left and right: the neighbour. Home and End: the first
 * and the last. Null for other keys; the same module where there is none.
 */
export function nextModule(
  { modules }: INetworkLayout,
  from: IPlacedModule,
  key: string
): IPlacedModule | null {
  const by = new Map([
    ['ArrowUp', [-1, 0]],
    ['ArrowDown', [1, 0]],
    ['ArrowLeft', [0, -1]],
    ['ArrowRight', [0, 1]]
  ]).get(key);
  if (key === 'Home' || key === 'End') {
    return modules.at(key === 'Home' ? 0 : -1) ?? from;
  }
  if (!by) {
    return null;
  }
  const row = from.row + by[0];
  const column = from.column + by[1];
  const near = modules.filter(one => one.row === row);
  const distance = (one: IPlacedModule): number =>
    Math.abs(one.column - column);
  near.sort((a, b) => distance(a) - distance(b));
  return near.at(0) ?? from;
}
