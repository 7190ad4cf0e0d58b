/** Reading what was kept as JSON, which may be of another version or damaged: what does not fit is left out. Pure. */

/** A JSON object about which nothing is known. */
export type Kept = Readonly<Record<string, unknown>>;

/** A value as an object; empty if it is none. */
export function toKept(value: unknown): Kept {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Kept)
    : {};
}

/** One of some texts. */
export function toChoice<T extends string>(
  value: unknown,
  choices: readonly T[],
  otherwise: T
): T {
  return choices.find(choice => choice === value) ?? otherwise;
}

/** A text, null if it is none. */
export function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Yes or no. */
export function toFlag(value: unknown, otherwise: boolean): boolean {
  return typeof value === 'boolean' ? value : otherwise;
}

/** A number within bounds. */
export function toNumber(
  value: unknown,
  least: number,
  most: number,
  otherwise: number
): number {
  return typeof value === 'number' && value >= least && value <= most
    ? value
    : otherwise;
}

/** The texts of a list, null if it is none. */
export function toTexts(value: unknown): string[] | null {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === 'string')
    : null;
}
