import { sql } from 'drizzle-orm';
import { databaseError, faultCode } from '../../db/connect/database-error.ts';
import type { ObjectName } from '../../db/model/model.ts';
import { quoteName } from '../../db/model/quote.ts';
import type { Records } from '../../db/system/records.ts';

/** Who restores holds every table for longer; who only looks does not wait for that. */
const PATIENCE_MS = 100;
/** Locked, too long to go through, not there, or rows that we may not see: nobody can say that it is empty. */
const UNTOLD = new Set(['55P03', '57014', '42P01', '3F000', '42501']);

/**
 * Which of these tables hold no row. Each is asked for its first row, under the lock of a reader, and waited for a moment altogether; one
 * that cannot be looked at is not named. Rejects as `databaseError` when the database does not answer, and with the signal's reason.
 */
export async function findEmptyTables<Table extends ObjectName>(
  records: Records,
  tables: readonly Table[],
  signal: AbortSignal,
): Promise<Table[]> {
  if (tables.length === 0) return [];
  const together = await lookInto(records, tables, PATIENCE_MS);
  if (together) return together;
  const empty: Table[] = [];
  for (const table of tables) {
    signal.throwIfAborted();
    // Whoever holds it has held it for a moment already.
    empty.push(...((await lookInto(records, [table], 1)) ?? []));
  }
  return empty;
}

/** The empty ones; null when one of them cannot be looked at. */
async function lookInto<Table extends ObjectName>(
  records: Records,
  tables: readonly Table[],
  patienceMs: number,
): Promise<Table[] | null> {
  const looks = tables.map((table) => `EXISTS (SELECT FROM ${quoteName(table)})`);
  try {
    return await records.transaction(async (tx) => {
      // Under a policy some rows are not seen: an error, rather than a table called empty that is not.
      await tx.execute(
        sql.raw(
          `SET LOCAL lock_timeout = ${patienceMs}; SET LOCAL statement_timeout = '1s'; SET LOCAL row_security = off`,
        ),
      );
      const [row] = await tx.execute<{ held: boolean[] }>(sql.raw(`SELECT ARRAY[${looks.join(', ')}] AS held`));
      return tables.filter((_, place) => row?.held[place] === false);
    });
  } catch (error) {
    if (UNTOLD.has(faultCode(error) ?? '')) return null;
    throw databaseError(error, 'looking whether tables are empty');
  }
}
