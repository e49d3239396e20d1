import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { openSession, type Session } from '../../../db/connect/session.ts';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { shareOf } from '../../../db/testing/campaign.fixture.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { checkEnvironment } from '../../backup/checks/check.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { backupOf, type MadeBackup, restoreInto } from '../../testing/verbs.fixture.ts';

const MODEL = modelFromSchema({
  t: pgTable('t', { id: integer('id').primaryKey(), v: text('v') }),
  whole: pgTable('whole', { id: integer('id') }),
});
const DDL = `
  CREATE TABLE t (id int PRIMARY KEY, v text DEFAULT 'x'); INSERT INTO t VALUES (1, 'a');
  CREATE TABLE whole (id int) PARTITION BY LIST (id);
  CREATE TABLE whole_1 PARTITION OF whole FOR VALUES IN (1); INSERT INTO whole VALUES (1)`;

/** A name unique to this run, because the whole server shares such names. The quote is part of it. */
const NAME = `it's ${crypto.randomUUID()}`;
const GID = NAME.replace("'", "''");

/** A blocker: its action on a connection of its own, its description in a refusal, and a statement of the hint that ends it. */
interface Case {
  who: string;
  /** Signs in as the superuser instead of the owner. */
  admin?: true;
  hold: (session: Session, url: string) => Promise<unknown>;
  says: RegExp;
  way: RegExp;
}

const holding = (lock: string): ((session: Session) => Promise<unknown>) => {
  return (session) => session.query(`BEGIN; ${lock}`);
};

/** Blockers of a restore. */
const OF_RESTORE: Case[] = [
  {
    who: 'a prepared transaction',
    hold: holding(`INSERT INTO t VALUES (3, 'c'); PREPARE TRANSACTION '${GID}'`),
    says: new RegExp(`the prepared transaction '${GID}' of blocked_owner on t, prepared since [0-9]{4}-`),
    way: new RegExp(`as "blocked_owner" or a superuser, run (ROLLBACK PREPARED '${GID}');`),
  },
  {
    who: 'a prepared transaction of another role',
    admin: true,
    hold: holding(`LOCK TABLE t IN ACCESS SHARE MODE; PREPARE TRANSACTION '${GID}'`),
    says: new RegExp(`the prepared transaction '${GID}' of postgres on t, `),
    way: new RegExp(`as "postgres" or a superuser, run (ROLLBACK PREPARED '${GID}');`),
  },
  {
    who: 'a session that is idle in a transaction',
    hold: holding('SELECT FROM t'),
    says: /pid \d+ \(in the way\) of blocked_owner on t, idle in transaction since \d{4}-/,
    way: /is idle in a transaction .*?(SELECT pg_terminate_backend\(\d+\));/,
  },
  {
    who: 'a session that is idle in an aborted transaction, whose locks lie outside the savepoint',
    hold: async (session) => {
      await session.query('BEGIN; SELECT FROM t; SAVEPOINT s');
      await session.query('SELECT 1/0').catch(() => undefined);
    },
    says: /on t, idle in transaction \(aborted\) since/,
    way: /(SELECT pg_terminate_backend\(\d+\));/,
  },
  {
    who: 'a session that holds one partition only',
    hold: holding('LOCK TABLE whole_1 IN ACCESS SHARE MODE'),
    says: /on whole_1, idle in transaction/,
    way: /(SELECT pg_terminate_backend\(\d+\));/,
  },
  {
    who: 'a session at work',
    hold: async (session) => {
      void session.query('BEGIN; SELECT pg_sleep(60) FROM t').catch(() => undefined);
    },
    says: /of blocked_owner on t.*, active since/,
    way: /Let the sessions at work finish, or end them: (SELECT pg_terminate_backend\(\d+\));/,
  },
  {
    who: 'a session whose query runs in a parallel worker, as one,',
    hold: async (session, url) => {
      await session.query(`SELECT FROM pg_settings,
        LATERAL set_config(name, 'on', false) WHERE name IN ('force_parallel_mode', 'debug_parallel_query')`);
      void session.query('BEGIN; SELECT pg_sleep(60) FROM t').catch(() => undefined);
      const workers = `SELECT FROM pg_stat_activity WHERE leader_pid = ${session.pid} AND pid <> leader_pid`;
      await using watch = await connected(url);
      while ((await watch.query(workers)).length === 0) await Bun.sleep(10);
    },
    says: /locked: pid \d+ \(in the way\) of blocked_owner on t, active since [^;]*\. Nothing/,
    way: /(SELECT pg_terminate_backend\(\d+\));/,
  },
  {
    who: 'a session of another role, whose state is hidden',
    admin: true,
    hold: holding('SELECT FROM t'),
    says: /pid \d+ \(in the way\) of postgres on t, at what this role may not see/,
    way: /(SELECT pg_terminate_backend\(\d+\)); \(as "postgres" or a superuser\)/,
  },
];

