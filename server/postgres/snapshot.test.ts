import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { openSession, type Session } from '../../db/connect/session.ts';
import { openWorkingSession } from '../../db/connect/working-session.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { openSnapshot } from './snapshot.ts';

const TABLES = [
  { schema: 'public', name: 'kept' },
  { schema: 'public', name: 'odd "name"' },
];

for (const server of testServers()) {
  describe(`openSnapshot() on server ${server}`, () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await testDatabase({ server });
      await database.query(
        'CREATE TABLE kept (id integer); CREATE TABLE "odd ""name""" (id integer); INSERT INTO kept VALUES (1)',
      );
    });
    afterAll(() => database[Symbol.asyncDispose]());
    const open = async (lockTimeoutMs = 10_000) => {
      const how = { applicationName: 'snapshot', signal: new AbortController().signal, lockTimeoutMs };
      return openSnapshot(await openWorkingSession(database.url, how), database.url, TABLES, how);
    };
    const rows = async (session: Session) =>
      (await session.query<{ id: number }>('SELECT id FROM public.kept ORDER BY id')).map(({ id }) => id);

    test('promise 1: a session that joins later sees the same moment as the first, whatever was committed meanwhile', async () => {
      await using snapshot = await open();
      await database.query('INSERT INTO kept VALUES (2); UPDATE kept SET id = 10 WHERE id = 1');
      const late = await snapshot.join();
      await database.query('DELETE FROM kept');
      expect(await rows(snapshot.leader)).toEqual([1]);
      expect(await rows(late as Session)).toEqual([1]);
      await database.query('INSERT INTO kept VALUES (1)');
    });

    test('promise 1: what a TRUNCATE left that was under way before is seen after its commit, never as an empty table', async () => {
      await using writer = await openSession(database.url, {
        applicationName: 'writer',
        signal: new AbortController().signal,
      });
      await writer.query('BEGIN');
      await writer.query('TRUNCATE kept');
      await writer.query('INSERT INTO kept VALUES (5), (6)');
      const opening = open();
      await waiting(database, 'snapshot');
      await writer.query('COMMIT');
      await using snapshot = await opening;
      expect(await rows(snapshot.leader)).toEqual([5, 6]);
    });

    test('says TABLE_BUSY and which table when one stays locked, and leaves no session behind', async () => {
      await using holder = await openSession(database.url, {
        applicationName: 'holder',
        signal: new AbortController().signal,
      });
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE "odd ""name""" IN ACCESS EXCLUSIVE MODE');
      const details = {
        tables: ['public.odd "name"'],
        blockers: [expect.objectContaining({ pid: holder.pid, relations: ['odd "name"'] })],
      };
      await expect(open(100)).rejects.toMatchObject({ code: 'TABLE_BUSY', details });
      const sessions = `SELECT count(*)::int AS open FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'snapshot'`;
      for (let tries = 100; tries > 0 && JSON.stringify(await database.admin(sessions)) !== '[{"open":0}]'; tries--)
        await Bun.sleep(10);
      expect(await database.admin(sessions)).toEqual([{ open: 0 }]);
    });

    test('lets nobody join, and does not wait, while somebody else queues for a stronger lock', async () => {
      await using snapshot = await open();
      const kept = await rows(snapshot.leader);
      await using altering = await openSession(database.url, {
        applicationName: 'altering',
        signal: new AbortController().signal,
      });
      const altered = altering.query('ALTER TABLE kept ADD COLUMN late integer');
      await waiting(database, 'altering');
      expect(await snapshot.join()).toBeNull();
      expect(kept.length).toBeGreaterThan(0);
      expect(await rows(snapshot.leader)).toEqual(kept);
      await snapshot[Symbol.asyncDispose]();
      await altered;
    });
  });
}

/** Resolves when the session of this name waits for a lock; throws when it never does. */
async function waiting(database: TestDatabase, name: string): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock'`;
  for (let tries = 3000; tries > 0; tries--) {
    if ((await database.admin(sql, [name])).length > 0) return;
    await Bun.sleep(5);
  }
  throw new Error(`${name} waits for no lock`);
}
