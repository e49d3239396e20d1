import { faultCode } from '../../../db/connect/database-error.ts';
import { qualifiedName } from '../../../db/model/model.ts';
import { AppError } from '../../core/errors.ts';
import { findLongRows, type LongRow, MOST_TEXT_BYTES } from '../../postgres/catalog/long-rows.ts';
import type { CopyPart } from '../../postgres/copy-parts.ts';
import type { SnapshotSessions } from '../../postgres/snapshot.ts';

export const LONG_ROW_HINT =
  'pg_dump cannot write it either. Spread its values over several rows, or say in the file that BACKUP_EXCLUDE names that the table, or its rows, are left out on purpose.';

/** Milliseconds for which the row is searched. */
const SEARCH_MS = 20_000;

/**
 * Returns a better error when copying failed on a row or value too long for PostgreSQL to write out. It names table and key where they
 * can be found. Returns any other error unchanged.
 */
export async function explainLongRow(
  error: unknown,
  { table, leaf }: CopyPart,
  snapshot: SnapshotSessions,
): Promise<unknown> {
  if (!(error instanceof AppError) || !isTooLong(error.cause)) return error;
  const rows = await (async () => {
    await using session = await snapshot.openOutside();
    return await findLongRows(session, leaf, SEARCH_MS);
  })().catch(() => null);
  const location = `${qualifiedName(table)}${leaf.name === table.name && leaf.schema === table.schema ? '' : ` (in ${qualifiedName(leaf)})`}`;
  return new AppError(
    'DATABASE_ERROR',
    `${location} holds a row or a value that is longer than the gigabyte PostgreSQL can write as text: ${whichRow(rows)}. No backup was made.`,
    {
      cause: error.cause,
      hint: LONG_ROW_HINT,
      details: { ...error.details, table: qualifiedName(table), rows: (rows ?? []).map(({ key }) => key) },
    },
  );
}

/** Returns true for a string buffer that cannot grow, a value too long to convert, and a memory allocation the server refuses. */
function isTooLong(cause: unknown): boolean {
  const code = faultCode(cause);
  const { routine } = (cause ?? {}) as { routine?: string };
  return code === '54000' || (code === 'XX000' && /alloc|palloc|mcxt/i.test(`${routine} ${cause}`));
}

function whichRow(rows: LongRow[] | null): string {
  if (rows === null) return `which one could not be found within ${SEARCH_MS / 1000} s`;
  const sure = rows.filter(({ bytes }) => bytes > MOST_TEXT_BYTES);
  if (sure.length > 0) return sure.map(describeLongRow).join('; ');
  if (rows.length > 0) return `perhaps ${rows.map(describeLongRow).join('; or ')}`;
  return 'which one cannot be told from the sizes of what is stored';
}

/** Describes a row by its key, its size, and the columns that make it long. */
export function describeLongRow({ key, bytes, columns }: LongRow): string {
  return `the one with the key ${key} (about ${megabytes(bytes)}: ${columns.map((column) => `${column.name} ${megabytes(column.bytes)}`).join(', ')})`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
