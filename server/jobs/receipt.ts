import type { Session } from '../../db/connect/session.ts';
import { openWorkingSession } from '../../db/connect/working-session.ts';
import { AppError } from '../core/errors.ts';
import { endPlans } from './kept-plans.ts';
import type { OperationProgress } from './progress.ts';
import { finishRecord, OPERATIONS } from './records.ts';

/** The record of an operation as the transaction that changes live tables sees it; see `restore/ways/restoring.ts`. */
export interface Receipt {
  readonly operationId: string;
  /** Makes the record where our tables do not exist yet. Called once every check beforehand lets the restore go on. */
  begin(): Promise<void>;
  confirm(session: Session): Promise<void>;
  /** Throws RESTORE_REFUSED when the operation was ended meanwhile: then nothing may be committed. */
  succeed(session: Session, result: Record<string, unknown>): Promise<void>;
  outcome(): Promise<string | null>;
}

export function receiptOf(
  id: string,
  deps: { databaseUrl: string; now: () => Date },
  known: { progress: () => OperationProgress | null; warnings: string[]; begin: () => Promise<void> },
): Receipt {
  return {
    operationId: id,
    begin: known.begin,
    async confirm(session) {
      // Only a read: a lock held until the commit would keep progress and cancelling out of the record.
      const [row] = await session.query<{ state: string }>(`SELECT state FROM ${OPERATIONS} WHERE id = $1`, [id]);
      if (row?.state !== 'running') throw ended(row?.state);
    },
    async succeed(session, result) {
      const own = Array.isArray(result['warnings']) ? result['warnings'] : [];
      const full = { ...result, warnings: [...own, ...known.warnings] };
      if (!(await finishRecord(session, id, 'succeeded', { result: full, progress: known.progress() }, deps.now())))
        throw ended();
      await endPlans(session);
    },
    async outcome() {
      await using session = await openWorkingSession(deps.databaseUrl, {
        applicationName: `palace-backup restore ${id} end`,
        signal: new AbortController().signal,
      });
      const [row] = await session.query<{ state: string }>(`SELECT state FROM ${OPERATIONS} WHERE id = $1`, [id]);
      return row?.state ?? null;
    },
  };
}

function ended(state = 'ended'): AppError {
  return new AppError('RESTORE_REFUSED', `The operation is ${state} and may not go on. Nothing was changed.`, {
    hint: 'Somebody ended it meanwhile. Run the restore again.',
  });
}
