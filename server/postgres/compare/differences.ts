import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { type ChangeCounts, countChanges, dropDifferenceTable, makeDifferenceTable } from './difference-tables.ts';
import { type ComparedTable, RowSource } from './row-source.ts';

/** Number of rows of a table by what a restore does with them, and by column. */
export interface Differences extends ChangeCounts {
  unchanged: number;
  /** `key`: rows matched by key; `row`: rows compared as a whole, of which none counts as changed. */
  by: 'key' | 'row';
}

/** The differences of staging and live, in numbers and row by row. */
export interface Found {
  differences: Differences;
  /** The table of differences; null when rows are compared as a whole. */
  rows: ObjectName | null;
  /** Number of rows in live. */
  live: number;
  /** True when there are more differences than were asked for, and the numbers are those of a part. */
  isPart: boolean;
}

/**
 * Finds how staging and live differ, in the transaction of the session, and keeps each difference in a table of the staging schema. Values
 * differ when their text does, as in an archive. Rows are matched by key, or as a whole where there is none or where rows do not keep it.
 */
export async function findDifferences(session: Session, table: ComparedTable): Promise<Found> {
  const source = new RowSource(table);
  const live = await countLive(session, source);
  const { key } = table;
  if (key !== null) {
    const rows = await makeDifferenceTable(session, source, { ...table, key });
    const found = await countChanges(session, rows, table.columns);
    const isPart = table.most !== undefined && found.added + found.changed + found.removed > table.most;
    const unchanged = table.rows - found.added - found.changed;
    // Unequal when the key is not one after all: twice in the backup, which may be older than the key, or NULL.
    if (isPart || unchanged === live - found.removed - found.changed)
      return { differences: { ...found, unchanged, by: 'key' }, rows, live, isPart };
    await dropDifferenceTable(session, rows);
  }
  const { added, removed } = await byWholeRow(session, source);
  const differences = { added, changed: 0, removed, unchanged: table.rows - added, by: 'row' as const, columns: {} };
  return { differences, rows: null, live, isPart: false };
}

async function countLive(session: Session, rows: RowSource): Promise<number> {
  const [row] = await session.query<{ rows: number }>(
    `SELECT count(*)::float8 AS rows FROM ${rows.live} AS ${rows.as('l')}`,
  );
  return row?.rows ?? 0;
}

/** Compares rows without regard to their order; equal rows count as often as they stand on either side. */
async function byWholeRow(session: Session, rows: RowSource): Promise<Pick<Differences, 'added' | 'removed'>> {
  const hashed = (source: string, staged: 0 | 1) =>
    `SELECT ${rows.hashOf('r')} AS hash, ${staged} AS staged, ${1 - staged} AS live FROM ${source} AS ${rows.as('r')}`;
  const [found] = await session.query<Pick<Differences, 'added' | 'removed'>>(`
    SELECT COALESCE(sum(greatest(staged - live, 0)), 0)::float8 AS added, COALESCE(sum(greatest(live - staged, 0)), 0)::float8 AS removed
      FROM (SELECT sum(staged) AS staged, sum(live) AS live
              FROM (${hashed(rows.staged, 1)} UNION ALL ${hashed(rows.live, 0)}) AS sides GROUP BY hash) AS counted`);
  return { added: found?.added ?? 0, removed: found?.removed ?? 0 };
}
