import type { ChunkRow } from '../../archive/rows/csv-rows.ts';
import { readRows, unreadable } from '../../archive/rows/read-rows.ts';
import { createYielder } from '../../archive/rows/yielding.ts';
import { createTextSearch } from './find-text.ts';
import type { TableChunk } from './table-chunk.ts';

export interface Wanted {
  /** Matching rows to skip before the first one returned. */
  offset: number;
  limit: number;
  /** Plain text; when absent, every row matches. */
  search?: string | undefined;
}

/** Cost of a row and of a value besides its characters: a chunk holds millions of the shortest rows. */
const WEIGHT = 8;

/**
 * Returns the rows of a chunk in which a shown column contains the text, ignoring case and accents, and counts all
 * matches in `matched`. Hidden columns are null and never searched, so a match reveals nothing of them. Rejects with
 * ARCHIVE_DAMAGED, ARCHIVE_INVALID (text that is not UTF-8) or CANCELLED.
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
  const yielder = createYielder('Looking for rows', signal);
  const find = search === undefined ? null : createTextSearch(search, yielder);
  let matched = 0;
  let seen = 0;
  for (const row of readRows(held.entry, held.content, columns)) {
    seen += 1;
    const shown = row.map((value, index) => (isShown[index] ? value : null));
    if (find === null || (await find(shown))) {
      if (matched >= offset && rows.length < limit) rows.push(shown);
      matched += 1;
    }
    // Without a search the manifest knows how many there are.
    if (find === null && rows.length === limit) return { rows, matched: held.entry.rows };
    let weight = WEIGHT;
    for (const value of row) weight += WEIGHT + (value?.length ?? 0);
    if (yielder.count(weight)) await yielder.pause();
  }
  if (seen !== held.entry.rows)
    throw unreadable(held.entry, `the manifest says ${held.entry.rows} rows, it holds ${seen}`);
  return { rows, matched };
}