/** Blockers of everything: not even definitions can be read. */
const OF_BOTH: Case[] = [
  {
    who: 'a prepared transaction that holds a table alone',
    hold: holding(`LOCK TABLE t; PREPARE TRANSACTION '${GID}'`),
    says: new RegExp(`^Definitions .* read: the prepared transaction '${GID}' of blocked_owner on t, prepared since`),
    way: new RegExp(`(ROLLBACK PREPARED '${GID}');`),
  },
  {
    who: 'a session that is idle in a transaction and holds a table alone',
    hold: holding('LOCK TABLE t'),
    says: /^Definitions .* read: pid \d+ \(in the way\) of blocked_owner on t, idle in transaction/,
    way: /(SELECT pg_terminate_backend\(\d+\));/,
  },
];

/** Blockers of a backup. */
const OF_BACKUP: Case[] = [
  {
    who: 'a prepared transaction',
    hold: holding(`LOCK TABLE t; PREPARE TRANSACTION '${GID}'`),
    says: new RegExp(`public.t, by the prepared transaction '${GID}' of blocked_owner on t, prepared since`),
    way: new RegExp(`(ROLLBACK PREPARED '${GID}');`),
  },
  {
    who: 'a session that is idle in a transaction',
    hold: holding('LOCK TABLE whole_1'),
    says: /public\.whole, by pid \d+ \(in the way\) of blocked_owner on whole_1, idle in transaction/,
    way: /(SELECT pg_terminate_backend\(\d+\));/,
  },
];

const connected = (url: string) =>
  openSession(url, { applicationName: 'in the way', signal: new AbortController().signal });

/** Ends what a failed test leaves prepared, which would keep its database from being dropped. */
const ended = (database: TestDatabase): AsyncDisposable => ({
  async [Symbol.asyncDispose]() {
    const left = await database.admin('SELECT FROM pg_prepared_xacts WHERE gid = $1', [NAME]);
    if (left.length > 0) await database.admin(`ROLLBACK PREPARED '${GID}'`);
  },
});

/** Runs the hint's statement as the superuser. */
async function follow(database: TestDatabase, hint: string, way: RegExp): Promise<void> {
  await database.admin(way.exec(hint)?.[1] ?? 'the hint gives no statement');
}

/** Returns what holds the lock. */
function kindOf({ who }: Case): string {
  return who.includes('prepared') ? 'a prepared transaction' : 'a session';
}

