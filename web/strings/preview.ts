import { amountText, countText } from '../lib/format.ts';

const NAMES = new Intl.ListFormat('en');

/** The texts of a restore's preview. */
export const previewWords = {
  title: 'Preview',
  start: 'Preview changes',
  again: 'Preview again',
  busy: 'Comparing',
  hint: 'Compares the backup with the data as it is now. Tries foreign keys, checks and rights. Changes nothing.',
  keepBroken: 'Restore although rows break these rules',
  keepBrokenHint: 'The constraints come back NOT VALID: rows that break them are kept, new rows are checked.',
  kept: (message: string, hint: string | null) => `${message}${hint ? ` ${hint}` : ''}`,
  verdict: ({
    differing,
    added,
    changed,
    removed,
  }: {
    differing: unknown[];
    added: number;
    changed: number;
    removed: number;
  }) =>
    differing.length === 0
      ? 'Nothing differs: a restore would change no row.'
      : `${countText(added)} come back, ${countText(changed)} change, ${countText(removed)} disappear, in ${amountText(differing.length, 'table')}.`,
  showRows: (table: string) => `Show the rows of ${table}`,
  hideRows: (table: string) => `Hide the rows of ${table}`,
  rows: 'Rows',
  rowsOf: (table: string) => `Rows of ${table} that a restore would change`,
  search: 'Search these rows',
  noRows: 'No rows found here.',
  rowsShown: (rows: { place: number }[], kept: number, complete: boolean) =>
    `Up to row ${countText(rows.at(-1)?.place ?? 0)} of ${complete ? '' : 'the first '}${countText(kept)}`,
  changes: { add: 'comes back', change: 'changes', remove: 'disappears' },
  becomes: 'becomes',
  refused: (message: string, hint: string | null) =>
    `This restore would be refused. ${message}${hint ? ` ${hint}` : ''}`,
  caption: 'Rows that a restore would change',
  table: 'Table',
  added: 'Come back',
  changed: 'Change',
  removed: 'Disappear',
  columns: (columns: string[]) => `differs in ${NAMES.format(columns)}`,
};
