import { isUtf8 } from 'node:buffer';
import { chunkRows } from '../../archive/rows/csv-rows.ts';
import type { Yielder } from '../../archive/rows/yielding.ts';
import { createTextSearch } from '../rows/find-text.ts';
import type { ScannedRow } from './chunk-scan.ts';

/** One value of a found row. */
export interface FoundCell {
  column: string;
  /** The value, or the part of a long one around the text, or its beginning. */
  value: string;
  /** True when the value has more before or after. */
  cut: boolean;
  /** True when it contains the text. */
  matched: boolean;
}

/** Most characters shown of a value. */
const LONGEST_CELL = 160;
/** Most values shown of one row: those with the text, and the first of the others. */
const MOST_CELLS = 12;

export interface RowFormat {
  format: 'csv' | 'copy';
  /** Header line of a CSV chunk. */
  header: Uint8Array;
  columns: readonly { name: string }[];
  isShown: readonly boolean[];
}

/**
 * Returns the values to show of a scanned row, without NULL; null when none contains the text after all. Values that
 * are not UTF-8 are counted, not searched.
 */
export async function readFoundRow(
  { bytes }: ScannedRow,
  { format, header, columns, isShown }: RowFormat,
  text: string,
  yielder: Yielder,
): Promise<{ cells: FoundCell[] | null; notText: number }> {
  const find = createTextSearch(text, yielder);
  const [row = []] = [...chunkRows(Buffer.concat([header, bytes]), format, columns.length, 'bytes')];
  const cells: FoundCell[] = [];
  let notText = 0;
  for (const [index, { name }] of columns.entries()) {
    const field = row[index] ?? null;
    if (field === null || !isShown[index]) continue;
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

/** Returns fewer cells, in the table's order. */
function fewer(cells: FoundCell[], matched: FoundCell[]): FoundCell[] {
  const others = cells.filter((cell) => !cell.matched && cell.value !== '');
  const kept = new Set([...matched, ...others].slice(0, MOST_CELLS));
  return cells.filter((cell) => kept.has(cell));
}

/** Cuts out the part around the text. It finds the text only as typed, because offsets in the folded value differ. */
function excerpt(value: string, text: string): { value: string; cut: boolean } {
  if (value.length <= LONGEST_CELL) return { value, cut: false };
  const found = value.slice(0, 1_000_000).toLowerCase().indexOf(text.toLowerCase());
  const from = Math.max(0, Math.min(found - LONGEST_CELL / 4, value.length - LONGEST_CELL));
  return { value: value.slice(from, from + LONGEST_CELL).toWellFormed(), cut: true };
}
