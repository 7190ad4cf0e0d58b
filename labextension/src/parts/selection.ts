/** A choice among the rows of a list, as file browsers do it. */

/** What a click or key does: take this one alone, put it in or out, or take all from the last one up to it. */
export type SelectMode = 'only' | 'toggle' | 'range';

/** Keys chosen by clicks and keys, in the order in which they were chosen. */
export class Selection {
  get keys(): readonly string[] {
    return [...this.#keys];
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Where a range begins; null where none can. */
  get pivot(): string | null {
    return this.#pivot;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /**
   * Change the choice.
   *
   * @param key - The row that was hit.
   * @param mode - How.
   * @param order - Keys of all rows that may be chosen, as shown.
   */
  select(key: string, mode: SelectMode, order: readonly string[]): void {
    const eligible = order.includes(key);
    if (mode === 'range' && eligible) {
      const start = order.indexOf(this.#pivot ?? key);
      const ends = [Math.max(0, start), order.indexOf(key)].sort(
        (a, b) => a - b
      );
      this.#keys = new Set(order.slice(ends[0], ends[1] + 1));
      this.#pivot ??= key;
      return;
    }
    this.#pivot = eligible ? key : null;
    if (mode !== 'toggle') {
      this.#keys = new Set(eligible ? [key] : []);
    } else if (!this.#keys.delete(key) && eligible) {
      this.#keys.add(key);
    }
  }

  /** Choose exactly these. */
  replace(keys: Iterable<string>): void {
    this.#keys = new Set(keys);
  }

  /** Drop the keys that no longer exist. */
  keep(exists: (key: string) => boolean): void {
    this.replace([...this.#keys].filter(exists));
  }

  clear(): void {
    this.#keys.clear();
    this.#pivot = null;
  }

  #keys = new Set<string>();
  /** Where a range begins. */
  #pivot: string | null = null;
}
