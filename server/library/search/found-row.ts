import { isUtf8 } from 'node:buffer';
import { chunkRows } from '../../archive/rows/csv-rows.ts';
import type { Yielder } from '../../archive/rows/yielding.ts';
import { createTextSearch } from '../rows/find-text.ts';
import type { ScannedRow } from './chunk-scan.ts';

/** One value of a row that was found. */
export interface FoundCell {
  column: string;
  /** Of a long value the part around the text, or its beginning. */
  value: string;
  /** Whether there is more of the value before or behind. */
  cut: boolean;
  /** Whether the text is in it. */
  matched: boolean;
}

/** Characters of a value that are shown. */
const LONGEST_CELL = 160;
/** Values of one row that are shown: those with the text in them, and the first of the others. */
const MOST_CELLS = 12;

export interface RowLook {
  format: 'csv' | 'copy';
  /** The header line of a CSV chunk. */
  header: Uint8Array;
  columns: readonly { name: string }[];
  isShown: readonly boolean[];
}

/**
 * The values of a scanned row that are shown, without NULL; null where the text is in none of them after all. Values that are not UTF-8
 * are not searched, and counted.
 */
export async function readFoundRow(
  { bytes }: ScannedRow,
  { format, header, columns, isShown }: RowLook,
  text: string,
  turns: Yielder,
): Promise<{ cells: FoundCell[] | null; notText: number }> {
  const find = createTextSearch(text, turns);
  const [row = []] = [...chunkRows(Buffer.concat([header, bytes]), format, columns.length, 'bytes')];
  const cells: FoundCell[] = [];
  let notText = 0;
  for (const [place, { name }] of columns.entries()) {
    const field = row[place] ?? null;
    if (field === null || !isShown[place]) continue;
    const raw = Buffer.from(field, 'latin1');
    if (!isUtf8(raw)) {
      notText += 1;
      continue;
    }
    const value = raw.toString();
    cells.push({ column: name, ...excerpt(value, text), matched: await find([value]) });
  }
  const matched = cells.filter((cell) => cell.matched);
  return { cells: matched.length > 0 ? fewer(cells, matched) : null, notText };
}

/** In the table's order. */
function fewer(cells: FoundCell[], matched: FoundCell[]): FoundCell[] {
  const others = cells.filter((cell) => !cell.matched && cell.value !== '');
  const kept = new Set([...matched, ...others].slice(0, MOST_CELLS));
  return cells.filter((cell) => kept.has(cell));
}

/** The text is shown where it stands as it was typed; folded otherwise, places are not those of the value. */
function excerpt(value: string, text: string): { value: string; cut: boolean } {
  if (value.length <= LONGEST_CELL) return { value, cut: false };
  const place = value.slice(0, 1_000_000).toLowerCase().indexOf(text.toLowerCase());
  const from = Math.max(0, Math.min(place - LONGEST_CELL / 4, value.length - LONGEST_CELL));
  return { value: value.slice(from, from + LONGEST_CELL).toWellFormed(), cut: true };
}
