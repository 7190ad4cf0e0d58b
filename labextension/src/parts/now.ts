/** The time of day, for what shows how long ago something was. */
import * as React from 'react';

/**
 * The time in seconds since 1970, renewed at an interval.
 *
 * @param interval - Milliseconds from one renewal to the next.
 */
export function useNow(interval: number): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return now;
}
