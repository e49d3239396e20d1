import { openSession, type Session } from '../../db/connect.ts';
import { AppError } from '../errors.ts';
import { finishRecord, OPERATIONS } from './records.ts';

/** The record of an operation as the transaction that changes live tables sees it; see `restore/apply.ts`. */
export interface Receipt {
  readonly operationId: string;
  confirm(session: Session): Promise<void>;
  succeed(session: Session, result: Record<string, unknown>): Promise<void>;
  outcome(): Promise<string | null>;
}

export function receiptOf(id: string, deps: { databaseUrl: string; now: () => Date }): Receipt {
  return {
    operationId: id,
    async confirm(session) {
      const [row] = await session.query<{ state: string }>(`SELECT state FROM ${OPERATIONS} WHERE id = $1 FOR UPDATE`, [
        id,
      ]);
      if (row?.state !== 'running')
        throw new AppError(
          'RESTORE_REFUSED',
          `The operation is ${row?.state ?? 'unknown'} and may not go on. Nothing was changed.`,
          { hint: 'Somebody ended it meanwhile. Run the restore again.' },
        );
    },
    succeed: (session, result) => finishRecord(session, id, 'succeeded', { result }, deps.now()),
    async outcome() {
      await using session = await openSession(deps.databaseUrl, {
        applicationName: `palace-backup restore ${id} end`,
        signal: new AbortController().signal,
      });
      const [row] = await session.query<{ state: string }>(`SELECT state FROM ${OPERATIONS} WHERE id = $1`, [id]);
      return row?.state ?? null;
    },
  };
}
