import { sql } from 'drizzle-orm';
import { databaseError, faultCode } from '../../db/failure.ts';
import type { ObjectName } from '../../db/model.ts';
import { quoteName } from '../../db/quote.ts';
import type { Records } from '../../db/records.ts';

/** Who restores holds every table for longer; who only looks does not wait for that. */
const PATIENCE = `SET LOCAL lock_timeout = '100ms'; SET LOCAL statement_timeout = '1s'`;
/** Locked, too long to go through, not there, or rows that we may not see: nobody can say that it is empty. */
const UNTOLD = new Set(['55P03', '57014', '42P01', '3F000', '42501']);

/**
 * Which of these tables hold no row. Statistics say that of tables nobody counted since a crash, too; this looks. A table that cannot be
 * looked at within a moment is not named. Rejects as `databaseError` when the database does not answer.
 */
export async function findEmptyTables<Table extends ObjectName>(
  records: Records,
  tables: readonly Table[],
): Promise<Table[]> {
  const empty: Table[] = [];
  for (const table of tables) if (await isEmpty(records, table)) empty.push(table);
  return empty;
}

async function isEmpty(records: Records, table: ObjectName): Promise<boolean> {
  try {
    return await records.transaction(async (tx) => {
      // Under a policy some rows are not seen: an error, rather than a table called empty that is not.
      await tx.execute(sql.raw(`${PATIENCE}; SET LOCAL row_security = off`));
      const [row] = await tx.execute(sql.raw(`SELECT EXISTS (SELECT FROM ${quoteName(table)}) AS "isHeld"`));
      return row?.['isHeld'] === false;
    });
  } catch (error) {
    if (UNTOLD.has(faultCode(error) ?? '')) return false;
    throw databaseError(error, 'looking whether tables are empty');
  }
}
