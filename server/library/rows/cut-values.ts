/** A value that is not shown whole. */
export interface CutValue {
  /** Places among the rows and columns beside it, from 0. */
  row: number;
  column: number;
  /** Of the whole value, in UTF-8. */
  bytes: number;
}

/** Characters of one value that are shown at most. */
export const LONGEST_VALUE = 2000;
/** Characters of all values together: an answer is some megabytes, whatever the rows hold. */
export const MOST_CHARACTERS = 1_000_000;

/**
 * Rows with long values cut, never within a code point. Where the rows together are still too much, all long values are cut to half,
 * and to half again: no row is left out. Pure.
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
