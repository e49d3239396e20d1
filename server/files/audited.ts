import { AppError, cancelled, ERROR_FAMILIES, type ErrorCode } from '../core/errors.ts';
import { authorize, type Caller, type Holder } from '../security/caller.ts';
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
  const asking = setInterval(async () => {
    const read = async () => (await parts.readCaller(c.req.raw.headers, c.get('caller').address)).caller;
    const error = await withdrawal(parts, action, read);
    if (error === null) return;
    ended.abort(error);
    c.get('connection').restoreTimeout();
  }, parts.askAgainMs ?? ASK_AGAIN_MS);
  return { signal: ended.signal, [Symbol.dispose]: () => clearInterval(asking) };
}

/** The person or service that bytes are sent to, and what they are. */
export interface Receiver {
  actor: string;
  holder: Holder;
  target?: string | undefined;
}

/**
 * Checks again and again, until a response was sent, that its receiver still has the right. Once it is withdrawn the
 * signal aborts with the reason, the connection is cut and the audit gets a row.
 */
export function whileSent(
  parts: Pick<FileParts, 'readHolder' | 'audit' | 'now' | 'askAgainMs'>,
  c: FilesContext,
  action: Action,
  { actor, holder, target }: Receiver,
): AbortSignal {
  const ended = new AbortController();
  const { address } = c.get('caller');
  const connection = c.get('connection');
  const asking = setInterval(async () => {
    const isOpen = connection.isOpen();
    const error = isOpen ? await withdrawal(parts, action, () => parts.readHolder(holder, address)) : null;
    if (isOpen && error === null) return;
    clearInterval(asking);
    if (error === null || ended.signal.aborted) return;
    ended.abort(error);
    connection.cut();
    const { code } = error;
    const row = { actor, address, action, outcome: 'denied' as const, code, requestId: c.get('requestId') };
    await parts.audit.append({ ...row, ...(target !== undefined && { target }) }).catch((failure: unknown) => {
      c.get('log').error({ err: failure }, 'that a transfer was cut could not be noted in the audit');
    });
  }, parts.askAgainMs ?? ASK_AGAIN_MS);
  return ended.signal;
}

/**
 * Returns why a caller no longer may, or null. The step-up counted when it began, and a failure to check takes nobody's
 * right away.
 */
async function withdrawal(
  parts: Pick<FileParts, 'now'>,
  action: Action,
  read: () => Promise<Caller>,
): Promise<AppError | null> {
  try {
    authorize(await read(), { scope: RIGHTS[action].scope }, parts.now());
    return null;
  } catch (error) {
    const isOver = error instanceof AppError && (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN');
    return isOver ? error : null;
  }
}
