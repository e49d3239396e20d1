import { amountText, durationText } from '../lib/format.ts';

/** The ways in which a restore gets rows into the tables. */
const ways: Readonly<Record<string, string>> = {
  rows: 'Only the rows that differ',
  rewrite: 'All rows anew',
  load: 'Loaded into empty tables',
};

/** Says which way a restore took, and why; the server's own word for a new way. */
export function wayText(way: string, why: string): string {
  return `${ways[way] ?? way} (${why})`;
}

/** Says how many rows were changed where only those that differ were, and who waited for it. */
export function changedText(rows: number, writersMs: number): string {
  return `${amountText(rows, 'row')}. Nobody had to wait to read, and to write ${durationText(writersMs)} at most.`;
}
