import { amountText, countText } from '../lib/format.ts';

/** The texts of the search through a whole backup. */
export const findWords = {
  title: 'Find in this backup',
  text: 'Search for',
  hint: 'Part of a value, in any case, with or without accents.',
  missing: 'Enter what to search for.',
  table: 'In',
  allTables: 'All tables',
  people: 'Search personal and financial columns as well',
  peopleHint: 'The audit log records that you searched this backup, not what for.',
  submit: 'Search',
  cancel: 'Cancel search',
  again: 'Continue searching',

  running: 'Searching the backup',
  far: (rows: number, found: number) => `${amountText(rows, 'row')} searched, ${countText(found)} found`,
  found: (rows: number) => `${amountText(rows, 'row')} found.`,
  foundMore: (rows: number) => `At least ${amountText(rows, 'row')} found. There are more.`,
  late: (rows: number) => `${amountText(rows, 'row')} found so far. The search stopped after five minutes.`,
  cancelled: (rows: number) => `Search cancelled. ${amountText(rows, 'row')} found before that.`,
  failed: (rows: number) => `The search did not finish. ${amountText(rows, 'row')} found before that.`,
  none: (text: string) => `No matches for “${text}”`,
  noneLead: (rows: number, people: boolean) =>
    people
      ? `${amountText(rows, 'row')} searched, in all columns but secret ones.`
      : `${amountText(rows, 'row')} searched. Personal and financial columns were not.`,
  nothingShown: 'All columns of this backup are hidden, so nothing was searched.',
  results: 'Rows found',
  row: (table: string, number: number) => `${table}, row ${countText(number)}`,
  cut: '…',
  unsearched: (parts: number) => `${amountText(parts, 'part')} of the backup could not be searched:`,
};
