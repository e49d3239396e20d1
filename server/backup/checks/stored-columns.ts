import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName, storedColumns } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import type { LiveTable } from '../../postgres/catalog/catalog.ts';

/**
 * Throws SCHEMA_MISMATCH naming the tables an archive cannot hold: those without columns, and those with rows but no stored column. A row
 * in an archive is the values of its stored columns. `described` are tables whose definition alone is kept.
 */
export async function refuseRowsWithoutColumns(
  session: Session,
  tables: LiveTable[],
  described: LiveTable[],
): Promise<void> {
  const reasons: string[] = [];
  for (const table of [...tables, ...described]) {
    const name = qualifiedName(table);
    if (table.columns.length === 0) reasons.push(`${name} has no column`);
    else if (tables.includes(table) && storedColumns(table).length === 0 && (await hasRows(session, table)))
      reasons.push(`${name} has rows, and each of its columns is generated`);
  }
  if (reasons.length === 0) return;
  throw new AppError(
    'SCHEMA_MISMATCH',
    `An archive has no place for such rows: ${reasons.join('; ')}. No backup was made.`,
    {
      hint: 'Give the table a stored column, or take it out of the schema and say in the file that BACKUP_EXCLUDE names that it is left out on purpose.',
      details: { reasons },
    },
  );
}

async function hasRows(session: Session, { leaves }: LiveTable): Promise<boolean> {
  for (const leaf of leaves.filter(({ foreign }) => !foreign)) {
    const [row] = await session.query<{ any: boolean }>(`SELECT EXISTS (SELECT FROM ONLY ${quoteName(leaf)}) AS any`);
    if (row?.any) return true;
  }
  return false;
}
