import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { AppError } from '../../core/errors.ts';
import { missingForBackup } from '../../postgres/preflight/rights.ts';

/** Throws PERMISSION_DENIED, with the statements to run, when row-level security or missing rights would hide rows from this role. */
export async function refuseHiddenRows(session: Session, tables: ObjectName[]): Promise<void> {
  const missing = await missingForBackup(session, tables);
  if (missing.length === 0) return;
  throw new AppError(
    'PERMISSION_DENIED',
    `Not everything can be read: ${missing.map(({ message }) => message).join('; ')}.`,
    {
      hint: `As the owner or an administrator run: ${[...new Set(missing.map(({ grant }) => grant))].join(' ')}`,
      details: { missing },
    },
  );
}
