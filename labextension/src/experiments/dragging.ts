/** Dragging experiments and trials out of the sidebar: what is dropped is code that finds them again. */
import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import type * as React from 'react';

/** What notebooks take between cells. */
const CELLS = 'application/vnd.jupyter.cells';
/** Pixels that the pointer moves before it drags. */
const THRESHOLD = 5;

/** What is dragged. */
export interface IDragged {
  /** What stands beside the pointer. */
  label: string;
  code: string;
}

/**
 * Watch a pointer that has gone down: if it moves while down, it drags.
 *
 * @param what - Called when dragging begins; null if there is nothing to drag.
 */
export function watchDrag(
  event: React.PointerEvent,
  what: () => IDragged | null
): void {
  const isOther = event.button !== 0 || event.pointerType === 'touch';
  const target = event.target as Element;
  if (isOther || target.closest('input, button')) {
    return;
  }
  const { clientX, clientY } = event;
  const stop = (): void => {
    document.removeEventListener('pointermove', move, true);
    document.removeEventListener('pointerup', stop, true);
  };
  const move = (moved: PointerEvent): void => {
    const far = Math.hypot(moved.clientX - clientX, moved.clientY - clientY);
    if (far >= THRESHOLD) {
      stop();
      const dragged = what();
      if (dragged) {
        startDrag(dragged, moved.clientX, moved.clientY);
      }
    }
  };
  document.addEventListener('pointermove', move, true);
  document.addEventListener('pointerup', stop, true);
}

function startDrag({ label, code }: IDragged, x: number, y: number): void {
  const mimeData = new MimeData();
  const source = code.trimEnd();
  mimeData.setData('text/plain', source);
  mimeData.setData(CELLS, [{ cell_type: 'code', source, metadata: {} }]);
  const dragImage = document.createElement('div');
  dragImage.className = 'jp-Labdeck-dragged';
  dragImage.textContent = label;
  const drag = new Drag({
    mimeData,
    dragImage,
    proposedAction: 'copy',
    supportedActions: 'copy'
  });
  void drag.start(x, y).then(() => drag.dispose());
}
