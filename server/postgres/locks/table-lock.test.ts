import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { openSession, type Session } from '../../../db/connect/session.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import type { Blocker } from './blockers.ts';
import { type LockMode, lockTables, type TableLockOptions } from './table-lock.ts';

const TABLES = [
  { schema: 'public', name: 'b' },
  { schema: 'public', name: 'a' },
];

describe.each(testServers())('lockTables() on PostgreSQL %s', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase({ server });
    await database.query(
      'CREATE TABLE a (id integer); CREATE TABLE b (id integer); CREATE TABLE elsewhere (id integer)',
    );
  });
  afterAll(() => database[Symbol.asyncDispose]());

  const open = (applicationName: string): Promise<Session> =>
    openSession(database.url, { applicationName, signal: new AbortController().signal });

  test('returns inside a READ COMMITTED transaction that holds every table alone, without a statement limit', async () => {
    await using session = await open('restore');
    await lock(session);
    const held = await session.query<{ name: string }>(
      `SELECT relation::regclass::text AS name FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock' ORDER BY 1`,
    );
    expect(held.map((row) => row.name)).toEqual(['a', 'b']);
    expect(await session.query('SHOW transaction_isolation')).toEqual([{ transaction_isolation: 'read committed' }]);
    expect(await session.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '0' }]);
    await session.query('ROLLBACK');
  });

  test('lets others through between two tries, and gets the tables when the holder is done', async () => {
    await using session = await open('restore');
    await using holder = await open('holder');
    await using passer = await open('passer-by');
    await holder.query('BEGIN');
    await holder.query('SELECT FROM b');
    const locking = lock(session);
    for (let pass = 0; pass < 20; pass++) await passer.query('SELECT FROM a');
    await holder.query('COMMIT');
    await locking;
    await session.query('ROLLBACK');
  });

  test('never makes a client lose to a deadlock, in whichever order it takes the tables', async () => {
    for (const [first, second] of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      await using session = await open('restore');
      await using client = await open('client');
      await client.query('BEGIN');
      await client.query(`LOCK TABLE ${first} IN ROW EXCLUSIVE MODE`);
      const locking = lock(session);
      await Bun.sleep(30);
      await client.query(`LOCK TABLE ${second} IN ROW EXCLUSIVE MODE`);
      await client.query('COMMIT');
      await locking;
      await session.query('ROLLBACK');
    }
  });

  test('gives up with TABLE_BUSY that names who is in the way, outside any transaction', async () => {
    await using session = await open('restore');
    await using holder = await open('the nightly job');
    await holder.query('BEGIN');
    await holder.query('SELECT FROM b');
    const seen: Blocker[][] = [];
    const error = await rejection(lock(session, { giveUpMs: 300, onWait: (blockers) => void seen.push(blockers) }));
    expect([error.code, error.message]).toEqual([
      'TABLE_BUSY',
      expect.stringContaining(`pid ${holder.pid} (the nightly job)`),
    ]);
    expect(seen.flat().map((blocker) => blocker.pid)).toContain(holder.pid);
    await session.query('BEGIN');
    expect(await session.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '0' }]);
    await session.query('ROLLBACK');
  });

  test('waits for an older snapshot of a higher isolation level, but not for READ COMMITTED between two statements', async () => {
    await using session = await open('restore');
    await using relaxed = await open('relaxed');
    await relaxed.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    await relaxed.query('SELECT FROM elsewhere');
    await lock(session, { giveUpMs: 0 });
    await session.query('ROLLBACK');
    await relaxed.query('ROLLBACK');

    await relaxed.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await relaxed.query('SELECT FROM elsewhere');
    const error = await rejection(lock(session, { giveUpMs: 200 }));
    expect(error.message).toContain('an older snapshot');
    await relaxed.query('COMMIT');
  });

  test('waits for a snapshot that is taken while it asks for the tables', async () => {
    await using session = await open('restore');
    await using report = await open('report');
    const query: Session['query'] = async (sql, ...words) => {
      if (sql.startsWith('LOCK TABLE')) {
        await report.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
        await report.query('SELECT FROM elsewhere');
      }
      return session.query(sql, ...words);
    };
    const meeting = new Proxy(session, { get: (target, key) => (key === 'query' ? query : Reflect.get(target, key)) });
    const error = await rejection(lock(meeting, { giveUpMs: 0 }));
    expect(error.message).toContain('an older snapshot');
    expect(error.message).toContain(`pid ${report.pid} (report)`);
  });

  test('holds nobody up while an older snapshot is open, and lets its transaction read on', async () => {
    await using session = await open('restore');
    await using report = await open('report');
    await report.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await report.query('SELECT FROM elsewhere');
    let tries = 0;
    const seen = Promise.withResolvers<void>();
    const locking = lock(session, { onWait: () => void (++tries === 3 && seen.resolve()) });
    await seen.promise;
    await report.query(`SET lock_timeout = '1ms'`);
    for (let read = 0; read < 200; read++) await report.query('SELECT FROM a');
    await report.query('COMMIT');
    await locking;
    await session.query('ROLLBACK');
  });

  test('stops when it is cancelled', async () => {
    const cancel = new AbortController();
    await using session = await openSession(database.url, { applicationName: 'restore', signal: cancel.signal });
    await using holder = await open('holder');
    await holder.query('BEGIN');
    await holder.query('SELECT FROM b');
    const error = await rejection(lock(session, { onWait: () => cancel.abort(), signal: cancel.signal }));
    expect(error.code).toBe('CANCELLED');
  });

  test('lets everybody read under EXCLUSIVE, waits for no older snapshot, and names only who writes or locks rows', async () => {
    await using session = await open('restore');
    await using report = await open('report');
    await using writer = await open('writer');
    await report.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await report.query('SELECT FROM a');
    await writer.query('BEGIN');
    await writer.query('INSERT INTO a VALUES (1)');
    const error = await rejection(lock(session, { mode: 'EXCLUSIVE', giveUpMs: 100 }));
    expect([error.code, error.message]).toEqual(['TABLE_BUSY', expect.stringContaining(`pid ${writer.pid} (writer)`)]);
    expect(error.message).not.toContain('(report)');
    await writer.query('ROLLBACK');

    await lock(session, { mode: 'EXCLUSIVE', giveUpMs: 0 });
    for (const reader of [report, writer]) await reader.query(`SET lock_timeout = '1ms'; SELECT FROM a`);
    for (const write of ['INSERT INTO a VALUES (2)', 'SELECT FROM a FOR KEY SHARE'])
      expect((await rejection(writer.query(write))).code).toBe('TABLE_BUSY');
    await session.query('ROLLBACK');
    await report.query('ROLLBACK');
  });
});

function lock(session: Session, options: Partial<TableLockOptions> & { mode?: LockMode } = {}): Promise<void> {
  return lockTables(session, TABLES, options.mode ?? 'ACCESS EXCLUSIVE', {
    tryMs: 2000,
    giveUpMs: 20_000,
    now: () => performance.now(),
    pause: (ms) => Bun.sleep(ms),
    signal: new AbortController().signal,
    ...options,
  });
}
