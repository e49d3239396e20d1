import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { chosenName, storedName } from './pg-names.ts';
import { quoteIdent, quoteLiteral } from './quote.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase({ template: 'empty' });
});
afterAll(() => db[Symbol.asyncDispose]());

const NAMES = [
  't',
  'a'.repeat(57),
  'b'.repeat(63),
  'c'.repeat(64),
  `${'d'.repeat(62)}é`,
  'ọ̀'.repeat(20),
  '👩🏾‍💻'.repeat(5),
];

test('storedName() cuts a name where PostgreSQL cuts it', async () => {
  for (const name of NAMES) {
    const [row] = await db.query<{ name: string }>(`SELECT ${quoteLiteral(name)}::name::text AS name`);
    expect(storedName(name)).toBe(row?.name ?? '');
  }
});

test('chosenName() chooses the names PostgreSQL chooses for keys and sequences', async () => {
  for (const table of NAMES) {
    for (const column of NAMES) {
      await db.query(
        `DROP TABLE IF EXISTS ${quoteIdent(table)}; CREATE TABLE ${quoteIdent(table)} (${quoteIdent(column)} serial PRIMARY KEY)`,
      );
      const rows = await db.query<{ name: string }>(
        `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('i', 'S') ORDER BY relkind DESC`,
      );
      expect(rows.map((row) => row.name)).toEqual([
        chosenName(storedName(table), null, 'pkey'),
        chosenName(storedName(table), storedName(column), 'seq'),
      ]);
      await db.query(`DROP TABLE ${quoteIdent(table)}`);
    }
  }
});
