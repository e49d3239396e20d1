import { AppError, cancelled, ERROR_FAMILIES, type ErrorCode } from '../core/errors.ts';
import { authorize } from '../security/caller.ts';
import { type Action, RIGHTS } from '../security/rights.ts';
import type { FileParts, FilesContext } from './parts.ts';

/** What a route adds to its audit row once it knows. */
export interface AuditNotes {
  /** Another than the caller, when a signed link speaks for somebody. */
  actor?: string;
  target?: string;
  details?: Record<string, unknown>;
  /** Of a failure that was answered and not thrown. */
  failure?: ErrorCode;
}

/** `all`: a row for every attempt. `denied`: for steps of something that has its rows, and questions; a row when it was not allowed. */
export type Audited = 'all' | 'denied';

/**
 * Runs a route's work and appends one audit row: allowed, denied or failed. An error the client caused by going away is CANCELLED.
 * Throws what the work throws, or what the audit does: without its row nothing is answered.
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

/** Throws unless the caller of this request may do this; he may be silent for as long as he likes then. */
export function requireRight(c: FilesContext, action: Action, now: Date): void {
  authorize(c.get('caller'), RIGHTS[action], now);
  c.get('patience').waitForEver();
}

/** How often it is asked whether the sender of a body may still send it. */
const ASK_AGAIN_MS = 30_000;

/**
 * Asks again and again, while a body comes, whether its sender still may send it. The signal aborts with the reason once he may not: his
 * session ended, or his role or token was taken away.
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
      // What cannot be asked now takes nobody's right away.
      if (!(error instanceof AppError) || (error.code !== 'UNAUTHENTICATED' && error.code !== 'FORBIDDEN')) return;
      ended.abort(error);
      c.get('patience').waitAsUsual();
    }
  };
  const asking = setInterval(() => void ask(), parts.askAgainMs ?? ASK_AGAIN_MS);
  return { signal: ended.signal, [Symbol.dispose]: () => clearInterval(asking) };
}
