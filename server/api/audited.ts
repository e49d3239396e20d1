import { AppError, cancelled, ERROR_FAMILIES } from '../errors.ts';
import { authorize, type Scope } from '../security/caller.ts';
import type { FileParts, FilesContext } from './file-parts.ts';

/** What a route adds to its audit row once it knows. */
export interface AuditNotes {
  /** Another than the caller, when a signed link speaks for somebody. */
  actor?: string;
  target?: string;
  details?: Record<string, unknown>;
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
  const append = async (outcome: 'allowed' | 'denied' | 'failed', code?: AppError['code']) => {
    const { actor, address } = c.get('caller');
    await parts.audit.append({
      actor,
      address,
      action,
      outcome,
      requestId: c.get('requestId'),
      ...notes,
      ...(code !== undefined && { code }),
    });
  };
  try {
    const result = await work(notes);
    if (which === 'all') await append('allowed');
    return result;
  } catch (caught) {
    const error = c.req.raw.signal.aborted && !(caught instanceof AppError) ? cancelled('The request') : caught;
    const code = error instanceof AppError ? error.code : 'UNEXPECTED';
    const denied = ERROR_FAMILIES[code] === 'permission';
    if (denied || which === 'all') await append(denied ? 'denied' : 'failed', code);
    throw error;
  }
}

/** Throws unless the caller of this request has the scope. */
export function requireScope(c: FilesContext, scope: Scope, now: Date): void {
  authorize(c.get('caller'), { scope }, now);
}
