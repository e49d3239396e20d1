import type { Session } from '../../db/connect/session.ts';
import { AppError } from '../core/errors.ts';
import { type ApprovedPlan, planDigest } from '../restore/compare/approved-plan.ts';
import type { Comparison } from '../restore/compare/compare.ts';
import { CHANGED, OPERATIONS } from './records.ts';

/** SQL: the record of a plan that succeeded. */
const PLANNED = `kind = 'plan' AND state = 'succeeded'`;

/** Returns the ids of plans whose rows are still kept: their staging schemas are not swept. */
export async function keptPlans(session: Session, now: Date): Promise<Set<string>> {
  const rows = await session.query<{ id: string }>(
    `SELECT id FROM ${OPERATIONS} WHERE ${PLANNED} AND (result -> 'kept' ->> 'until')::timestamptz > $1`,
    [now.toISOString()],
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Returns the plan of a digest, for the restore that carries it out. Throws RESTORE_REFUSED when there is none, when it has expired, and
 * when a restore has changed live since.
 */
export async function readPlan(session: Session, digest: string, now: Date): Promise<ApprovedPlan> {
  const [row] = await session.query<{ result: Comparison }>(
    `SELECT result FROM ${OPERATIONS} WHERE ${PLANNED} AND result ->> 'digest' = $1`,
    [digest],
  );
  if (row === undefined || planDigest(row.result) !== digest) throw unusable('is not known to this database', digest);
  const { until } = row.result;
  if (until === null) throw unusable('was used, or another restore has changed the database since', digest);
  if (Date.parse(until) <= now.getTime()) throw unusable('has expired', digest);
  return row.result;
}

function unusable(why: string, digest: string): AppError {
  return new AppError('RESTORE_REFUSED', `The plan ${digest.slice(0, 12)}… ${why}. Nothing was changed.`, {
    hint: 'Make a new plan, look at it, and restore with that.',
    details: { digest },
  });
}

/** Ends every plan, in the transaction that changes live; the next sweep removes the rows they kept. */
export async function endPlans(session: Session): Promise<void> {
  await session.query(
    `UPDATE ${OPERATIONS} SET result = result || '{"kept": null, "until": null}', revision = revision + 1
      WHERE ${PLANNED} AND (result -> 'until' <> 'null' OR result -> 'kept' <> 'null') RETURNING ${CHANGED}`,
  );
}

/** Forgets the rows that one plan keeps, because its caller has looked at them. */
export async function forgetRows(session: Session, id: string): Promise<void> {
  await session.query(
    `UPDATE ${OPERATIONS} SET result = result || '{"kept": null}', revision = revision + 1 WHERE id = $1 AND ${PLANNED} RETURNING ${CHANGED}`,
    [id],
  );
}
