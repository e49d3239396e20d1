import { copyEncoding } from '../../../db/connect/copy-encoding.ts';
import { AppError } from '../../core/errors.ts';
import type { Manifest, ManifestEntry } from '../manifest/manifest.ts';
import { describeEntry } from '../reader.ts';
import { type ChunkRow, chunkRows, NotUtf8 } from './csv-rows.ts';
import { notUtf8 } from './not-utf8.ts';

/**
 * Yields the rows of a chunk's content, as text or with one character for each byte. Throws ARCHIVE_DAMAGED for text
 * PostgreSQL does not write, and ARCHIVE_INVALID on reaching a row that is not UTF-8.
 */
export function* readRows(
  entry: ManifestEntry,
  content: Uint8Array,
  columns: readonly { name: string }[],
  as: 'text' | 'bytes' = 'text',
): Generator<ChunkRow> {
  try {
    yield* chunkRows(content, entry.format === 'copy' ? 'copy' : 'csv', columns.length, as);
  } catch (error) {
    if (error instanceof RangeError) throw unreadable(entry, error.message, error);
    if (!(error instanceof NotUtf8)) throw error;
    throw notUtf8(
      error,
      entry,
      columns.map(({ name }) => name),
      'it cannot be shown here',
      'Rows before this line can be shown. The archive itself holds the bytes as they are.',
    );
  }
}

/** Returns how to read rows whose values are only compared: those of an SQL_ASCII database need not be text. */
export function comparedAs({ server }: Pick<Manifest, 'server'>): 'text' | 'bytes' {
  return copyEncoding(server.encoding, server.encoding) === 'UTF8' ? 'text' : 'bytes';
}

/** Returns the error for a chunk whose bytes match the manifest but cannot be parsed. */
export function unreadable(entry: ManifestEntry, what: string, cause?: unknown): AppError {
  return new AppError('ARCHIVE_DAMAGED', `${describeEntry(entry)} cannot be read: ${what}.`, {
    hint: 'Use another backup, and verify this one to see what else is damaged.',
    details: { place: 'chunk', entry: entry.name },
    cause,
  });
}
