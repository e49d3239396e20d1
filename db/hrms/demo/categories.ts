import { choose, type DemoSql, type DemoTable, I, START, textArray } from './sql.ts';
import { DEPARTMENTS, ISSUE_KINDS, JOB_TITLES, JOB_TYPES } from './words.ts';

const CATEGORIES = [
  ...JOB_TITLES.map((name) => ({ name, type: 'POSITION' })),
  ...DEPARTMENTS.map((name) => ({ name, type: 'DEPARTMENT' })),
  ...JOB_TYPES.map((name) => ({ name, type: 'JOB_TYPE' })),
  ...ISSUE_KINDS.map((name) => ({ name, type: 'ISSUE_CATEGORY' })),
];

export function categoryRows(sql: DemoSql): DemoTable {
  return {
    table: 'categories',
    series: CATEGORIES.length,
    columns: {
      id: sql.id('categories', I),
      name: `(${textArray(CATEGORIES.map((category) => category.name))})[i]`,
      type: `(${textArray(CATEGORIES.map((category) => category.type))})[i]::"CategoryType"`,
      description: choose(
        [
          ['mod(i, 3) = 0', 'NULL'],
          ['mod(i, 3) = 1', `''`],
        ],
        `'Kept by the registry'`,
      ),
      isActive: 'mod(i, 11) <> 0',
      createdAt: sql.moment('categories', I, START, 30),
      updatedAt: sql.moment('categories changed', I, '2024-01-01', 300),
    },
  };
}

/** Returns the key of one category of a type, by the same draw that names it in a text column. */
export function category(sql: DemoSql, purpose: string, type: string): string {
  const first = CATEGORIES.findIndex((one) => one.type === type) + 1;
  const count = CATEGORIES.filter((one) => one.type === type).length;
  return sql.id('categories', `(${first} + ${sql.randomBelow(purpose, I, count)})`);
}
