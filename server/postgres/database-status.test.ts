import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openSession, type Session } from '../../db/connect/session.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { until } from '../testing/until.fixture.ts';
import { readDatabaseName, readDatabaseStatus } from './database-status.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await using session = await open();
  await session.query(`
    CREATE TABLE counted AS SELECT n FROM generate_series(1, 5000) n; ANALYZE counted;
    CREATE TABLE parts (n int) PARTITION BY RANGE (n);
    CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (100);
    CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (100) TO (1000);
    INSERT INTO parts SELECT generate_series(0, 299); ANALYZE parts_low; ANALYZE parts_high`);
});
afterAll(() => database[Symbol.asyncDispose]());

const tables = ['counted', 'parts', 'missing'].map((name) => ({ schema: 'public', name }));
const open = () => openSession(database.url, { applicationName: 'status test', signal: AbortSignal.timeout(60_000) });
const askOf = (session: Session) => (text: string, params: unknown[]) =>
  session.query<Record<string, unknown>>(text, params);

test('rows are estimates, partitions are added up, and what is not there is null', async () => {
  await using session = await open();
  const ask = () => readDatabaseStatus(askOf(session), tables);
  await until('the counts are told', async () =>
    (await ask()).tables.every(({ estimatedRows }) => estimatedRows !== 0),
  );
  const status = await ask();
  expect(status.name).toBe(database.name);
  expect(status.version).toMatch(/^\d+/);
  expect(status.size).toBeGreaterThan(1_000_000);
  expect(status.tables.map(({ name, estimatedRows }) => [name, estimatedRows])).toEqual([
    ['counted', 5000],
    ['parts', 300],
    ['missing', null],
  ]);
  const [counted, parts, missing] = status.tables.map(({ estimatedBytes }) => estimatedBytes);
  expect(counted).toBeGreaterThan(5000 * 28);
  expect(parts).toBe(2 * 8192);
  expect(missing).toBeNull();
  expect(await readDatabaseName(askOf(session))).toBe(database.name);
});

test('a table that was emptied is said to be empty before anybody has counted it again', async () => {
  await database.query(`CREATE TABLE lost AS SELECT n FROM generate_series(1, 700) n`);
  await database.query('ANALYZE lost');
  await using session = await open();
  const lost = async () => (await readDatabaseStatus(askOf(session), [{ schema: 'public', name: 'lost' }])).tables[0];
  await until('the counts are told', async () => (await lost())?.estimatedRows === 700);
  {
    await using other = await open();
    await other.query('DELETE FROM lost WHERE n <= 690');
  }
  await until('the counts are told', async () => (await lost())?.estimatedRows === 10);
});

test('it answers while somebody holds every table, as a restore does', async () => {
  await using holder = await open();
  await using session = await open();
  await holder.query('BEGIN');
  await holder.query('LOCK TABLE counted, parts, parts_low, parts_high IN ACCESS EXCLUSIVE MODE');
  await session.query(`SET statement_timeout = '20s'`);
  expect((await readDatabaseStatus(askOf(session), tables)).tables[0]?.estimatedRows).toBe(5000);
  await holder.query('ROLLBACK');
});
