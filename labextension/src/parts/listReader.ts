/** How pointer, focus and keys act on a list. */
import * as React from 'react';

import type { IAnchor } from './anchor';
import type { IVirtualListProps } from './listProps';
import type { ISize } from './listSize';

/** Handlers for the scrolling element of a list. */
export function useReader<Row>(
  props: IVirtualListProps<Row>,
  anchor: IAnchor,
  activeIndex: number,
  size: ISize,
  onTop: (top: number) => void
): React.HTMLAttributes<HTMLDivElement> {
  const inside = React.useRef({ pointer: false, focus: false });
  const presses = usePresses();
  const engage = (change: Partial<typeof inside.current>): void => {
    Object.assign(inside.current, change);
    const { pointer, focus } = inside.current;
    if (!pointer && !focus) {
      anchor.rest();
    }
    props.onEngaged(pointer || focus);
  };
  return {
    onScroll: ({ currentTarget }) => {
      anchor.scrolled(currentTarget.scrollTop);
      onTop(currentTarget.scrollTop);
    },
    onPointerEnter: () => engage({ pointer: true }),
    onPointerLeave: () => {
      anchor.hover(null);
      engage({ pointer: false });
    },
    onPointerDown: presses.onPointerDown,
    onFocus: event => {
      engage({ focus: true });
      const byKey = !presses.taken() && event.target === event.currentTarget;
      if (activeIndex < 0 && byKey && props.rows.length > 0) {
        props.onMove(props.rows[0], false);
      }
    },
    onBlur: event => {
      presses.taken();
      if (!event.currentTarget.contains(event.relatedTarget)) {
        engage({ focus: false });
      }
    },
    onContextMenu: openRowMenu,
    onKeyDown: event => {
      if (event.target === event.currentTarget) {
        anchor.useKeyboard();
        onKey(props, event, activeIndex, size);
      }
    }
  };
}

/** Tells a focus that a press brings: a press chooses its row by its click, and to choose the first one before would scroll that row away. */
function usePresses(): {
  onPointerDown: React.PointerEventHandler;
  /** Whether a press has brought the focus; asked once for each. */
  taken: () => boolean;
} {
  const pressed = React.useRef(false);
  return {
    onPointerDown: ({ currentTarget }) => {
      pressed.current = !currentTarget.contains(document.activeElement);
    },
    taken: () => {
      const was = pressed.current;
      pressed.current = false;
      return was;
    }
  };
}

function onKey<Row>(
  props: IVirtualListProps<Row>,
  event: React.KeyboardEvent,
  activeIndex: number,
  size: ISize
): void {
  const { rows } = props;
  const page = Math.max(1, Math.floor(size.height / size.row) - 1);
  const target = moveTo(event, activeIndex, page, rows.length - 1);
  if (target === null) {
    props.onKey(event, activeIndex < 0 ? null : rows[activeIndex]);
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  if (rows.length > 0) {
    props.onMove(rows[target], event.shiftKey);
  }
}

/** A menu asked for by the keyboard, which hits the list itself, opens on the active row. */
function openRowMenu(event: React.MouseEvent<HTMLElement>): void {
  const { target, currentTarget: list } = event;
  if (target !== list) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  const row = list.querySelector('.jp-Labdeck-row.jp-mod-active');
  const place = row?.getBoundingClientRect();
  row?.dispatchEvent(
    new MouseEvent('contextmenu', {
      bubbles: true,
      cancelable: true,
      clientX: (place?.left ?? 0) + 32,
      clientY: place?.bottom ?? 0
    })
  );
}

function moveTo(
  event: React.KeyboardEvent,
  index: number,
  page: number,
  last: number
): number | null {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return null;
  }
  const targets = new Map([
    ['ArrowUp', index - 1],
    ['ArrowDown', index + 1],
    ['Home', 0],
    ['End', last],
    ['PageUp', index - page],
    ['PageDown', index + page]
  ]);
  const target = targets.get(event.key);
  return target === undefined ? null : Math.max(0, Math.min(last, target));
}
