import { amountText, bytesText, countText } from '../lib/format.ts';

const span = (from: number, to: number) => (from === to ? countText(from) : `${countText(from)}–${countText(to)}`);
const rows = (from: number, to: number, row = 'row') => `${row}${from === to ? '' : 's'} ${span(from, to)}`;

/** The texts of the page of a table's rows, loaded with it. */
export const rowWords = {
  lead: (rows: number) => `${amountText(rows, 'row')} as they were when the backup was made. Looking changes nothing.`,
  look: (rows: number, table: string) => `View ${amountText(rows, 'row')} of ${table}`,
  lookHint: 'Click a row count to view the rows.',
  region: (table: string) => `Rows of ${table}`,
  caption: (table: string) => `Rows of ${table}, one per line; the row number opens the whole row`,
  number: (found: boolean) => (found ? 'Match' : 'Row'),
  open: (number: number, found: boolean) => `Open ${found ? 'match' : 'row'} ${countText(number)}`,
  hidden: 'hidden',
  null: 'NULL',
  nullTitle: 'No value (NULL)',
  empty: 'empty text',
  sensitivities: {
    ordinary: '',
    personal: 'personal',
    financial: 'financial',
    secret: 'secret, never shown',
    unknown: 'not classified, may hold anything',
  },

  page: (from: number, to: number, total: number) => `${rows(from, to, 'Row')} of ${countText(total)}`,
  found: (from: number, to: number, total: number) => `${span(from, to)} of ${countText(total)} found`,
  foundAll: (total: number) => `${countText(total)} found`,
  previous: 'Previous rows',
  next: 'Next rows',
  pages: 'Pages of rows',

  part: 'Part of the table',
  partName: (from: number, to: number) => rows(from, to, 'Row'),
  search: 'Search',
  searches: (from: number, to: number, whole: boolean) =>
    whole
      ? 'Searches the columns that are shown.'
      : `Searches ${rows(from, to)}, this part of the table, in the columns that are shown.`,
  nothing: 'This table is empty',
  nothingLead: 'It had no rows when the backup was made.',
  noMatch: (text: string) => `No matches for “${text}”`,
  noMatchLead: (from: number, to: number, whole: boolean) =>
    whole
      ? 'All rows were searched, in the columns that are shown.'
      : `Only ${rows(from, to)} ${from === to ? 'was' : 'were'} searched, in the columns that are shown.`,
  notSearched: (kinds: string) => `The ${kinds} columns are hidden and were not searched.`,
  nextPart: (from: number, to: number) => `Search ${rows(from, to)}`,
  showAll: 'Show all rows',
  pastEnd: 'There are no more rows',
  pastEndLead: 'This page is past the last one.',
  first: 'Go to the first rows',

  show: (kinds: string) => `Show ${kinds} columns`,
  hide: 'Hide columns',
  kinds: { personal: 'personal', financial: 'financial', unknown: 'unclassified' },
  and: (kinds: string[]) => new Intl.ListFormat('en').format(kinds),
  revealTitle: (kinds: string) => `Show ${kinds} columns?`,
  revealLead: 'The audit log records that you looked: when, and which backup, table, columns and page.',
  columns: (names: string[]) => `${amountText(names.length, 'column')}: ${names.join(', ')}`,
  password: 'Confirm your password',
  submit: 'Show columns',
  busy: 'Checking',
  revealed: 'The columns are shown. This is recorded.',
  hiddenAgain: 'The columns are hidden again.',
  again: 'Confirm your password again',
  recorded: 'Each page you view is recorded.',

  row: (number: number, found: boolean) => `${found ? 'Match' : 'Row'} ${countText(number)}`,
  rowLead: (table: string) => `From ${table}, as stored in the backup.`,
  previousRow: 'Previous row',
  nextRow: 'Next row',
  cut: (characters: number, bytes: number) =>
    `The first ${countText(characters)} characters of ${bytesText(bytes)}. The backup holds the whole value.`,
};
