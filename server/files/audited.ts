import { AppError, cancelled, ERROR_FAMILIES, type ErrorCode } from '../core/errors.ts';
import { authorize } from '../security/caller.ts';
import { type Action, RIGHTS } from '../security/rights.ts';
import type { FileParts, FilesContext } from './parts.ts';

/** Details that a route adds to its audit row once it knows them. */
export interface AuditNotes {
  /** The actor of a signed link, in place of the caller. */
  actor?: string;
  target?: string;
  details?: Record<string, unknown>;
  /** Code of a failure that was returned and not thrown. */
  failure?: ErrorCode;
}

/**
 * `all`: a row for every attempt. `denied`: a row only for denied attempts, where the attempt only reads or is a step
 * of something audited.
 */
export type Audited = 'all' | 'denied';

/**
 * Runs a route's work and appends one audit row: allowed, denied or failed. An error caused by the client's disconnect
 * is CANCELLED. Throws what the work throws, or what the audit throws: without its row there is no response.
 */
export async function audited<T>(
  parts: Pick<FileParts, 'audit'>,
  c: FilesContext,
  action: string,
  which: Audited,
  work: (notes: AuditNotes) => Promise<T>,
): Promise<T> {
  const notes: AuditNotes = {};
  const append = async (code?: ErrorCode) => {
    const { actor, address } = c.get('caller');
    const { failure: _, ...noted } = notes;
    const denied = code !== undefined && ERROR_FAMILIES[code] === 'permission';
    if (which === 'denied' && !denied) return;
    await parts.audit.append({
      actor,
      address,
      action,
      outcome: code === undefined ? 'allowed' : denied ? 'denied' : 'failed',
      requestId: c.get('requestId'),
      ...noted,
      ...(code !== undefined && { code }),
    });
  };
  try {
    const result = await work(notes);
    await append(notes.failure);
    return result;
  } catch (caught) {
    const error = c.req.raw.signal.aborted && !(caught instanceof AppError) ? cancelled('The request') : caught;
    await append(error instanceof AppError ? error.code : 'UNEXPECTED');
    throw error;
  }
}

/** Throws unless the caller has the right; after that the request has no timeout. */
export function requireRight(c: FilesContext, action: Action, now: Date): void {
  authorize(c.get('caller'), RIGHTS[action], now);
  c.get('connection').disableTimeout();
}

/** Milliseconds between checks of the sender's right while a body arrives. */
const ASK_AGAIN_MS = 30_000;

/**
 * Checks again and again, while a body arrives, that its sender still has the right. The signal aborts with the reason
 * once the session has ended, or the role or token was withdrawn.
 */
export function whileAllowed(
  parts: Pick<FileParts, 'readCaller' | 'now' | 'askAgainMs'>,
  c: FilesContext,
  action: Action,
): { signal: AbortSignal } & Disposable {
  const ended = new AbortController();
  const ask = async () => {
    try {
      const { caller } = await parts.readCaller(c.req.raw.headers, c.get('caller').address);
      authorize(caller, RIGHTS[action], parts.now());
    } catch (error) {
      // A failure to check takes nobody's right away.
      if (!(error instanceof AppError) || (error.code !== 'UNAUTHENTICATED' && error.code !== 'FORBIDDEN')) return;
      ended.abort(error);
      c.get('connection').restoreTimeout();
    }
  };
  const asking = setInterval(() => void ask(), parts.askAgainMs ?? ASK_AGAIN_MS);
  return { signal: ended.signal, [Symbol.dispose]: () => clearInterval(asking) };
}
