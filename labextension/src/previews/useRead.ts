import * as React from 'react';

import { type LabdeckError, toLabdeckError } from '../client/errors';

/** What was read so far. */
export interface IRead<T> {
  value: T | null;
  error: LabdeckError | null;
  retry: () => void;
}

/**
 * Read something when it is first shown, and anew when its key changes.
 *
 * @param key - What is read; two of one key are the same.
 * @param free - Called with what is not needed any more.
 */
export function useRead<T>(
  key: string,
  read: () => Promise<T>,
  free?: (value: T) => void
): IRead<T> {
  const [state, setState] = React.useState<{
    key: string;
    value: T | null;
    error: LabdeckError | null;
  }>({ key: '', value: null, error: null });
  const [attempt, setAttempt] = React.useState(0);
  React.useEffect(() => {
    let gone = false;
    let mine: T | null = null;
    read().then(
      value => {
        mine = value;
        if (gone) {
          free?.(value);
        } else {
          setState({ key, value, error: null });
        }
      },
      (reason: unknown) => {
        if (!gone) {
          setState({ key, value: null, error: toLabdeckError(reason) });
        }
      }
    );
    return () => {
      gone = true;
      if (mine !== null) {
        free?.(mine);
      }
    };
    // The key says what `read` reads.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, attempt]);
  const current = state.key === key;
  return {
    value: current ? state.value : null,
    error: current ? state.error : null,
    retry: () => setAttempt(attempt + 1)
  };
}
