/** Drawing anew when a model says that it has changed. */
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/**
 * Draw anew after a signal; what is sent in one turn of the event loop is drawn once.
 *
 * @param signal - What the model sends when it has changed.
 */
export function useSignal(signal: ISignal<unknown, unknown>): void {
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    signal.connect(draw);
    // What changed between the drawing and now would be missed.
    draw();
    return () => {
      signal.disconnect(draw);
    };
  }, [signal]);
}
