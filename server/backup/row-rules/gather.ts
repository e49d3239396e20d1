import { storedColumns } from '../../../db/model/model.ts';
import type { ManifestTable } from '../../archive/manifest/manifest.ts';
import type { Archive } from '../../archive/reader.ts';
import type { ChunkRow } from '../../archive/rows/csv-rows.ts';
import { comparedAs, readRows } from '../../archive/rows/read-rows.ts';
import { createYielder } from '../../archive/rows/yielding.ts';
import { throwIfCancelled } from '../../core/errors.ts';
import { FirstRows } from './first-rows.ts';
import type { KeyWriter } from './key-records.ts';
import type { Gathered } from './plan.ts';

/**
 * Reads the rows of a table once and writes the keys to be gathered. Returns, for each of them, the rows that break their rule by a NULL
 * alone. Rejects with ARCHIVE_DAMAGED, ARCHIVE_INVALID (text that is not UTF-8 where it should be) or CANCELLED.
 */
export async function gatherKeys(
  archive: Archive,
  table: ManifestTable,
  gathered: Gathered[],
  writer: KeyWriter,
  options: { signal: AbortSignal; onChunk: (bytes: number, rows: number) => void },
): Promise<Map<Gathered, FirstRows>> {
  const byNull = new Map(gathered.map((one) => [one, new FirstRows()]));
  const stored = storedColumns(table);
  const as = comparedAs(archive.manifest);
  const yielder = createYielder('Checking the rows', options.signal);
  writer.begin(gathered.map(({ stream }) => stream));
  let rowNumber = 0;
  for (const entry of archive.chunks(table)) {
    throwIfCancelled(options.signal, 'Checking the rows');
    const before = rowNumber;
    for (const row of readRows(entry, await archive.readEntry(entry), stored, as)) {
      let full = false;
      let characters = 0;
      for (const one of gathered) {
        const key = keyOf(one, row);
        if (key === 'broken') byNull.get(one)?.add(rowNumber);
        else if (key !== null) {
          full = writer.add(one.stream, key.text, rowNumber) || full;
          characters += key.text.length;
        }
      }
      rowNumber += 1;
      if (full) await writer.drain();
      if (yielder.count(row.length * 8 + characters)) await yielder.pause();
    }
    options.onChunk(entry.size, rowNumber - before);
  }
  await writer.flush();
  return byNull;
}

/** Returns the row's key as one text that no other key has; null when the rule skips the row. */
function keyOf({ columns, nulls, allNullPasses }: Gathered, row: ChunkRow): { text: string } | 'broken' | null {
  let text = '';
  let empty = 0;
  for (const { position, equality } of columns) {
    const value = row[position] ?? null;
    if (value === null) {
      if (nulls === 'skip') return null;
      empty += 1;
      text += '-';
    } else {
      const canonical = equality.canonical(value);
      text += `${canonical.length}:${canonical}`;
    }
  }
  if (empty === 0 || nulls === 'keep') return { text };
  return allNullPasses && empty === columns.length ? null : 'broken';
}
