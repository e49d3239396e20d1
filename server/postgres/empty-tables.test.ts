import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openSession } from '../../db/connect/session.ts';
import { openRecords } from '../../db/system/records.ts';
import { codeOf } from '../../db/testing/code-of.fixture.ts';
import { type TestRecords, testRecords } from '../../db/testing/records.fixture.ts';
import { findEmptyTables } from './empty-tables.ts';

let database: TestRecords;
beforeAll(async () => {
  database = await testRecords({});
  await database.query(`
    CREATE TABLE never_held (n int);
    CREATE TABLE "Emptied; now" AS SELECT n FROM generate_series(1, 100) n; ANALYZE; DELETE FROM "Emptied; now";
    CREATE TABLE held AS SELECT 1 AS n;
    CREATE TABLE parts (n int) PARTITION BY RANGE (n);
    CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (100); INSERT INTO parts VALUES (7);
    CREATE TABLE guarded AS SELECT 1 AS n; ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
});
afterAll(() => database[Symbol.asyncDispose]());

const forever = new AbortController().signal;
const find = async (...names: string[]) => {
  const tables = names.map((name) => ({ schema: 'public', name }));
  return (await findEmptyTables(database.records, tables, forever)).map(({ name }) => name);
};

test('findEmptyTables() names tables that hold no row, whatever statistics say of them', async () => {
  expect(await find('never_held', 'Emptied; now', 'held', 'parts')).toEqual(['never_held', 'Emptied; now']);
});

test('findEmptyTables() names no table that it cannot look into: hidden by a policy, locked, or not there', async () => {
  const signal = AbortSignal.timeout(60_000);
  await using holder = await openSession(database.url, { applicationName: 'holder', signal });
  await holder.query('BEGIN; LOCK TABLE never_held IN ACCESS EXCLUSIVE MODE');
  expect(await find('guarded', 'never_held', 'missing', 'Emptied; now')).toEqual(['Emptied; now']);
  await holder.query('ROLLBACK');
  expect(await find('never_held')).toEqual(['never_held']);
});

test('findEmptyTables() asks nothing where nothing is to be asked, and says when the database does not answer', async () => {
  const away = openRecords('postgres://nobody:secret@127.0.0.1:1/none');
  expect(await findEmptyTables(away.records, [], forever)).toEqual([]);
  const asked = findEmptyTables(away.records, [{ schema: 'public', name: 'held' }], forever);
  expect(await codeOf(asked)).toBe('DATABASE_UNREACHABLE');
  await away.close();
});
