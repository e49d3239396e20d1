import { expect, test } from 'bun:test';
import type { RowPage } from '../../api.ts';
import { ordinaryFirst } from './rows-query.ts';

type Column = RowPage['columns'][number];

test('columns anybody may see stand before the others, each with its values and what was cut of them', () => {
  const column = (name: string, sensitivity: Column['sensitivity']): Column => ({
    name,
    sqlType: 'text',
    sensitivity,
    hidden: sensitivity !== 'ordinary',
  });
  const columns = [
    column('salary', 'financial'),
    column('id', 'ordinary'),
    column('email', 'personal'),
    column('at', 'ordinary'),
  ];
  const cut = [{ row: 0, column: 3, bytes: 9 }];
  const page = ordinaryFirst({
    columns,
    rows: [
      [null, '1', null, 'noon'],
      [null, '2', null, null],
    ],
    cut,
  });
  expect(page.columns.map(({ name }) => name)).toEqual(['id', 'at', 'salary', 'email']);
  expect(page.rows).toEqual([
    ['1', 'noon', null, null],
    ['2', null, null, null],
  ]);
  expect(page.cut).toEqual([{ row: 0, column: 1, bytes: 9 }]);
});
