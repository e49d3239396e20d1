import { csvToCopyText, takeEndMarkerRows } from './records.ts';

/** Rows as one chunk of an archive holds them. */
export interface ChunkForm {
  format: 'csv' | 'copy';
  rows: number;
  content: Uint8Array;
}

/**
 * Returns the chunks that rows in CSV become: one, or two where rows hold a line that is exactly `\.`. Before version 18 psql takes such a
 * line as the end of the data, even inside quotes, so these rows go as COPY text. Changes `content`.
 */
export function chunkForms(content: Uint8Array, rows: number, columns: number): ChunkForm[] {
  const odd = takeEndMarkerRows(content);
  if (odd === null) return rows > 0 ? [{ format: 'csv', rows, content }] : [];
  const taken: ChunkForm = { format: 'copy', rows: odd.rows, content: csvToCopyText(odd.taken, columns) };
  if (rows === odd.rows) return [taken];
  return [{ format: 'csv', rows: rows - odd.rows, content: content.subarray(0, odd.left) }, taken];
}
