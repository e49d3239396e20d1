import { returnMemory } from '../archive/codec.ts';
import { type ChunkRow, chunkRows } from '../archive/csv-rows.ts';
import { describeEntry } from '../archive/reader.ts';
import { AppError, throwIfCancelled } from '../errors.ts';
import type { TableChunk } from './table-chunk.ts';

export interface Wanted {
  /** Rows that match and are passed over before the first one that is wanted. */
  offset: number;
  limit: number;
  /** Plain text; absent: every row matches. */
  search?: string | undefined;
}

/** Characters gone through before others get their turn: a few milliseconds. */
const TURN_CHARACTERS = 128 * 1024;

/**
 * The wanted rows among those of a chunk in which a column that is shown contains the text, whatever its case. Columns that are not shown
 * are null in the rows, and searching never looks at them: what matches says nothing of them. `matched` counts all that match.
 * Rejects with ARCHIVE_DAMAGED, ARCHIVE_INVALID (text that is not UTF-8) or CANCELLED.
 */
export async function findRows(
  chunk: Pick<TableChunk, 'columns' | 'held'>,
  isShown: readonly boolean[],
  { offset, limit, search }: Wanted,
  signal: AbortSignal,
): Promise<{ rows: ChunkRow[]; matched: number }> {
  const { columns, held } = chunk;
  const rows: ChunkRow[] = [];
  if (!held) return { rows, matched: 0 };
  const sought = search === undefined ? null : folded(search);
  let matched = 0;
  let seen = 0;
  let gone = 0;
  const all = explained(held, chunkRows(held.content, held.format, columns.length));
  for (const row of all) {
    seen += 1;
    const shown = row.map((value, place) => (isShown[place] ? value : null));
    if (sought === null || shown.some((value) => value !== null && folded(value).includes(sought))) {
      if (matched >= offset && rows.length < limit) rows.push(shown);
      matched += 1;
    }
    // Without a search the manifest knows how many there are.
    if (sought === null && rows.length === limit) return { rows, matched: held.entry.rows };
    for (const value of row) gone += value?.length ?? 1;
    if (gone < TURN_CHARACTERS) continue;
    // Measured, two of 8 MiB gone through at once, again and again: 90 MB more at the peak without it.
    returnMemory(4 * gone);
    gone = 0;
    await new Promise<void>((done) => setImmediate(done));
    throwIfCancelled(signal, 'Looking for rows');
  }
  if (seen !== held.entry.rows) throw damaged(held, `the manifest says ${held.entry.rows} rows, it holds ${seen}`);
  return { rows, matched };
}

/** Letters with their marks are one character or two, and the same to a reader. */
function folded(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

type Held = NonNullable<TableChunk['held']>;

function* explained(held: Held, rows: Generator<ChunkRow>): Generator<ChunkRow> {
  try {
    yield* rows;
  } catch (error) {
    if (error instanceof RangeError) throw damaged(held, error.message, error);
    if (!(error instanceof TypeError)) throw error;
    throw new AppError('ARCHIVE_INVALID', `${describeEntry(held.entry)} holds text that is not UTF-8.`, {
      cause: error,
      hint: 'It cannot be shown here. The archive itself holds the bytes as they are.',
    });
  }
}

function damaged({ entry }: Held, what: string, cause?: unknown): AppError {
  return new AppError('ARCHIVE_DAMAGED', `${describeEntry(entry)} cannot be read: ${what}.`, {
    hint: 'Use another backup, and verify this one to see what else is damaged.',
    details: { place: 'chunk', entry: entry.name },
    cause,
  });
}
