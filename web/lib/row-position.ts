/** Rows on one page. */
export const ROWS_PER_PAGE = 50;

/** The parameters in the address of a table's rows. */
export interface RowParameters {
  [key: string]: string | undefined;
  chunk?: string;
  page?: string;
  search?: string;
  /** The number of the open row within its part, from 1. */
  row?: string;
}

/** One page of rows: its part of the table and its number there, both counted from 1. */
export interface RowPosition {
  chunk: number;
  page: number;
}

/** Reads the place from an address. Invalid values count as 1. */
export function positionIn({ chunk, page }: RowParameters): RowPosition {
  return { chunk: positiveInteger(chunk), page: positiveInteger(page) };
}

/** Returns the address that opens a row. */
export function rowPath(backup: string, { table, chunk, row }: { table: string; chunk: number; row: number }): string {
  const page = Math.floor((row - 1) / ROWS_PER_PAGE) + 1;
  const parts = {
    ...(chunk > 1 && { chunk: String(chunk) }),
    ...(page > 1 && { page: String(page) }),
    row: String(row),
  };
  return `/backups/${encodeURIComponent(backup)}/tables/${encodeURIComponent(table)}?${new URLSearchParams(parts)}`;
}

/** Returns the index on the page of the row the address opens; null when it names none, or one not on the page. */
export function openRowIndex(
  { row }: RowParameters,
  page: { offset: number; rows: readonly unknown[] } | null,
): number | null {
  if (row === undefined || page === null) return null;
  const index = positiveInteger(row) - 1 - page.offset;
  return index >= 0 && index < page.rows.length ? index : null;
}

function positiveInteger(text = '1'): number {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 1;
}

/** Returns the numbers of the first and last row of a part within the whole table, from 1. */
export function rowRange(chunks: readonly number[], chunk: number): [first: number, last: number] {
  const before = sum(chunks.slice(0, chunk - 1));
  return [before + 1, before + (chunks[chunk - 1] ?? 0)];
}

/** Returns the number of rows of the whole table. */
export function sum(chunks: readonly number[]): number {
  return chunks.reduce((total, rows) => total + rows, 0);
}

/** Returns the previous page, going back to the part before; null at the table's beginning. */
export function previousPage({ chunk, page }: RowPosition, chunks: readonly number[]): RowPosition | null {
  if (page > 1) return { chunk, page: Math.min(page - 1, pageCount(chunks[chunk - 1])) };
  for (let part = chunk - 1; part >= 1; part--)
    if (chunks[part - 1]) return { chunk: part, page: pageCount(chunks[part - 1]) };
  return null;
}

/** Returns the next page, going on to the next part; null at the table's end. */
export function nextPage({ chunk, page }: RowPosition, chunks: readonly number[]): RowPosition | null {
  if (page < pageCount(chunks[chunk - 1])) return { chunk, page: page + 1 };
  for (let part = chunk + 1; part <= chunks.length; part++) if (chunks[part - 1]) return { chunk: part, page: 1 };
  return null;
}

/** Returns the number of pages for so many rows, at least one. */
export function pageCount(rows = 0): number {
  return Math.max(1, Math.ceil(rows / ROWS_PER_PAGE));
}
