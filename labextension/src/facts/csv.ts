/** Tables as comma-separated values, after RFC 4180. Pure. */
import type { SortValue } from '../parts/sorting';

/** Return rows as CSV with a head; numbers keep all their digits, absent values are empty. */
export function toCsv(
  head: readonly string[],
  rows: readonly (readonly SortValue[])[]
): string {
  return [head, ...rows]
    .map(row => row.map(value => field(value)).join(','))
    .map(line => `${line}\r\n`)
    .join('');
}

function field(value: SortValue): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
