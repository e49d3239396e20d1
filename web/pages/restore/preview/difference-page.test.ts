import { expect, test } from 'bun:test';
import { type DifferencePage, keyOf, revealableOf, valuesOf } from './difference-page.ts';

const column = (name: string, sensitivity: DifferencePage['columns'][number]['sensitivity'], hidden: boolean) => ({
  name,
  sqlType: 'text',
  sensitivity,
  hidden,
});
const page: DifferencePage = {
  table: 'people',
  columns: [column('id', 'ordinary', false), column('name', 'personal', true), column('word', 'secret', true)],
  key: ['id'],
  rows: [],
  cut: [],
  kept: 1,
  complete: true,
  next: null,
};
const row = { place: 1, change: 'change', columns: [2], before: ['7', null, null], after: ['7', null, null] } as const;

test('a changed row shows the columns that change with both values, and a hidden one as hidden', () => {
  const changed = { ...row, columns: [2], before: [...row.before], after: [...row.after] };
  expect(valuesOf(page, changed)).toEqual([{ name: 'name', hidden: true, before: null, after: null }]);
  expect(keyOf(page, changed)).toBe('id 7');
});

test('a row that only the backup has shows every column, without a side that lacks it', () => {
  const added = { ...row, change: 'add' as const, columns: [], before: null, after: ['7', null, null] };
  expect(valuesOf(page, added).map(({ name, before, after }) => [name, before, after])).toEqual([
    ['id', undefined, '7'],
    ['name', undefined, null],
    ['word', undefined, null],
  ]);
});

test('a secret column is never among those to reveal', () => {
  expect(revealableOf(page)).toEqual(['name']);
  expect(revealableOf(null)).toEqual([]);
});