for (const server of testServers()) {
  describe(`somebody in the way on server ${server}`, () => {
    let database: TestDatabase;
    let backup: MadeBackup;
    beforeAll(async () => {
      database = await testDatabase({ server, owner: 'blocked_owner' });
      await database.query(DDL);
      backup = await backupOf(database, MODEL);
    });
    afterAll(() => database?.[Symbol.asyncDispose]());
    const held = () => database.admin(`SELECT FROM pg_locks WHERE relation IN ('t'::regclass, 'whole_1'::regclass)`);
    // Locks of the previous test end with its session, a moment later.
    beforeEach(async () => {
      while ((await held()).length > 0) await Bun.sleep(10);
    });

    for (const { who, admin, hold, says, way } of shareOf(server, [...OF_RESTORE, ...OF_BOTH], kindOf))
      test(`a restore names ${who} as what it is, and its hint ends it`, async () => {
        await using _left = ended(database);
        await using session = await connected(admin ? database.adminUrl : database.url);
        await hold(session, database.url);
        while ((await held()).length === 0) await Bun.sleep(10);
        const refused = await rejection(restoreInto(database, backup, { lockGiveUpMs: 300 }));
        expect(refused.code).toBe('TABLE_BUSY');
        expect(refused.message).toMatch(says);
        await follow(database, refused.hint ?? '', way);
        await restoreInto(database, backup);
        expect(await database.query('SELECT * FROM t')).toEqual([{ id: 1, v: 'a' }]);
      });

    for (const { who, admin, hold, says, way } of shareOf(server, OF_BACKUP, kindOf))
      test(`a backup names ${who} as what it is, and its hint ends it`, async () => {
        await using _left = ended(database);
        await using session = await connected(admin ? database.adminUrl : database.url);
        await hold(session, database.url);
        const refused = await rejection(backupOf(database, MODEL, { lockGiveUpMs: 300 }));
        expect(refused.code).toBe('TABLE_BUSY');
        expect(refused.message).toMatch(says);
        await follow(database, refused.hint ?? '', way);
        await backupOf(database, MODEL);
      });

    test(`--check names who holds a table alone`, async () => {
      await using session = await connected(database.url);
      await session.query('BEGIN; LOCK TABLE t');
      const storage = createMemoryStorage(() => new Date());
      const report = await checkEnvironment(
        { databaseUrl: database.url, storage, model: MODEL },
        new AbortController().signal,
      );
      expect(report.findings.find(({ check }) => check === 'database')).toMatchObject({
        ok: false,
        message: expect.stringContaining(`pid ${session.pid} (in the way)`),
        hint: expect.stringContaining('check again'),
      });
    });

    test(`a backup names who waits for a table and who keeps him waiting`, async () => {
      await using reader = await connected(database.url);
      await using altering = await connected(database.url);
      await reader.query('BEGIN; SELECT FROM t');
      const altered = altering.query('ALTER TABLE t ADD COLUMN late int').catch(() => undefined);
      while ((await database.admin(`SELECT FROM pg_locks WHERE NOT granted AND relation = 't'::regclass`)).length === 0)
        await Bun.sleep(10);
      const refused = await rejection(backupOf(database, MODEL, { lockGiveUpMs: 300 }));
      expect(refused.message).toContain(`pid ${reader.pid} (in the way) of blocked_owner on t, idle in transaction`);
      expect(refused.message).toContain(`pid ${altering.pid} (in the way) of blocked_owner on t, waits for the table`);
      await follow(database, refused.hint ?? '', /(SELECT pg_terminate_backend\(\d+\));/);
      await altered;
      await backupOf(database, MODEL);
    });

    test(`a partition whose detaching was cut short is told by the backup, and stops a restore until it is finished`, async () => {
      await using reader = await connected(database.url);
      await using detaching = await connected(database.url);
      await reader.query('BEGIN; SELECT FROM whole');
      const detached = rejection(detaching.query('ALTER TABLE whole DETACH PARTITION whole_1 CONCURRENTLY'));
      while ((await database.admin('SELECT FROM pg_inherits WHERE inhdetachpending')).length === 0) await Bun.sleep(10);
      await database.admin(`SELECT pg_cancel_backend(${detaching.pid})`);
      await detached;
      await reader.query('ROLLBACK');
      const says = 'public.whole_1 is being detached from public.whole';
      expect((await backupOf(database, MODEL)).result.warnings.join()).toContain(says);
      const refused = await rejection(restoreInto(database, backup));
      expect([refused.code, refused.message]).toEqual(['RESTORE_REFUSED', expect.stringContaining(says)]);
      await follow(database, refused.hint ?? '', /(ALTER TABLE .* FINALIZE);/);
      // Its rows now belong to no partition, and the error must say so.
      const placeless = await rejection(restoreInto(database, backup));
      expect(placeless.message).toBe(
        'No partition of public.whole takes some rows of the backup. Nothing was changed.',
      );
      await database.query('CREATE TABLE rest PARTITION OF whole DEFAULT');
      await restoreInto(database, backup);
      expect(await database.query('SELECT * FROM rest')).toEqual([{ id: 1 }]);
    });
  });
}
