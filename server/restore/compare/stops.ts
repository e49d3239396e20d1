import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { missingForBackup } from '../../postgres/preflight/rights.ts';

/** A reason for which a restore would be refused, with what to do about it. */
export interface Stop {
  /** Code with which the restore would be refused. */
  code: ErrorCode;
  message: string;
  hint: string | null;
}

/** Returns the errors by which a restore would refuse, instead of throwing them. Throws every other error. */
export async function refusals(checks: (() => Promise<void>)[]): Promise<Stop[]> {
  const stops: Stop[] = [];
  for (const check of checks)
    try {
      await check();
    } catch (error) {
      if (!(error instanceof AppError) || !REFUSALS.has(error.code)) throw error;
      stops.push({ code: error.code, message: error.message, hint: error.hint ?? null });
    }
  return stops;
}

const REFUSALS = new Set<ErrorCode>(['PERMISSION_DENIED', 'RESTORE_REFUSED']);

/**
 * Throws PERMISSION_DENIED, with the statements that help, when this session may not see every row of live. A restore is not refused for
 * policies that are forced on the owner, but nothing can be compared under them.
 */
export async function refuseHiddenRows(session: Session, tables: ObjectName[], sequences: ObjectName[]): Promise<void> {
  const concerned = new Set(sequences.map(qualifiedName));
  const missing = (await missingForBackup(session, tables)).filter(({ table }) => !concerned.has(table));
  if (missing.length === 0) return;
  const words = missing.map(({ message }) => message).join('; ');
  throw new AppError('PERMISSION_DENIED', `${words}. Nothing was compared.`, {
    hint: `To see what a restore would change, run as an administrator: ${missing.map(({ grant }) => grant).join(' ')}`,
    details: { missing },
  });
}
