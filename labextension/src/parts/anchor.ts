/** Keeping what is under the pointer or the focus where it is while rows come and go above it. */
import * as React from 'react';

/** What a list tells about its reader, and what it gets back. */
export interface IAnchor {
  /** Note the row under the pointer, or that the pointer has left. */
  hover(key: string | null): void;
  /** Note that the reader uses the keyboard now. */
  useKeyboard(): void;
  /** Note that pointer and focus have both left. */
  rest(): void;
  /** Note where the list was scrolled to. */
  scrolled(top: number): void;
}

/**
 * Scroll with the rows so that the reader's row keeps its place on the screen.
 *
 * That row is the one under the pointer or, if the keyboard was used last, the active one while the list has the
 * focus; without either, the first visible row of a list that is scrolled. Where the list is too short to scroll, it is made longer
 * until pointer and focus have left.
 *
 * @param root - The scrolling element; its first child holds the rows.
 * @param keys - The rows in order.
 * @param rowHeight - Of every row, in pixels.
 * @param active - The row that has the focus when the list has it.
 */
export function useAnchor(
  root: React.RefObject<HTMLElement>,
  keys: readonly string[],
  rowHeight: number,
  active: string | null
): IAnchor {
  const reader = React.useRef({ hovered: null as string | null, top: 0 });
  const keyboard = React.useRef(false);
  const before = React.useRef(keys);

  React.useLayoutEffect(() => {
    const old = before.current;
    before.current = keys;
    const element = root.current;
    if (element && old !== keys) {
      const held = keyboard.current ? null : reader.current.hovered;
      const focused = element.contains(document.activeElement);
      const chosen = held ?? (focused ? active : reader.current.hovered);
      keepPlace(element, reader.current, old, keys, chosen, rowHeight);
    }
  }, [root, keys, rowHeight, active]);

  return React.useMemo(
    () => ({
      hover: (key: string | null) => {
        keyboard.current = false;
        reader.current.hovered = key;
      },
      useKeyboard: () => {
        keyboard.current = true;
      },
      rest: () => {
        if (root.current) {
          makeRoom(root.current, 0);
        }
      },
      scrolled: (top: number) => {
        reader.current.top = top;
      }
    }),
    [root]
  );
}

/** Scroll by as much as the chosen row, or else the first in sight, has moved. */
function keepPlace(
  element: HTMLElement,
  reader: { hovered: string | null; top: number },
  old: readonly string[],
  keys: readonly string[],
  chosen: string | null,
  rowHeight: number
): void {
  const { top } = reader;
  const place = chosen === null ? -1 : old.indexOf(chosen) * rowHeight;
  // A row that was scrolled out of sight has no place on the screen to be kept.
  const seen = place > top - rowHeight && place < top + element.clientHeight;
  const anchor =
    chosen !== null && seen
      ? chosen
      : top > 0
        ? old[Math.ceil(top / rowHeight)]
        : undefined;
  if (anchor === undefined) {
    return;
  }
  const from = old.indexOf(anchor);
  const to = keys.indexOf(anchor);
  if (from >= 0 && to >= 0 && (from !== to || element.scrollTop !== top)) {
    const target = Math.max(0, top + (to - from) * rowHeight);
    makeRoom(element, anchor === chosen ? target : 0);
    element.scrollTop = target;
    reader.top = element.scrollTop;
  }
}

/** Make the content long enough to be scrolled to a place. */
function makeRoom(element: HTMLElement, top: number): void {
  const content = element.firstElementChild as HTMLElement | null;
  if (content) {
    content.style.minHeight = top > 0 ? `${top + element.clientHeight}px` : '';
  }
}
