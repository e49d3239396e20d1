/** A value that is shown in part. */
export interface CutValue {
  /** Indexes among the rows and columns beside it, from 0. */
  row: number;
  column: number;
  /** UTF-8 bytes of the whole value. */
  bytes: number;
}

/** Most characters shown of one value. */
export const LONGEST_VALUE = 2000;
/** Most characters of all values together, so that an answer is a few megabytes whatever the rows hold. */
export const MOST_CHARACTERS = 1_000_000;

/**
 * Returns the rows with long values cut, never within a code point. Halves the longest length until all values fit
 * together, so that no row is left out. Pure.
 */
export function cutValues(rows: readonly (string | null)[][]): { rows: (string | null)[][]; cut: CutValue[] } {
  let longest = LONGEST_VALUE;
  while (charactersIn(rows, longest) > MOST_CHARACTERS) longest = Math.floor(longest / 2);
  const cut: CutValue[] = [];
  return {
    cut,
    rows: rows.map((values, row) =>
      values.map((value, column) => {
        if (value === null || value.length <= longest) return value;
        cut.push({ row, column, bytes: Buffer.byteLength(value) });
        return beginning(value, longest);
      }),
    ),
  };
}

function charactersIn(rows: readonly (string | null)[][], longest: number): number {
  let sum = 0;
  for (const row of rows) for (const value of row) sum += Math.min(value?.length ?? 0, longest);
  return sum;
}

function beginning(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? length - 1 : length);
}
