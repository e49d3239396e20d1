import { describe, expect, test } from 'bun:test';
import { connected } from './client.fixture.ts';
import { testDatabase } from './database.ts';
import { testServers } from './servers.ts';

describe.each(testServers())('testDatabase() on server %s', (server) => {
  test('gives an empty database of its own, owned by a role that is no superuser', async () => {
    await using one = await testDatabase({ server });
    await using two = await testDatabase({ server });
    await one.query('CREATE TABLE mine (id int)');
    expect(two.name).not.toBe(one.name);
    const tables = `SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'`;
    expect([await one.query(tables), await two.query(tables)]).toEqual([[{ n: 1 }], [{ n: 0 }]]);
    const who = 'SELECT current_user AS name, rolsuper FROM pg_roles WHERE rolname = current_user';
    expect(await one.query(who)).toEqual([{ name: 'palace_owner', rolsuper: false }]);
    expect(await one.admin(who)).toEqual([{ name: 'postgres', rolsuper: true }]);
  });

  test('drops the database when disposed', async () => {
    const gone = await testDatabase({ server });
    await gone[Symbol.asyncDispose]();
    await using other = await testDatabase({ server });
    expect(await other.admin('SELECT 1 FROM pg_database WHERE datname = $1', [gone.name])).toEqual([]);
  });

  test('fails the test that left a connection open, naming it, and drops the database all the same', async () => {
    const database = await testDatabase({ server });
    const leaked = await connected(database.url, 'forgotten');
    await leaked.query('SELECT 42');
    await expect(database[Symbol.asyncDispose]()).rejects.toThrow(/forgotten .*SELECT 42/);
    await using other = await testDatabase({ server });
    expect(await other.admin('SELECT 1 FROM pg_database WHERE datname = $1', [database.name])).toEqual([]);
  });

  test('clones the HRMS schema, owned by the owner, without rows', async () => {
    await using database = await testDatabase({ server, template: 'hrms' });
    const tables = await database.query<{ tablename: string; tableowner: string }>(
      `SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'`,
    );
    expect(tables.length).toBe(13);
    expect(new Set(tables.map((table) => table.tableowner))).toEqual(new Set(['palace_owner']));
    expect(await database.query('SELECT count(*)::int AS n FROM public.staff')).toEqual([{ n: 0 }]);
  });

  test('gives another owner when asked, and leaves everybody else’s databases theirs', async () => {
    await using mine = await testDatabase({ server });
    await using database = await testDatabase({ server, owner: 'somebody else' });
    expect(await database.query('SELECT current_user AS name')).toEqual([{ name: 'somebody else' }]);
    await database.query('CREATE TABLE theirs (id int)');
    await using hrms = await testDatabase({ server, template: 'hrms', owner: 'somebody else' });
    await hrms.query('ALTER TABLE public.staff RENAME COLUMN "fullName" TO "name"');
    await mine.query('CREATE SCHEMA still_mine');
  });

  test('runs statements one after the other, several at once, and goes on after a failed one', async () => {
    await using database = await testDatabase({ server });
    const made = database.query('CREATE TABLE t (id int); INSERT INTO t VALUES (7); SELECT id FROM t');
    const failed = database.query('SELECT nothing');
    const after = database.query<{ id: number }>('SELECT id + $1 AS id FROM t', [1]);
    expect(await made).toEqual([{ id: 7 }]);
    await expect(failed).rejects.toThrow('column "nothing" does not exist');
    expect(await after).toEqual([{ id: 8 }]);
  });
});
