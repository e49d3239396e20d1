import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openSession } from '../../../db/connect/session.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { startQueue } from './queue.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ owner: 'palace_queue_owner' });
});
afterAll(() => database[Symbol.asyncDispose]());

const options = { works: false, onError: () => undefined };

test('a missing right is said with the GRANT to run, and with it the queue starts', async () => {
  const role = new URL(database.url).username;
  await database.admin(`ALTER DATABASE ${database.name} OWNER TO ${new URL(database.adminUrl).username}`);
  const refused = startQueue({ databaseUrl: database.url, ...options }).then(
    () => null,
    (error: { code: string; hint: string }) => error,
  );
  const { code, hint } = (await refused) ?? { code: 'started', hint: '' };
  expect(code).toBe('PERMISSION_DENIED');
  const grant = /GRANT CREATE ON DATABASE \S+ TO \S+;/.exec(hint)?.[0] ?? '';
  expect(grant).toContain(role);
  await database.admin(grant);
  const queue = await startQueue({ databaseUrl: database.url, ...options });
  await queue.stop();
});

test('processes that start at the same time on a fresh database do not disturb each other', async () => {
  await using fresh = await testDatabase();
  const queues = await Promise.all(
    Array.from({ length: 4 }, () => startQueue({ databaseUrl: fresh.url, ...options, connections: 1 })),
  );
  await Promise.all(queues.map((queue) => queue.stop()));
});

test('a job that is sent in a transaction that is rolled back never was', async () => {
  await using fresh = await testDatabase();
  const queue = await startQueue({ databaseUrl: fresh.url, ...options });
  const id = crypto.randomUUID();
  const session = await openSession(fresh.url, { applicationName: 'a test', signal: new AbortController().signal });
  await session.query('BEGIN');
  await queue.send(session, id);
  await session.query('ROLLBACK');
  await session.close();
  expect(await queue.present([id])).toEqual(new Set());
  await queue.stop();
});

test('the check of the queue asks the database: it fails once the queue or its tables are gone', async () => {
  await using fresh = await testDatabase();
  const queue = await startQueue({ databaseUrl: fresh.url, ...options });
  const state = () =>
    queue.check().then(
      () => 'ok',
      ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
    );
  const gone = 'DATABASE_ERROR: The job queue (schema backup_queue) is gone.';
  try {
    expect(await state()).toBe('ok');
    await fresh.query('DELETE FROM backup_queue.queue');
    expect(await state()).toBe(gone);
    await fresh.query('DROP SCHEMA backup_queue CASCADE');
    expect(await state()).toBe(gone);
  } finally {
    await queue.stop();
  }
});

test('what is taken is handed over once, whoever else works, and withdrawing comes too late for it', async () => {
  await using fresh = await testDatabase();
  const queues = await Promise.all(
    Array.from({ length: 2 }, () => startQueue({ databaseUrl: fresh.url, ...options, works: true })),
  );
  const taken: string[] = [];
  const ids = Array.from({ length: 20 }, () => crypto.randomUUID());
  const [first] = queues;
  const session = await openSession(fresh.url, { applicationName: 'a test', signal: new AbortController().signal });
  for (const id of ids) await first?.send(session, id);
  await session.close();
  for (const queue of queues)
    await queue.work(3, async (id) => {
      taken.push(id);
    });
  while (taken.length < ids.length) await Bun.sleep(5);
  await Promise.all(queues.map((queue) => queue.drain()));
  expect(taken.toSorted()).toEqual(ids.toSorted());
  expect(await first?.present(ids)).toEqual(new Set());
  await Promise.all(queues.map((queue) => queue.stop()));
});
