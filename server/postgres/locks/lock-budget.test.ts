import { expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { integer, pgTable, serial, text } from 'drizzle-orm/pg-core';
import { openSession } from '../../../db/connect/session.ts';
import { type Cluster, startCluster } from '../../../db/embedded/cluster.ts';
import { BUILTIN_LOCALE, embeddedBinaries } from '../../../db/embedded/embedded.ts';
import { machineBinaries } from '../../../db/embedded/machine-postgres.ts';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { askOnce } from '../../../db/testing/client.fixture.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { testDatabase } from '../../../db/testing/database.ts';
import { type TestServer, testServers } from '../../../db/testing/servers.ts';
import { checkEnvironment } from '../../backup/checks/check.ts';
import { createBackup } from '../../backup/create.ts';
import { AppError } from '../../core/errors.ts';
import { runOperation } from '../../jobs/operations.ts';
import { restoreArchive } from '../../restore/restore.ts';
import { bytesSource, createMemoryStorage } from '../../storage/memory.ts';
import { backupOf, type MadeBackup, restoreInto } from '../../testing/verbs.fixture.ts';
import { CATALOG_LOCKS, restoreLocks } from './lock-budget.ts';

const modelOf = (names: string[]) =>
  modelFromSchema(
    Object.fromEntries(
      names.map((name) => [name, pgTable(name, { id: integer('id').primaryKey(), note: text('note') })]),
    ),
  );

/** Starts a server for this test with few locks, and a database on it whose owner is no superuser. */
async function smallServer(server: TestServer, locks: number, settings: Record<string, string> = {}): Promise<Cluster> {
  const binaries = server === '18' ? await embeddedBinaries() : machineBinaries();
  if (binaries === null) throw new Error('This machine has no PostgreSQL of its own.');
  return startCluster({
    binaries,
    dir: folderOf(server),
    password: 'secret',
    initArgs: server === '18' ? BUILTIN_LOCALE : ['--locale=C'],
    settings: {
      fsync: 'off',
      shared_buffers: '32MB',
      max_connections: '20',
      max_locks_per_transaction: String(locks),
      autovacuum: 'off',
      ...settings,
    },
  });
}

/** Returns settings for the fewest processes a server can run with, since the lock setting is multiplied by their number. */
const fewProcesses = (server: TestServer): Record<string, string> => ({
  max_worker_processes: '2',
  max_wal_senders: '0',
  wal_level: 'minimal',
  [server === '18' ? 'autovacuum_worker_slots' : 'autovacuum_max_workers']: '1',
});

const folderOf = (server: TestServer) => join(tmpdir(), `few-locks-${process.pid}-${server}`);

async function makeOwner(cluster: Cluster): Promise<string> {
  await askOnce(cluster.adminUrl(), `CREATE ROLE few_locks_owner LOGIN PASSWORD 'secret'`);
  await askOnce(cluster.adminUrl(), 'CREATE DATABASE many OWNER few_locks_owner');
  return ownerUrl(cluster);
}

/** Makes the tables in portions: one transaction would need the locks that the server lacks. */
async function makeTables(url: string, names: string[]): Promise<void> {
  for (let at = 0; at < names.length; at += 10)
    await askOnce(
      url,
      names
        .slice(at, at + 10)
        .map(
          (name) =>
            `CREATE TABLE ${name} (id int PRIMARY KEY, note text); CREATE INDEX ON ${name} (note); INSERT INTO ${name} VALUES (1, 'x')`,
        )
        .join('; '),
    );
}

const settingNamed = (text: unknown) => Number(/max_locks_per_transaction = (\d+);/.exec(String(text))?.[1]);

const outcome = <T>(work: Promise<T>): Promise<T | AppError> =>
  work.catch((error: unknown) => {
    if (error instanceof AppError) return error;
    throw error;
  });
const ownerUrl = (cluster: Cluster) => cluster.adminUrl('many').replace('//postgres:', '//few_locks_owner:');
const check = (url: string, names: string[]) =>
  checkEnvironment(
    { databaseUrl: url, storage: createMemoryStorage(() => new Date()), model: modelOf(names) },
    new AbortController().signal,
  );

/** SQL for the files of the owner's relations; whatever changes a relation gives it another file. */
const FILES = `SELECT oid, relfilenode, xmin FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid`;

for (const server of testServers()) {
  test(`promise 12: more tables than the server has locks for are refused before anything is done, and the setting that is named is enough, on server ${server}`, async () => {
    const names = Array.from({ length: 200 }, (_, n) => `t${n}`);
    const few = names.slice(0, 20);
    const first = await smallServer(server, 10);
    let backup: MadeBackup;
    let wanted: number;
    try {
      const url = await makeOwner(first);
      await makeTables(url, names);
      const refused = await rejection(backupOf({ url }, modelOf(names)));
      expect([refused.code, refused.message]).toEqual([
        'DATABASE_ERROR',
        expect.stringMatching(/^A backup needs 715 locks .*max_locks_per_transaction is 10\)\. No backup was made\.$/),
      ]);
      expect(refused.hint).toMatch(/ALTER SYSTEM SET max_locks_per_transaction = \d+; \(it is 10 now\) and restart/);

      const report = await check(url, names);
      expect(report).toMatchObject({ ok: false, restorable: false });
      const found = report.findings.filter(({ message }) => message.includes('max_locks_per_transaction'));
      expect(found.map(({ check: name }) => name).sort()).toEqual(['locks', 'restore']);
      const asked = found.map(({ hint }) => settingNamed(hint));
      wanted = Math.max(...asked);

      // Few tables are no problem; a backup of more than a restore can lock warns of it.
      backup = await backupOf({ url }, modelOf(few));
      await restoreInto({ url }, backup);
      const middle = await backupOf({ url }, modelOf(names.slice(0, 75)), { jobs: 8 });
      expect(middle.result.warnings.join()).toContain('a restore needs');
      const before = await askOnce(url, FILES);
      const stopped = await rejection(restoreInto({ url }, middle));
      expect([stopped.code, stopped.message]).toEqual([
        'RESTORE_REFUSED',
        expect.stringMatching(/^a restore needs \d+ locks at once.*Nothing was changed\.$/),
      ]);
      expect(await askOnce(url, FILES)).toEqual(before);
      expect(await askOnce(url, `SELECT FROM pg_namespace WHERE nspname LIKE 'restore\\_%'`)).toEqual([]);
      await restoreInto({ url }, backup);
    } finally {
      await first.stop();
    }
    const second = await smallServer(server, wanted);
    try {
      const url = ownerUrl(second);
      const whole = await backupOf({ url }, modelOf(names));
      await askOnce(url, 'DELETE FROM t199');
      await restoreInto({ url }, whole);
      expect(await askOnce(url, 'SELECT * FROM t199')).toEqual([{ id: 1, note: 'x' }]);
      expect(await check(url, names)).toMatchObject({ ok: true, restorable: true });
    } finally {
      await second.stop();
      await rm(folderOf(server), { recursive: true, force: true });
    }
  }, 300_000);

  test(`promise 12: a server with few processes refuses before it runs out of locks, and each setting that is named is enough, on server ${server}`, async () => {
    const names = Array.from({ length: 64 }, (_, n) => `t${n}`);
    try {
      await using first = await smallServer(server, 10, fewProcesses(server));
      const url = await makeOwner(first);
      await makeTables(url, names);
      const ends = [];
      let wanted = 0;
      for (let count = names.length; count > 0; count -= campaign(24, 4)) {
        const made = await outcome(backupOf({ url }, modelOf(names.slice(0, count)), { jobs: 4 }));
        if (made instanceof AppError) {
          expect(made.message).toMatch(/^A backup needs \d+ locks/);
          wanted ||= settingNamed(made.hint);
          ends.push('no backup');
          continue;
        }
        const restored = await outcome(restoreInto({ url }, made, { jobs: 4 }));
        if (restored instanceof AppError) expect(restored.message).toMatch(/^a restore needs \d+ locks/);
        ends.push(restored instanceof AppError ? 'no restore' : 'restored');
      }
      // The outcomes change with the room, so the estimate is neither too low nor out of proportion.
      expect([ends[0], ends.includes('no restore') || ends.includes('restored')]).toEqual(['no backup', true]);
      await first.stop();

      await using second = await smallServer(server, wanted, fewProcesses(server));
      const whole = await backupOf({ url: ownerUrl(second) }, modelOf(names), { jobs: 4 });
      const refused = await rejection(restoreInto({ url: ownerUrl(second) }, whole));
      expect(refused.message).toMatch(/^a restore needs \d+ locks/);
      expect(settingNamed(whole.result.warnings)).toBe(settingNamed(refused.hint));
      await second.stop();

      await using third = await smallServer(server, settingNamed(refused.hint), fewProcesses(server));
      await askOnce(ownerUrl(third), 'DELETE FROM t63');
      await restoreInto({ url: ownerUrl(third) }, whole, { jobs: 4 });
      expect(await askOnce(ownerUrl(third), 'SELECT * FROM t63')).toEqual([{ id: 1, note: 'x' }]);
    } finally {
      await rm(folderOf(server), { recursive: true, force: true });
    }
  }, 300_000);

  test(`counts no fewer locks than a restore holds at its end, and not half as many again, on server ${server}`, async () => {
    await using database = await testDatabase({ server });
    await database.query(`
      CREATE TABLE a (id serial PRIMARY KEY, note text, code int UNIQUE); CREATE INDEX ON a (note); INSERT INTO a (code) VALUES (1);
      CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a, CHECK (id > 0)); INSERT INTO b VALUES (1, 1);
      CREATE TABLE outside (id int PRIMARY KEY, b_id int REFERENCES b);
      CREATE TABLE p (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
      CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
      CREATE INDEX ON p (note); INSERT INTO p VALUES (1, 'x'), (11, 'y');
      CREATE TABLE parent (id int); CREATE TABLE heir () INHERITS (parent); INSERT INTO heir VALUES (1)`);
    const names = ['a', 'b', 'p', 'parent', 'heir'];
    const model = modelFromSchema({
      a: pgTable('a', { id: serial('id').primaryKey(), note: text('note'), code: integer('code') }),
      b: pgTable('b', { id: integer('id').primaryKey(), aId: integer('a_id') }),
      p: pgTable('p', { id: integer('id').primaryKey(), note: text('note') }),
      parent: pgTable('parent', { id: integer('id') }),
      heir: pgTable('heir', { id: integer('id') }),
    });
    const backup = await backupOf(database, model);
    const { signal } = new AbortController();
    await using session = await openSession(database.url, { applicationName: 'counting', signal });
    const oids = await session.query<{ oid: number }>(
      `SELECT name::regclass::int8::float8 AS oid FROM unnest($1::text[]) AS t(name)`,
      [names],
    );
    const counted = await restoreLocks(
      session,
      oids.map(({ oid }) => oid),
    );
    let held = 0;
    let catalogs = 0;
    const tools = { now: () => new Date(), newId: () => crypto.randomUUID(), pause: (ms: number) => Bun.sleep(ms) };
    await runOperation(
      { ...tools, databaseUrl: database.url },
      { actor: 'a test', parameters: {}, wait: true, kind: 'restore' },
      signal,
      ({ receipt, signal: alive }) =>
        restoreArchive(
          {
            ...tools,
            databaseUrl: database.url,
            source: bytesSource(backup.bytes),
            receipt: {
              ...receipt,
              async succeed(applying, result) {
                const [row] = await applying.query<{ held: number; catalogs: number }>(
                  `SELECT count(DISTINCT (locktype, relation, classid, objid, objsubid)) FILTER (WHERE relation IS NULL OR relation >= 16384)::int AS held,
                          count(DISTINCT relation) FILTER (WHERE relation < 16384)::int AS catalogs
                     FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('relation', 'object')`,
                );
                held = row?.held ?? 0;
                catalogs = row?.catalogs ?? 0;
                await receipt.succeed(applying, result);
              },
            },
            lockTryMs: 2000,
            lockGiveUpMs: 5000,
          },
          { jobs: 2, apply: 'rewrite' },
          { signal: alive, onProgress: () => undefined },
        ),
    );
    expect(held).toBeGreaterThan(40);
    expect(catalogs).toBeGreaterThan(CATALOG_LOCKS.restore / 2);
    expect(catalogs).toBeLessThanOrEqual(CATALOG_LOCKS.restore);
    expect(counted.objects - CATALOG_LOCKS.restore).toBeGreaterThanOrEqual(held);
    expect(counted.objects - CATALOG_LOCKS.restore).toBeLessThan(held * 1.5);

    let ofBackup = 0;
    const storage = createMemoryStorage(tools.now);
    await createBackup(
      {
        ...tools,
        databaseUrl: database.url,
        model,
        application: { name: 'Palace Backup', version: '0.0.0' },
        lockGiveUpMs: 5000,
        storage: {
          ...storage,
          // The archive is created after everything has been read from the catalogs.
          async create(name) {
            const [row] = await database.admin<{ catalogs: number }>(
              `SELECT max(catalogs)::int AS catalogs FROM (SELECT count(DISTINCT relation) AS catalogs FROM pg_locks
                WHERE relation < 16384 AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid) AS held`,
            );
            ofBackup = row?.catalogs ?? 0;
            return storage.create(name);
          },
        },
      },
      { compression: 'deflate', jobs: 1, strict: false, verify: false, createdBy: 'a test' },
      { signal, onProgress: () => undefined },
    );
    expect(ofBackup).toBeGreaterThan(CATALOG_LOCKS.backup / 2);
    expect(ofBackup).toBeLessThanOrEqual(CATALOG_LOCKS.backup);
  });
}
