import { type ObjectName, qualifiedName, shortName, storedColumns } from '../../../db/model/model.ts';
import type { ManifestEntry, ManifestTable } from '../../archive/manifest/manifest.ts';
import { type Archive, describeEntry, openArchive } from '../../archive/reader.ts';
import { AppError } from '../../core/errors.ts';
import type { Storage } from '../../storage/storage.ts';

type Column = ManifestTable['columns'][number];

/** One chunk of a table, read from its archive and checked. */
export interface TableChunk {
  /** Digest of the archive. */
  digest: string;
  table: ObjectName;
  /** Columns in the chunk; computed ones are not stored. */
  columns: Column[];
  /** Rows of each chunk of the table. */
  chunks: number[];
  /** Null for a table without rows, which has no chunk. */
  held: { entry: ManifestEntry; format: 'csv' | 'copy'; content: Uint8Array } | null;
}

/**
 * Largest chunk shown. A chunk is 8 MiB and its last row: a larger one holds a value nobody can display, and reading it
 * takes several times its size.
 */
const LARGEST_SHOWN = 16 * 1024 * 1024;

/** Returns whether a chunk is too large to show. */
export function isTooLarge({ size, storedSize }: Pick<ManifestEntry, 'size' | 'storedSize'>): boolean {
  return Math.max(size, storedSize) > LARGEST_SHOWN;
}

/**
 * Reads one chunk (from 1) of a table, named as `backups.get` does, and otherwise only the manifest. Throws NOT_FOUND
 * for a missing table or chunk, ARCHIVE_LIMIT for a chunk beyond `LARGEST_SHOWN`, ARCHIVE_DAMAGED naming table and
 * chunk. Passes on what opening the archive throws.
 */
export async function readTableChunk(
  storage: Pick<Storage, 'open'>,
  wanted: { archive: string; table: string; chunk: number },
  signal: AbortSignal,
): Promise<TableChunk> {
  await using source = await storage.open(wanted.archive);
  const archive = await openArchive(source, { signal });
  const table = tableOf(archive.manifest.tables, wanted.table);
  const entries = archive.chunks(table);
  const found = {
    digest: archive.digest,
    table: { schema: table.schema, name: table.name },
    columns: storedColumns(table),
    chunks: entries.map(({ rows }) => rows),
  };
  const entry = entries[wanted.chunk - 1];
  if (entry) return { ...found, held: await hold(archive, entry) };
  if (entries.length === 0 && wanted.chunk === 1) return { ...found, held: null };
  throw new AppError(
    'NOT_FOUND',
    `There is no chunk ${wanted.chunk} of ${shortName(table)}; it has ${entries.length}.`,
    {
      hint: 'Chunks are counted from 1.',
    },
  );
}

async function hold(archive: Archive, entry: ManifestEntry): Promise<NonNullable<TableChunk['held']>> {
  if (isTooLarge(entry)) {
    throw new AppError(
      'ARCHIVE_LIMIT',
      `${describeEntry(entry)} has ${entry.size} bytes, because of a very large value; up to ${LARGEST_SHOWN} are shown.`,
      { hint: 'Look at another part of the table, or download the backup and open this file of it.' },
    );
  }
  return { entry, format: entry.format === 'copy' ? 'copy' : 'csv', content: await archive.readEntry(entry) };
}

/**
 * Finds a table by its name, the full one first: `schema.name` may also be the short name of another table. Throws
 * NOT_FOUND.
 */
export function tableOf(tables: ManifestTable[], wanted: string): ManifestTable {
  const found =
    tables.find((table) => qualifiedName(table) === wanted) ?? tables.find((table) => shortName(table) === wanted);
  if (found) return found;
  throw new AppError('NOT_FOUND', 'The backup has no table of this name.', {
    hint: 'Take one of those it lists; `backups.get` tells them.',
  });
}
