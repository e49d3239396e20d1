import type { Session } from '../../db/connect.ts';
import { AppError, failureBody } from '../errors.ts';
import { releaseAlive, tryAlive, tryApply } from '../postgres/lock.ts';
import { dropStaging, listStaging, stagingOwner, stagingSchema } from '../postgres/staging.ts';
import { finishRecord, OPERATIONS } from './records.ts';

/**
 * Clears up after operations that died: an operation is dead when its lock can be had. A staging schema goes whether or not
 * there is a record of it; a record that says `running` is marked failed, unless the commit of its restore wrote otherwise.
 * Resolves with the ids of the dead.
 */
export async function sweepDead(control: Session, records: boolean, now: Date): Promise<string[]> {
  const swept: string[] = [];
  const stagings = await listStaging(control);
  const running = records
    ? await control.query<{ id: string }>(`SELECT id FROM ${OPERATIONS} WHERE state = 'running'`)
    : [];
  const suspects = new Set([...stagings.map((schema) => stagingOwner(schema) ?? ''), ...running.map((row) => row.id)]);
  for (const id of suspects) {
    if (!(await tryAlive(control, id))) continue;
    try {
      await sweepOne(control, id, records, now);
      swept.push(id);
    } finally {
      await releaseAlive(control, id);
    }
  }
  return swept;
}

/** A killed client's backend may still be at work for a moment; its own transaction lock says so, and then it is left for the next time. */
export async function sweepOne(control: Session, id: string, records: boolean, now: Date): Promise<void> {
  await control.query(
    `SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity
      WHERE application_name = $1 AND datname = current_database() AND usename = current_user AND pid <> pg_catalog.pg_backend_pid()`,
    [`palace-backup restore ${id}`],
  );
  await control.query('BEGIN');
  const over = await tryApply(control, id);
  if (over) {
    await dropStaging(control, stagingSchema(id));
    if (records) {
      const error = failureBody(
        new AppError('CONNECTION_LOST', 'The process that ran this operation died. Nothing was changed by it.'),
        now,
      ).error;
      await finishRecord(control, id, 'failed', { error, progress: null }, now);
    }
  }
  await control.query('COMMIT');
}
