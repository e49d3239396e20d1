import type { Session } from '../../../db/connect/session.ts';
import { quoteName } from '../../../db/model/quote.ts';
import type { LiveTable } from '../catalog/catalog.ts';

/** The state of a table at one moment, by which it can be told later whether the table is still the same. */
export interface Watermark {
  /** The oldest transaction that may still have been running: whatever it or a later one wrote may be new. */
  horizon: string;
  rows: number;
}

/** Returns the horizon of the snapshot of this transaction. */
export async function readHorizon(session: Session): Promise<string> {
  // Rows of a transaction that was in progress may carry the number of a savepoint, which no snapshot lists: only older ones are sure.
  const [row] = await session.query<{ xmin: string }>(
    'SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::xid::text AS xmin',
  );
  return row?.xmin ?? '0';
}

/**
 * Returns true when the table, which nobody may write to any more, holds the very rows of that moment. Rows written since have a number
 * from the horizon on; when there are none, every row was there already, and their count tells whether any was deleted. May return false
 * for a table that is the same.
 */
export async function isUnchanged(
  session: Session,
  table: Pick<LiveTable, 'leaves'>,
  { horizon, rows }: Watermark,
): Promise<boolean> {
  let counted = 0;
  for (const leaf of table.leaves.filter(({ foreign }) => !foreign)) {
    if (!leaf.heap) return false;
    const [found] = await session.query<{ rows: number; recent: number }>(
      `SELECT count(*)::float8 AS rows, count(*) FILTER (WHERE pg_catalog.age(l.xmin) <= pg_catalog.age($1::xid))::float8 AS recent
         FROM ONLY ${quoteName(leaf)} AS l`,
      [horizon],
    );
    if (!found || found.recent > 0) return false;
    counted += found.rows;
  }
  return counted === rows;
}
