/** Drawing anew when a model says that it has changed. */
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/**
 * Draw anew after a signal, at most once a frame however often it is sent.
 *
 * @param signal - What the model sends when it has changed.
 */
export function useSignal(signal: ISignal<unknown, unknown>): void {
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    let frame = 0;
    const onChange = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
    };
    signal.connect(onChange);
    // What changed between the drawing and now would be missed.
    onChange();
    return () => {
      signal.disconnect(onChange);
      cancelAnimationFrame(frame);
    };
  }, [signal]);
}
