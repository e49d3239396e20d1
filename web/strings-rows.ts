import { amountText, bytesText, countText } from './lib/format.ts';

const span = (from: number, to: number) => (from === to ? countText(from) : `${countText(from)}–${countText(to)}`);
const rows = (from: number, to: number, row = 'row') => `${row}${from === to ? '' : 's'} ${span(from, to)}`;

/** What the page of a table's rows says: loaded with it. */
export const rowWords = {
  lead: (rows: number) =>
    `${amountText(rows, 'row')} as they were when the backup was made. Nothing is restored by looking.`,
  look: (rows: number, table: string) => `${amountText(rows, 'row')} of ${table}: look at them`,
  lookHint: 'Press a number of rows to look at them.',
  region: (table: string) => `Rows of ${table}`,
  caption: (table: string) => `Rows of ${table}, one line each; the number of a row opens it whole`,
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
    unknown: 'not known to the policy, may hold anything',
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
      ? 'Looks in the columns that are shown.'
      : `${from === to ? 'In' : 'Among'} ${rows(from, to)}, this part of the table, in the columns that are shown.`,
  nothing: 'This table is empty',
  nothingLead: 'It had no rows when the backup was made.',
  noMatch: (text: string) => `Nothing here holds “${text}”`,
  noMatchLead: (from: number, to: number, whole: boolean) =>
    whole
      ? 'All rows were looked through, in the columns that are shown.'
      : `Only ${rows(from, to)} ${from === to ? 'was' : 'were'} looked through, in the columns that are shown.`,
  notSearched: (kinds: string) => `The ${kinds} columns are hidden and were not searched.`,
  nextPart: (from: number, to: number) => `Look ${from === to ? 'in' : 'among'} ${rows(from, to)}`,
  showAll: 'Show all rows',
  pastEnd: 'There are no more rows here',
  pastEndLead: 'The address names a page behind the last one.',
  first: 'To the first rows',

  show: (kinds: string) => `Show ${kinds} columns`,
  hide: 'Hide them again',
  kinds: { personal: 'personal', financial: 'financial', unknown: 'unclassified' },
  and: (kinds: string[]) => new Intl.ListFormat('en').format(kinds),
  revealTitle: (kinds: string) => `Show ${kinds} columns?`,
  revealLead: 'It is recorded in the audit that you looked: when, at which backup, table, columns and page.',
  columns: (names: string[]) => `${amountText(names.length, 'column')}: ${names.join(', ')}`,
  password: 'Your password, once more',
  submit: 'Show them',
  busy: 'Checking',
  revealed: 'The columns are shown. This is recorded.',
  hiddenAgain: 'The columns are hidden again.',
  again: 'Give the password again',
  recorded: 'Each page you look at is recorded.',

  row: (number: number, found: boolean) => `${found ? 'Match' : 'Row'} ${countText(number)}`,
  rowLead: (table: string) => `Of ${table}, as the backup has it.`,
  previousRow: 'Previous row',
  nextRow: 'Next row',
  cut: (characters: number, bytes: number) =>
    `The first ${countText(characters)} characters of ${bytesText(bytes)}. The backup holds all of it.`,
};
