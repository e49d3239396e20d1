import { faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName } from '../../../db/model/model.ts';
import { quoteLiteral, quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import { selectList } from '../staging/staging.ts';
import type { TableLoad } from './table-load.ts';

/**
 * Throws RESTORE_REFUSED, naming the partition, when staged rows belong to a partition on another server. No rollback is sure to undo
 * writes there. The partition was local at the time of the backup, since no backup reads a foreign one.
 */
export async function refuseForeignRows(session: Session, loads: TableLoad[]): Promise<void> {
  const faults: string[] = [];
  for (const load of loads.filter(({ rows }) => rows > 0))
    for (const leaf of load.live.leaves.filter(({ foreign }) => foreign)) {
      const [bounds] = await session.query<{ condition: string | null }>(
        `SELECT pg_catalog.pg_get_partition_constraintdef(${quoteLiteral(quoteName(leaf))}::regclass) AS condition`,
      );
      const partition = `${qualifiedName(leaf)}, a foreign partition of ${qualifiedName(load.live)}`;
      const rows = await countBelonging(session, load, bounds?.condition ?? null);
      if (rows === null) faults.push(`the backup lacks the columns that tell which rows belong to ${partition}`);
      else if (rows > 0) faults.push(`${rows} ${rows === 1 ? 'row belongs' : 'rows belong'} to ${partition}`);
    }
  if (faults.length === 0) return;
  throw new AppError(
    'RESTORE_REFUSED',
    `Rows of the backup would go to another server: ${faults.join('; ')}. Nothing was changed.`,
    {
      hint: 'Detach the foreign partition and attach a local table in its place for the restore (ALTER TABLE … DETACH PARTITION), or leave the table out with --tables.',
      details: { faults },
    },
  );
}

/** Counts the staged rows within a partition's bounds; null when the bounds use a column that is not staged. */
async function countBelonging(session: Session, load: TableLoad, condition: string | null): Promise<number | null> {
  try {
    const [row] = await session.query<{ rows: number }>(
      `SELECT count(*)::float8 AS rows FROM (SELECT ${selectList(load.staging, load.columns)} FROM ${quoteName(load.staging)}) AS staged WHERE ${condition ?? 'true'}`,
    );
    return row?.rows ?? 0;
  } catch (error) {
    if (error instanceof AppError && faultCode(error.cause) === '42703') return null;
    throw error;
  }
}
