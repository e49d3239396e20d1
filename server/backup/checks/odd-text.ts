import { isUtf8 } from 'node:buffer';
import { qualifiedName } from '../../../db/model/model.ts';
import { chunkRows } from '../../archive/rows/csv-rows.ts';
import { printable } from '../../core/bytes.ts';
import { AppError } from '../../core/errors.ts';
import type { CopyPart } from '../../postgres/copy-parts.ts';

/**
 * Throws DATABASE_ERROR, naming table, column and key, for rows that are not UTF-8 although their database converts or checks text. The
 * server hands out such rows but would not take them back.
 */
export function refuseOddText({ table, columns, key, encoding }: CopyPart, content: Uint8Array): void {
  if (encoding !== 'UTF8' || isUtf8(content)) return;
  const { column, row } = firstOdd(columns, key, content) ?? { column: null, row: null };
  throw new AppError(
    'DATABASE_ERROR',
    `${qualifiedName(table)} holds text that is not UTF-8${column === null ? '' : `, in the column ${column}${row === null ? '' : ` of the row with the key ${row}`}`}: the server would not take it back. No backup was made.`,
    {
      hint: 'Correct the value, or say in the file that BACKUP_EXCLUDE names that the rows of the table are left out on purpose. Before PostgreSQL 15 a "char" beyond ASCII is such a value, too.',
      details: { table: qualifiedName(table), column, key: row },
    },
  );
}

function firstOdd(
  columns: string[],
  key: string[],
  content: Uint8Array,
): { column: string; row: string | null } | null {
  const bytes = (value: string | null | undefined) => Buffer.from(value ?? '', 'latin1');
  for (const row of chunkRows(content, 'csv', columns.length, 'bytes')) {
    const index = row.findIndex((value) => !isUtf8(bytes(value)));
    if (index < 0) continue;
    const parts = key.map((name) => `${name} = ${printable(bytes(row[columns.indexOf(name)]))}`);
    return { column: columns[index] ?? '', row: parts.length > 0 ? parts.join(', ') : null };
  }
  return null;
}
