import * as React from 'react';

import { toFloat, type WireNumber } from './format';

const WIDTH = 48;
const HEIGHT = 16;
const MARGIN = 2;

/**
 * A word-sized curve; values that are not finite leave gaps, and a single value makes no curve.
 *
 * Decoration only: the numbers stand beside it. CSS may make it narrower.
 */
export function Sparkline(props: {
  values: readonly WireNumber[];
  colour: string;
}): React.ReactElement | null {
  if (props.values.length < 2) {
    return null;
  }
  return (
    <svg
      className="jp-Labdeck-spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      width={WIDTH}
      height={HEIGHT}
      aria-hidden="true"
    >
      <path
        d={sparkPath(props.values)}
        stroke={props.colour}
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

/** The path of a sparkline: "M…L…" for each run of finite values, a short dash for a lone one. */
export function sparkPath(values: readonly WireNumber[]): string {
  const numbers = values.map(toFloat);
  const finite = numbers.filter(Number.isFinite);
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const width = (WIDTH - 2 * MARGIN) / Math.max(1, numbers.length - 1);
  const place = (value: number, index: number): string => {
    // Halved before they are subtracted, since high - low may exceed the largest float.
    const share =
      high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5;
    const y = HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN);
    return `${round(MARGIN + index * width)} ${round(y)}`;
  };
  let path = '';
  numbers.forEach((value, index) => {
    if (Number.isFinite(value)) {
      const joined = index > 0 && Number.isFinite(numbers[index - 1]);
      const alone = !joined && !Number.isFinite(numbers[index + 1] ?? NaN);
      path += `${joined ? 'L' : 'M'}${place(value, index)}${alone ? 'h1' : ''}`;
    }
  });
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
