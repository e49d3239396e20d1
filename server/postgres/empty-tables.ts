import { sql } from 'drizzle-orm';
import { databaseError, faultCode } from '../../db/connect/database-error.ts';
import type { ObjectName } from '../../db/model/model.ts';
import { quoteName } from '../../db/model/quote.ts';
import type { Records } from '../../db/system/records.ts';

/** Milliseconds to wait for a lock. A restore holds every table for longer, and a mere look does not wait for that. */
const LOCK_TIMEOUT_MS = 100;
/** Codes after which nobody can say that a table is empty: locked, too slow to read, missing, or rows hidden from this role. */
const UNTOLD = new Set(['55P03', '57014', '42P01', '3F000', '42501']);

/**
 * Returns the tables that hold no row, reading one row of each; a table that cannot be read is not named. Waits only a moment altogether
 * for locks. Rejects as `databaseError` when the database does not answer, and with the signal's reason.
 */
export async function findEmptyTables<Table extends ObjectName>(
  records: Records,
  tables: readonly Table[],
  signal: AbortSignal,
): Promise<Table[]> {
  if (tables.length === 0) return [];
  const together = await checkTables(records, tables, LOCK_TIMEOUT_MS);
  if (together) return together;
  const empty: Table[] = [];
  for (const table of tables) {
    signal.throwIfAborted();
    // The holder of this lock was waited for already.
    empty.push(...((await checkTables(records, [table], 1)) ?? []));
  }
  return empty;
}

/** Returns the empty tables; null when one of them cannot be read. */
async function checkTables<Table extends ObjectName>(
  records: Records,
  tables: readonly Table[],
  timeoutMs: number,
): Promise<Table[] | null> {
  const looks = tables.map((table) => `EXISTS (SELECT FROM ${quoteName(table)})`);
  try {
    return await records.transaction(async (tx) => {
      // Where a policy hides rows this makes it an error, instead of calling a table empty that is not.
      await tx.execute(
        sql.raw(
          `SET LOCAL lock_timeout = ${timeoutMs}; SET LOCAL statement_timeout = '1s'; SET LOCAL row_security = off`,
        ),
      );
      const [row] = await tx.execute<{ held: boolean[] }>(sql.raw(`SELECT ARRAY[${looks.join(', ')}] AS held`));
      return tables.filter((_, index) => row?.held[index] === false);
    });
  } catch (error) {
    if (UNTOLD.has(faultCode(error) ?? '')) return null;
    throw databaseError(error, 'looking whether tables are empty');
  }
}
