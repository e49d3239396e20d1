import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';
import { BACKUP, openJobs, type TestJobs } from '../test-jobs.fixture.ts';
import { dropOldRecords } from './retention.ts';
import { startSweeper } from './sweeper.ts';

let library: TestLibrary;
let jobs: TestJobs;
beforeAll(async () => {
  library = await testLibrary();
  jobs = await openJobs(library);
  // A worker that takes no tickets: it only sweeps.
  await jobs.startWorker({ queue: { ...jobs.queue, work: async () => undefined, drain: async () => undefined } });
});
afterAll(async () => {
  await jobs[Symbol.asyncDispose]();
  await library[Symbol.asyncDispose]();
});

/** Starts a sweeper with a round every 20 ms; `look` stands for its look at unfinished files. */
function sweepOften(
  look: () => Promise<void>,
  {
    write = () => undefined,
    now = () => new Date(),
  }: { write?: (facts: object, message: string) => unknown; now?: () => Date } = {},
) {
  return startSweeper({
    databaseUrl: library.database.url,
    records: jobs.records,
    queue: jobs.queue,
    storage: {
      async sweep() {
        await look();
        return [];
      },
    },
    log: { info: write, warn: write, error: write },
    now,
    operationDays: 30,
    everyMs: 20,
  });
}

test('an operation in line whose job is gone is ended as failed; one whose job is there is left in line', async () => {
  const { operation: forgotten } = await jobs.desk.request(BACKUP, 'a test', 'here');
  const { operation: waiting } = await jobs.desk.request({ ...BACKUP, wait: true }, 'a test', 'here');
  await library.database.admin(`DELETE FROM backup_queue.job WHERE id = '${forgotten.id}'`);
  expect(await jobs.ended(forgotten.id)).toMatchObject({ state: 'failed', error: { code: 'CONNECTION_LOST' } });
  expect((await jobs.desk.get(waiting.id)).state).toBe('queued');
  await jobs.desk.cancel(waiting.id, 'a test');
});

test('a record that says running without anybody behind it is ended as failed, and its staging schema goes', async () => {
  const id = crypto.randomUUID();
  const schema = `restore_${id.replaceAll('-', '')}`;
  await library.database.query(`CREATE SCHEMA ${schema}`);
  await library.database.query(
    `INSERT INTO backup_system.operations (id, kind, state, actor, origin, staging_schema) VALUES ('${id}', 'restore', 'running', 'a test', 'here', '${schema}')`,
  );
  expect(await jobs.ended(id)).toMatchObject({ state: 'failed', error: { code: 'CONNECTION_LOST' } });
  const left = await library.database.admin(`SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`);
  expect(left).toEqual([]);
});

test('records of operations that ended long ago are dropped; young ones and those that have not ended stay', async () => {
  const record = async (state: string, days: number) => {
    const id = crypto.randomUUID();
    const ended = state === 'queued' ? 'NULL' : `now() - interval '${days} days'`;
    await library.database.query(
      `INSERT INTO backup_system.operations (id, kind, state, actor, origin, created_at, finished_at)
       VALUES ('${id}', 'prove', '${state}', 'a test', 'here', now() - interval '${days} days', ${ended})`,
    );
    return id;
  };
  const old = [await record('succeeded', 31), await record('failed', 400), await record('cancelled', 31)];
  const young = await record('succeeded', 29);
  expect(await dropOldRecords(jobs.records, 30, new Date())).toBe(3);
  for (const id of old) await expect(jobs.desk.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect((await jobs.desk.get(young)).state).toBe('succeeded');
});

test('a sweeper whose connection is lost goes on with another', async () => {
  const sessions = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'palace-backup sweep' AND state = 'idle'`;
  const [first] = await library.database.admin<{ pid: number }>(sessions);
  await library.database.admin(`SELECT pg_terminate_backend(${first?.pid})`);
  const isNew = (row: { pid: number }) => row.pid !== first?.pid;
  while (!(await library.database.admin<{ pid: number }>(sessions)).some(isNew)) await Bun.sleep(5);
});

test('after an operation that died every round looks for unfinished files: its process may end later than its connection', async () => {
  let looked = 0;
  await using _sweeper = sweepOften(async () => {
    looked += 1;
  });
  while (looked === 0) await Bun.sleep(5);
  await Bun.sleep(200);
  expect(looked).toBe(1);
  // Another sweeper running here may be the one that finds it.
  while (looked === 1) {
    const id = crypto.randomUUID();
    await library.database.query(
      `INSERT INTO backup_system.operations (id, kind, state, actor, origin) VALUES ('${id}', 'backup', 'running', 'a test', 'here')`,
    );
    while ((await jobs.desk.get(id)).state === 'running') await Bun.sleep(5);
    await Bun.sleep(100);
  }
  const soFar = looked;
  while (looked < soFar + 3) await Bun.sleep(5);
});

test('a sweep that goes on failing is logged once, not at each round, and its return once it has worked', async () => {
  const lines: string[] = [];
  const write = (_facts: object, message: string) => lines.push(message);
  const clock = { ms: Date.now() };
  let looked = 0;
  let fails = true;
  await using _sweeper = sweepOften(
    async () => {
      looked += 1;
      if (fails) throw new Error('the disk is gone');
    },
    // Each look at the files is due only after a minute.
    { write, now: () => new Date(clock.ms) },
  );
  const lookAgain = async () => {
    const soFar = looked;
    while (looked === soFar) {
      await Bun.sleep(5);
      if (looked === soFar) clock.ms += 1000;
    }
    // Rounds in which nothing is due say nothing.
    await Bun.sleep(100);
  };
  while (looked === 0) await Bun.sleep(5);
  await Bun.sleep(100);
  expect(lines).toEqual(['sweeping failed; it is tried again']);
  fails = false;
  await lookAgain();
  expect(lines).toEqual(['sweeping failed; it is tried again', 'sweeping works again']);
});
