/** Ids of new things, made as the engine makes them. */

/** 32 hexadecimal digits that sort by the time they were made: 48 bits of milliseconds, then 80 random ones. */
export function newId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = crypto.getRandomValues(new Uint8Array(10));
  const digits = Array.from(random, byte => byte.toString(16).padStart(2, '0'));
  return time + digits.join('');
}
