import { inArray, sql } from 'drizzle-orm';
import type { Records } from '../../../db/system/records.ts';
import { operations } from '../../../db/system/schema.ts';
import { AppError, failureBody } from '../../core/errors.ts';
import { CHANNEL } from '../records.ts';
import type { Queue } from './queue.ts';

/**
 * Ends the record of an operation that never began, with this reason; one that began or ended meanwhile stays as it is.
 */
export async function endQueued(records: Records, id: string, reason: unknown, now: Date): Promise<void> {
  const state = reason instanceof AppError && reason.code === 'CANCELLED' ? 'cancelled' : 'failed';
  const error = JSON.stringify(failureBody(reason, now).error);
  await records.execute(sql`
    UPDATE ${operations}
       SET state = ${state}, error = ${error}::text::jsonb, finished_at = ${now.toISOString()}::timestamptz, revision = revision + 1
     WHERE id = ${id}::uuid AND state = 'queued'
    RETURNING pg_notify(${CHANNEL}, id::text || ' ' || revision::text)`);
}

/**
 * Ends the running records of operations whose process is about to be ended for this reason; those that have ended stay
 * as they are.
 */
export async function endRunning(records: Records, ids: readonly string[], reason: AppError, now: Date): Promise<void> {
  if (ids.length === 0) return;
  const error = JSON.stringify(failureBody(reason, now).error);
  await records.execute(sql`
    UPDATE ${operations}
       SET state = 'failed', error = ${error}::text::jsonb, finished_at = ${now.toISOString()}::timestamptz, revision = revision + 1
     WHERE ${inArray(operations.id, [...ids])} AND state = 'running'
    RETURNING pg_notify(${CHANNEL}, id::text || ' ' || revision::text)`);
}

/**
 * Ends the records of operations nobody will begin: queued, but neither in the queue nor with a worker. Returns their
 * ids. A record and its ticket are made in one commit, so this can never be wrong.
 */
export async function endOrphaned(records: Records, queue: Pick<Queue, 'present'>, now: Date): Promise<string[]> {
  const queued = await records
    .select({ id: operations.id })
    .from(operations)
    .where(inArray(operations.state, ['queued']));
  const ids = queued.map(({ id }) => id);
  const present = await queue.present(ids);
  const forgotten = ids.filter((id) => !present.has(id));
  const reason = new AppError(
    'CONNECTION_LOST',
    'The process that was to run this operation died. Nothing was changed.',
    {
      hint: 'Ask for it again.',
    },
  );
  for (const id of forgotten) await endQueued(records, id, reason, now);
  return forgotten;
}
