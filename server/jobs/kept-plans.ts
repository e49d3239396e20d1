import type { Session } from '../../db/connect/session.ts';
import { CHANGED, OPERATIONS } from './records.ts';

/** SQL: the record of a plan that keeps the rows it found different. */
const KEEPS = `kind = 'plan' AND state = 'succeeded' AND result -> 'kept' ->> 'until' IS NOT NULL`;

/** Returns the ids of plans whose rows are still kept: their staging schemas are not swept. */
export async function keptPlans(session: Session, now: Date): Promise<Set<string>> {
  const rows = await session.query<{ id: string }>(
    `SELECT id FROM ${OPERATIONS} WHERE ${KEEPS} AND (result -> 'kept' ->> 'until')::timestamptz > $1`,
    [now.toISOString()],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Ends every plan that keeps rows, in the transaction that changes live; the next sweep removes what they kept. */
export async function endPlans(session: Session): Promise<void> {
  await session.query(
    `UPDATE ${OPERATIONS} SET result = pg_catalog.jsonb_set(result, '{kept}', 'null'), revision = revision + 1 WHERE ${KEEPS} RETURNING ${CHANGED}`,
  );
}

/** Ends one plan that keeps rows, because its caller has looked at them. */
export async function forgetPlan(session: Session, id: string): Promise<void> {
  await session.query(
    `UPDATE ${OPERATIONS} SET result = pg_catalog.jsonb_set(result, '{kept}', 'null'), revision = revision + 1 WHERE id = $1 AND ${KEEPS} RETURNING ${CHANGED}`,
    [id],
  );
}
