/** Numbers, durations and times as people read them. */
import type { MetricSummary } from '../wire';

/** A float64 as it crosses the wire. */
export type WireNumber = MetricSummary['last'];

/** What stands where there is no value. */
export const ABSENT = '–';

/** A wire number as a float. */
export function toFloat(value: WireNumber): number {
  return Number(value);
}

/** A number with four significant digits: 0.9812, 12340, 1.2e-7, ∞, NaN. */
export function formatNumber(value: WireNumber | null | undefined): string {
  if (value === null || value === undefined) {
    return ABSENT;
  }
  const number = toFloat(value);
  if (Number.isNaN(number)) {
    return 'NaN';
  }
  if (!Number.isFinite(number)) {
    return number > 0 ? '∞' : '−∞';
  }
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    return minus(
      number
        .toExponential(3)
        .replace(/\.?0+e/, 'e')
        .replace('e+', 'e')
    );
  }
  const rounded = Number.isInteger(number)
    ? number
    : Number(number.toPrecision(4));
  return minus(String(rounded));
}

/** A count with its thousands apart, in the reader's language. */
export function formatCount(count: number): string {
  return count.toLocaleString();
}

/** Bytes with a unit: 812 B, 1.2 MB. */
export function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(3))} ${units[unit]}`;
}

/** A duration in seconds: 3 ms, 2.4 s, 12 s, 2 min 5 s, 3 h 20 min, 4 d 2 h. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, seconds);
  if (total < 0.9995) {
    return `${Math.round(total * 1000)} ms`;
  }
  if (total < 10) {
    return `${Number(total.toPrecision(2))} s`;
  }
  if (total < 59.5) {
    return `${Math.round(total)} s`;
  }
  const whole = Math.round(total);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's']
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

const AGES: [number, string][] = [
  [31_557_600, 'year'],
  [604_800, 'week'],
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second']
];

/** How long ago, in one short unit of the reader's language: 12s, 2m, 3h, 5d. */
export function formatAge(seconds: number, locale?: string): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [size, unit] = AGES.find(([least]) => whole >= least) ?? [1, 'second'];
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: 'narrow'
  }).format(Math.floor(whole / size));
}

/** A time in seconds since 1970 as the reader's date and time of day. */
export function formatTime(time: number): string {
  return new Date(time * 1000).toLocaleString();
}

/** Many, but not most, fonts show a hyphen shorter than a digit: use the minus sign. */
function minus(text: string): string {
  return text.replace(/-/g, '−');
}
