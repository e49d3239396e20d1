import type { Session } from '../../../db/connect/session.ts';
import { inTransaction } from '../../../db/connect/transaction.ts';
import { AppError, failureBody, redacted } from '../../core/errors.ts';
import { ifApplyOver, ifDead } from '../../postgres/locks/advisory-lock.ts';
import { dropStaging } from '../../postgres/staging/drop-staging.ts';
import { listStaging, stagingOwner, stagingSchema } from '../../postgres/staging/staging.ts';
import { keptPlans } from '../kept-plans.ts';
import { finishRecord, OPERATIONS, writableRecords } from '../records.ts';

/** Result of a sweep. */
export interface Swept {
  /** Ids of operations that were found dead. */
  dead: string[];
  /** One sentence for each thing that could not be cleaned up. */
  warnings: string[];
}

/**
 * Cleans up after dead operations: those whose advisory lock can be had. Drops staging schemas, with or without a
 * record, unless a plan still keeps its rows, and marks running records failed unless the commit of a restore wrote otherwise. Never throws: a failure
 * becomes a warning, and the next operation tries again.
 */
export async function sweepDead(control: Session, records: boolean, now: Date): Promise<Swept> {
  const swept: Swept = { dead: [], warnings: [] };
  try {
    for (const id of await suspects(control, records, now)) {
      try {
        if (await ifDead(control, id, () => sweepOne(control, id, records, now))) swept.dead.push(id);
      } catch (error) {
        swept.warnings.push(cleanupWarning(`of the operation ${id}`, error));
      }
    }
  } catch (error) {
    swept.warnings.push(cleanupWarning('of operations that died', error));
  }
  const more = swept.warnings.splice(MOST_WARNINGS).length;
  if (more > 0) swept.warnings.push(`${more} more things that operations left could not be removed.`);
  return swept;
}

/** Most warnings given: with so many, somebody will look anyway. */
const MOST_WARNINGS = 8;

/** Returns the staging schemas of operations that died, without touching them: the next operation removes them. */
export async function findDeadStaging(session: Session, now: Date): Promise<string[]> {
  const dead: string[] = [];
  const kept = (await writableRecords(session)) ? await keptPlans(session, now) : new Set();
  for (const schema of await listStaging(session))
    if (
      !kept.has(stagingOwner(schema) ?? '') &&
      (await ifDead(session, stagingOwner(schema) ?? '', async () => undefined))
    )
      dead.push(schema);
  return dead;
}

async function suspects(control: Session, records: boolean, now: Date): Promise<Set<string>> {
  const kept = records ? await keptPlans(control, now) : new Set();
  const stagings = (await listStaging(control))
    .map((schema) => stagingOwner(schema) ?? '')
    .filter((id) => !kept.has(id));
  const running = records
    ? await control.query<{ id: string }>(`SELECT id FROM ${OPERATIONS} WHERE state = 'running'`)
    : [];
  return new Set([...stagings, ...running.map((row) => row.id)]);
}

function cleanupWarning(what: string, error: unknown): string {
  const said = error instanceof AppError ? redacted(error) : null;
  const why = said ? `${said.message.replace(/\.$/, '')}.${said.hint ? ` ${said.hint}` : ''}` : 'for a reason unknown.';
  return `What is left ${what} could not be removed: ${why}`;
}

/**
 * Drops a dead operation's staging and marks its record failed. The backend of a killed client may still be at work for
 * a moment; its transaction lock shows that, and then it is left for the next sweep.
 */
export async function sweepOne(control: Session, id: string, records: boolean, now: Date): Promise<void> {
  await control.query(
    `SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity
      WHERE application_name = $1 AND datname = current_database() AND usename = current_user AND pid <> pg_catalog.pg_backend_pid()`,
    [`palace-backup restore ${id}`],
  );
  await ifApplyOver(control, id, async () => {
    const [dropped] = await Promise.allSettled([dropStaging(control, stagingSchema(id))]);
    // Even when the drop failed: a record that stays running would be swept for ever.
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
