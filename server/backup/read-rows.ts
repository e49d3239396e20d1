import { type ChunkRow, chunkRows } from '../archive/csv-rows.ts';
import type { ManifestEntry } from '../archive/manifest.ts';
import { describeEntry } from '../archive/reader.ts';
import { AppError } from '../errors.ts';

/** The rows of a chunk that was read. Throws ARCHIVE_DAMAGED for what PostgreSQL does not write, ARCHIVE_INVALID for text that is not UTF-8. */
export function* readRows(entry: ManifestEntry, content: Uint8Array, columns: number): Generator<ChunkRow> {
  try {
    yield* chunkRows(content, entry.format === 'copy' ? 'copy' : 'csv', columns);
  } catch (error) {
    if (error instanceof RangeError) throw unreadable(entry, error.message, error);
    if (!(error instanceof TypeError)) throw error;
    throw new AppError('ARCHIVE_INVALID', `${describeEntry(entry)} holds text that is not UTF-8.`, {
      cause: error,
      hint: 'It cannot be shown here. The archive itself holds the bytes as they are.',
    });
  }
}

/** The error for a chunk whose bytes are those of the manifest, but not what they should be. */
export function unreadable(entry: ManifestEntry, what: string, cause?: unknown): AppError {
  return new AppError('ARCHIVE_DAMAGED', `${describeEntry(entry)} cannot be read: ${what}.`, {
    hint: 'Use another backup, and verify this one to see what else is damaged.',
    details: { place: 'chunk', entry: entry.name },
    cause,
  });
}
