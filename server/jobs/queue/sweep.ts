import type { Session } from '../../../db/connect/session.ts';
import { inTransaction } from '../../../db/connect/transaction.ts';
import { AppError, failureBody, saidOutside } from '../../core/errors.ts';
import { ifApplyOver, ifDead } from '../../postgres/locks/advisory-lock.ts';
import { dropStaging } from '../../postgres/staging/drop-staging.ts';
import { listStaging, stagingOwner, stagingSchema } from '../../postgres/staging/staging.ts';
import { finishRecord, OPERATIONS } from '../records.ts';

/** What clearing up came to. */
export interface Swept {
  /** Operations that were found dead. */
  dead: string[];
  /** What could not be cleared up, in words. */
  warnings: string[];
}

/**
 * Clears up after operations that died: an operation is dead when its lock can be had. A staging schema goes whether or not
 * there is a record of it; a record that says `running` is marked failed, unless the commit of its restore wrote otherwise.
 * Never throws: what cannot be cleared up is told, and is tried again by the next operation.
 */
export async function sweepDead(control: Session, records: boolean, now: Date): Promise<Swept> {
  const swept: Swept = { dead: [], warnings: [] };
  try {
    for (const id of await suspects(control, records)) {
      try {
        if (await ifDead(control, id, () => sweepOne(control, id, records, now))) swept.dead.push(id);
      } catch (error) {
        swept.warnings.push(leftOver(`of the operation ${id}`, error));
      }
    }
  } catch (error) {
    swept.warnings.push(leftOver('of operations that died', error));
  }
  const more = swept.warnings.splice(MOST_WARNINGS).length;
  if (more > 0) swept.warnings.push(`${more} more things that operations left could not be removed.`);
  return swept;
}

/** Whoever sees as many looks at all. */
const MOST_WARNINGS = 8;

/** Returns the staging schemas of operations that died: the next operation removes them. Touches none. */
export async function findDeadStaging(session: Session): Promise<string[]> {
  const dead: string[] = [];
  for (const schema of await listStaging(session))
    if (await ifDead(session, stagingOwner(schema) ?? '', async () => undefined)) dead.push(schema);
  return dead;
}

async function suspects(control: Session, records: boolean): Promise<Set<string>> {
  const stagings = await listStaging(control);
  const running = records
    ? await control.query<{ id: string }>(`SELECT id FROM ${OPERATIONS} WHERE state = 'running'`)
    : [];
  return new Set([...stagings.map((schema) => stagingOwner(schema) ?? ''), ...running.map((row) => row.id)]);
}

function leftOver(what: string, error: unknown): string {
  const said = error instanceof AppError ? saidOutside(error) : null;
  const why = said ? `${said.message.replace(/\.$/, '')}.${said.hint ? ` ${said.hint}` : ''}` : 'for a reason unknown.';
  return `What is left ${what} could not be removed: ${why}`;
}

/** A killed client's backend may still be at work for a moment; its own transaction lock says so, and then it is left for the next time. */
export async function sweepOne(control: Session, id: string, records: boolean, now: Date): Promise<void> {
  await control.query(
    `SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity
      WHERE application_name = $1 AND datname = current_database() AND usename = current_user AND pid <> pg_catalog.pg_backend_pid()`,
    [`palace-backup restore ${id}`],
  );
  await ifApplyOver(control, id, async () => {
    const [dropped] = await Promise.allSettled([dropStaging(control, stagingSchema(id))]);
    // Whatever became of the schema: a record that says running would be looked into for ever.
    if (records) await markDead(control, id, now);
    if (dropped.status === 'rejected') throw dropped.reason;
  });
}

async function markDead(control: Session, id: string, now: Date): Promise<void> {
  const { error } = failureBody(
    new AppError('CONNECTION_LOST', 'The process that ran this operation died. Nothing was changed by it.', {
      hint: 'Ask for it again.',
    }),
    now,
  );
  await inTransaction(control, async () => {
    await control.query(`SET LOCAL lock_timeout = '1s'`);
    await finishRecord(control, id, 'failed', { error, progress: null }, now);
  });
}
