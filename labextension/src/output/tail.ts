/** A window on many lines of equal height, which follows their end until the reader scrolls away from it. */
import * as React from 'react';

/** Lines drawn above and below those in sight. */
const MARGIN = 20;
/** So near the end, in pixels, is at the end. */
const NEAR = 4;

export interface ITail {
  root: React.RefObject<HTMLDivElement>;
  /** Height of a line in pixels. */
  height: number;
  /** Numbers of the first and the last line to draw, from 1. */
  first: number;
  last: number;
  /** Whether new lines move the window on. */
  follows: boolean;
  onScroll: () => void;
  /** Bring a line into sight; the last one follows the end again. */
  show: (number: number) => void;
}

/** @param need - Told which lines are in sight. */
export function useTail(
  count: number,
  need: (first: number, last: number) => void
): ITail {
  const root = React.useRef<HTMLDivElement>(null);
  const [size, setSize] = React.useState({ height: 18, room: 0 });
  const [top, setTop] = React.useState(0);
  const [follows, setFollows] = React.useState(true);
  useMeasure(root, setSize);
  const { height, room } = size;
  const first = Math.max(1, Math.floor(top / height) + 1 - MARGIN);
  const last = Math.min(count, Math.ceil((top + room) / height) + MARGIN);
  React.useEffect(() => need(first, last));
  React.useLayoutEffect(() => {
    if (follows && root.current) {
      root.current.scrollTop = count * height;
    }
  }, [count, follows, height, room]);
  const onScroll = (): void => {
    const element = root.current;
    if (element) {
      setTop(element.scrollTop);
      const left =
        element.scrollHeight - element.clientHeight - element.scrollTop;
      setFollows(left <= NEAR);
    }
  };
  const show = (number: number): void => {
    const element = root.current;
    if (element) {
      setFollows(number >= count);
      element.scrollTop = (number - 1) * height - element.clientHeight / 2;
    }
  };
  return { root, height, first, last, follows, onScroll, show };
}

function useMeasure(
  root: React.RefObject<HTMLDivElement>,
  setSize: (size: { height: number; room: number }) => void
): void {
  React.useLayoutEffect(() => {
    const element = root.current;
    if (!element) {
      return;
    }
    const measure = (): void => {
      const probe = element.querySelector('.jp-Labdeck-output-probe');
      const height = probe?.getBoundingClientRect().height ?? 0;
      setSize({
        height: height > 0 ? height : 18,
        room: element.clientHeight
      });
    };
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    measure();
    return () => watcher.disconnect();
  }, [root, setSize]);
}
