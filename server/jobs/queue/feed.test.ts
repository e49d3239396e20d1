import { afterAll, beforeAll, expect, test } from 'bun:test';
import { signalBackends } from '../../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';
import { CHANGED, OPERATIONS, type OperationView } from '../records.ts';
import { BACKUP, openJobs, type TestJobs } from '../test-jobs.fixture.ts';
import { readOperation } from './desk.ts';
import { openFeed } from './feed.ts';

let library: TestLibrary;
let jobs: TestJobs;
beforeAll(async () => {
  library = await testLibrary();
  jobs = await openJobs(library);
});
afterAll(async () => {
  await jobs[Symbol.asyncDispose]();
  await library[Symbol.asyncDispose]();
});

const FOREVER = 3_600_000;
const never = new AbortController().signal;

/** Makes a record that no worker takes. */
async function record(): Promise<string> {
  return (await jobs.desk.request({ ...BACKUP, wait: true }, 'a test', 'here')).operation.id;
}

async function change(id: string, told: boolean): Promise<void> {
  await library.database.query(
    `UPDATE ${OPERATIONS} SET revision = revision + 1 WHERE id = '${id}' ${told ? `RETURNING ${CHANGED}` : ''}`,
  );
}

/** Wraps a watcher so that it reads one view at a time. */
function watcher(views: AsyncGenerator<OperationView>) {
  return {
    async next(): Promise<number | null> {
      const { value, done } = await views.next();
      return done ? null : value.revision;
    },
    leave: () => views.return(undefined),
  };
}

test('watch() gives the record now only when it is newer than what was seen, then each change, then the end', async () => {
  const id = await record();
  const late = watcher(jobs.feed.watch(id, 0, never));
  const first = watcher(jobs.feed.watch(id, -1, never));
  expect(await first.next()).toBe(0);
  const seen = late.next();
  await change(id, true);
  expect([await seen, await first.next()]).toEqual([1, 1]);
  await jobs.desk.cancel(id, 'a test');
  expect([await late.next(), await first.next()]).toEqual([2, 2]);
  expect([await late.next(), await first.next()]).toEqual([null, null]);
});

test('watch() of an operation that has ended gives its end, or nothing when that was seen', async () => {
  const id = await record();
  const { revision } = await jobs.desk.cancel(id, 'a test');
  const [fresh, resumed] = [watcher(jobs.feed.watch(id, -1, never)), watcher(jobs.feed.watch(id, revision, never))];
  expect([await fresh.next(), await fresh.next()]).toEqual([revision, null]);
  expect(await resumed.next()).toBeNull();
});

test('watch() ends when its signal aborts, also while it waits', async () => {
  const id = await record();
  const leaving = new AbortController();
  const one = watcher(jobs.feed.watch(id, 0, leaving.signal));
  const waiting = one.next();
  leaving.abort();
  expect(await waiting).toBeNull();
});

test('many who watch one operation are told by one reading', async () => {
  const id = await record();
  let readings = 0;
  await using feed = openFeed({
    databaseUrl: library.database.url,
    pollMs: FOREVER,
    read: (of) => {
      readings++;
      return readOperation(jobs.records, of);
    },
  });
  const many = Array.from({ length: 50 }, () => watcher(feed.watch(id, 0, never)));
  const seen = many.map((one) => one.next());
  await listening();
  readings = 0;
  await change(id, true);
  expect(new Set(await Promise.all(seen))).toEqual(new Set([1]));
  expect(readings).toBeLessThanOrEqual(2);
});

test('after its connection was lost, what was changed meanwhile is read, and new changes are heard again', async () => {
  const id = await record();
  await using feed = openFeed({
    databaseUrl: library.database.url,
    pollMs: FOREVER,
    read: (of) => readOperation(jobs.records, of),
  });
  const one = watcher(feed.watch(id, -1, never));
  expect(await one.next()).toBe(0);
  await listening();
  const missed = one.next();
  expect(await signalBackends(library.database, 'pg_terminate_backend', 'palace-backup listen')).toBeGreaterThan(0);
  await change(id, false);
  expect(await missed).toBe(1);
  await listening();
  const heard = one.next();
  await change(id, true);
  expect(await heard).toBe(2);
  await one.leave();
});

test('a change that nobody told of is seen at the next look', async () => {
  const id = await record();
  await using feed = openFeed({
    databaseUrl: library.database.url,
    pollMs: 50,
    read: (of) => readOperation(jobs.records, of),
  });
  const one = watcher(feed.watch(id, 0, never));
  const seen = one.next();
  await change(id, false);
  expect(await seen).toBe(1);
  await one.leave();
});

/** Resolves when both feeds (the jobs' and this one) listen. */
async function listening(): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle' AND application_name = 'palace-backup listen'`;
  while ((await library.database.admin(sql)).length < 2) await Bun.sleep(5);
}
