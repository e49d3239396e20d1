import { expect, test } from 'bun:test';
import { openSession } from '../../../db/connect/session.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { signalBackends } from '../../testing/faults.fixture.ts';
import { cleanUp } from './drop-staging.ts';
import { createStaging, stagingSchema } from './staging.ts';

const SCHEMAS = `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore\\_%'`;
const connected = (url: string) =>
  openSession(url, { applicationName: 'reader', signal: new AbortController().signal });

async function staged(database: TestDatabase): Promise<string> {
  const schema = stagingSchema(crypto.randomUUID());
  await using session = await connected(database.url);
  await createStaging(session, schema, [{ schema, name: 't0001', columns: [{ name: 'v', sqlType: 'text' }] }]);
  return schema;
}

/** Waits until the clean-up is blocked by a lock. */
async function waiting(database: TestDatabase): Promise<void> {
  const blocked = `SELECT FROM pg_stat_activity WHERE application_name = 'clearing drop' AND wait_event_type = 'Lock'`;
  while ((await database.admin(blocked)).length === 0) await Bun.sleep(5);
}

test('promise 12: what an earlier try of the same operation staged is gone when the next one begins to', async () => {
  await using database = await testDatabase();
  const schema = await staged(database);
  await database.query(`INSERT INTO ${schema}.t0001 VALUES ('of before')`);
  await using session = await connected(database.url);
  await createStaging(session, schema, [{ schema, name: 't0001', columns: [{ name: 'n', sqlType: 'integer' }] }]);
  expect(await database.query(`SELECT n FROM ${schema}.t0001`)).toEqual([]);
});

for (const server of testServers())
  for (const how of ['pg_cancel_backend', 'pg_terminate_backend'] as const)
    test(`promise 12: clearing up that meets ${how} is tried once more, on server ${server}`, async () => {
      await using database = await testDatabase({ server });
      const schema = await staged(database);
      await using reader = await connected(database.url);
      await reader.query(`BEGIN; SELECT FROM ${schema}.t0001`);
      const cleared = cleanUp(database.url, 'clearing', schema);
      await waiting(database);
      expect(await signalBackends(database, how, 'clearing drop')).toBe(1);
      await reader.query('ROLLBACK');
      expect(await cleared).toBeNull();
      expect(await database.query(SCHEMAS)).toEqual([]);
    });

test('promise 12: clearing up that fails names the schema, who is in the way, and the statement that removes it', async () => {
  await using database = await testDatabase();
  const schema = await staged(database);
  await using reader = await connected(database.url);
  await reader.query(`BEGIN; SELECT FROM ${schema}.t0001`);
  const left = await cleanUp(database.url, 'clearing', schema);
  expect(left).toContain(
    `The schema ${schema} of a restore could not be removed (in the way: pid ${reader.pid} (reader)`,
  );
  await reader.query('ROLLBACK');
  await database.query(/DROP SCHEMA .* CASCADE;/.exec(left ?? '')?.[0] ?? '');
  expect(await database.query(SCHEMAS)).toEqual([]);
});

test('promise 12: nothing is said of a schema that nobody could look at, but that nobody could', async () => {
  const schema = stagingSchema(crypto.randomUUID());
  const left = await cleanUp('postgres://nobody@127.0.0.1:1/nothing', 'clearing', schema);
  expect(left).toStartWith(`Whether the schema ${schema} of the restore is still there could not be looked at (`);
  expect(left).toContain(`DROP SCHEMA IF EXISTS "${schema}" CASCADE;`);
});
