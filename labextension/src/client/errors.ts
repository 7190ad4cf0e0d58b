/** What can go wrong between the browser and the store. */
import type { ErrorMessage } from '../wire';

/**
 * A failed request: what happened and what to do about it.
 *
 * The browser gives the codes "network" (no answer came), "extension-missing" (Jupyter answers, the server extension
 * does not), "forbidden", "wire-version" (the server extension is of another version) and "server" (an answer that
 * cannot be read); all others come from the server extension.
 */
export class LabdeckError extends Error {
  /**
   * @param code - Stable and machine-readable.
   * @param message - What happened, one sentence.
   * @param remedy - What to do; "" where there is nothing to say.
   * @param status - The HTTP status; 0 when no answer came.
   * @param position - The character of a query at which it cannot be read; null for other errors.
   */
  constructor(
    readonly code: string,
    message: string,
    readonly remedy = '',
    readonly status = 0,
    readonly position: number | null = null
  ) {
    super(message);
    this.name = 'LabdeckError';
  }
}

/** Any thrown value as a LabdeckError. */
export function toLabdeckError(reason: unknown): LabdeckError {
  if (reason instanceof LabdeckError) {
    return reason;
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  return new LabdeckError('server', message);
}

/** Whether an answer's body is the server extension's own account of an error. */
export function isErrorMessage(body: unknown): body is ErrorMessage {
  return (
    typeof body === 'object' &&
    body !== null &&
    typeof (body as ErrorMessage).code === 'string' &&
    typeof (body as ErrorMessage).message === 'string'
  );
}
