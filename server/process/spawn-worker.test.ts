import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../db/connect/session.ts';
import { openRecords } from '../../db/system/records.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import type { ProcessLog } from '../core/log.ts';
import { createDesk, readOperation } from '../jobs/queue/desk.ts';
import { endRunning } from '../jobs/queue/end-queued.ts';
import { openFeed } from '../jobs/queue/feed.ts';
import { startQueue } from '../jobs/queue/queue.ts';
import { readConfig } from './config.ts';
import { spawnWorker } from './spawn-worker.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
});
// Disposing fails when connections were left open.
afterAll(() => database[Symbol.asyncDispose]());

const metrics = { operationFinished: () => undefined };
function workerPid(): number {
  const child = Bun.spawnSync(['pgrep', '-P', String(process.pid), '-f', 'worker-process.ts']).stdout.toString();
  return Number(child.trim().split('\n').at(-1));
}

const failRunning = async () => undefined;
/** Milliseconds: processes start slowly on a busy machine. */
const TIMEOUT_MS = 300_000;

function listening(): { log: ProcessLog; logged: string[] } {
  const logged: string[] = [];
  const write = (_: object, message: string) => void logged.push(message);
  const log: ProcessLog = { debug: write, info: write, warn: write, error: write, child: () => log };
  return { log, logged };
}

test('spawnWorker() takes operations until it is stopped, stands back as it is told, and then leaves no connection', async () => {
  const { log } = listening();
  const pids: number[] = [];
  const residentBytes = (pid: number) => pids.push(pid);
  const worker = await spawnWorker(
    { config: readConfig({ WORKER_NICENESS: '13' }), directUrl: database.url },
    { log, metrics, failRunning, residentBytes },
  );
  const sessions = () =>
    database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'palace-backup sweep'`,
    );
  while ((await sessions()).length === 0 || pids.length === 0);
  expect(getPriority(pids[0])).toBe(Math.max(13, getPriority()));
  await Promise.all([worker.stop(0), worker.stop(0)]);
  expect(await sessions()).toEqual([]);
});

test('spawnWorker() says in our words why the process could not begin', async () => {
  const { log } = listening();
  const url = new URL(database.url);
  url.port = '1';
  // a word that is part of no name
  url.password = 'sesame';
  const error = await rejection(
    spawnWorker({ config: readConfig({}), directUrl: url.href }, { log, metrics, failRunning }),
  );
  expect([error.code, error.message.includes(url.password)]).toEqual(['DATABASE_UNREACHABLE', false]);
});

test('spawnWorker() replaces a process that was killed, and says so', async () => {
  const { log, logged } = listening();
  const worker = await spawnWorker({ config: readConfig({}), directUrl: database.url }, { log, metrics, failRunning });
  process.kill(workerPid(), 'SIGKILL');
  while (!logged.includes('the worker’s process was replaced')) await Bun.sleep(20);
  expect(logged).toContain('the worker’s process ended by itself');
  await worker.stop(0);
});

test('spawnWorker() kills a process that does not end when told to, so that the server ends', async () => {
  const { log, logged } = listening();
  const parts = { log, metrics, failRunning, lateMs: 100 };
  const worker = await spawnWorker({ config: readConfig({}), directUrl: database.url }, parts);
  // Stopped, it receives nothing, like one that waits for a lost database for ever.
  process.kill(workerPid(), 'SIGSTOP');
  await worker.stop(0);
  expect(logged).toContain('the worker’s process did not end when told to, and was killed');
});

test(
  'promise 13: a worker past its memory is ended, what it ran fails with that reason, and the next one works',
  async () => {
    const { log, logged } = listening();
    const { records, close } = openRecords(database.url, { connections: 3 });
    const folder = await mkdtemp(join(tmpdir(), 'worker-process-'));
    const queue = await startQueue({ databaseUrl: database.url, works: false, onError: () => undefined });
    const feed = openFeed({ databaseUrl: database.url, read: (id) => readOperation(records, id) });
    const parts = { now: () => new Date(), newId: () => crypto.randomUUID() };
    const desk = createDesk({ ...parts, databaseUrl: database.url, records, queue, feed });
    let taken = 1000;
    const worker = await spawnWorker(
      { config: readConfig({ BACKUP_DIR: folder, WORKER_MEMORY_LIMIT_MB: '512' }), directUrl: database.url },
      {
        log,
        metrics,
        failRunning: (ids, reason) => endRunning(records, ids, reason, new Date()),
        residentBytes: () => taken,
      },
    );
    expect(worker.memory()).toEqual({ bytes: 1000, limitBytes: 512 * 1024 ** 2 });
    const backup = { kind: 'backup', compression: 'deflate', strict: false, verify: false, wait: true } as const;
    const ended = async (id: string) => {
      for await (const view of desk.watch(id, -1, AbortSignal.timeout(TIMEOUT_MS))) if (view.finishedAt) return view;
      throw new Error('it never ended');
    };
    try {
      // A locked table keeps it at work.
      await using holder = await openSession(database.url, {
        applicationName: 'holder',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE categories IN ACCESS EXCLUSIVE MODE');
      const { operation } = await desk.request(backup, 'ada', 'here');
      for await (const view of desk.watch(operation.id, -1, AbortSignal.timeout(TIMEOUT_MS)))
        if (view.progress?.stage === 'lock' || view.archive !== null) break;
      taken = 513 * 1024 ** 2;
      expect(await ended(operation.id)).toMatchObject({
        state: 'failed',
        error: { code: 'MEMORY_LIMIT', message: 'The worker took more than the 512 MB of memory it may have.' },
      });
      taken = 1000;
      await holder.query('ROLLBACK');
      const { operation: next } = await desk.request(backup, 'ada', 'here');
      expect((await ended(next.id)).state).toBe('succeeded');
      expect(logged).toContain('the worker’s process was replaced');
    } finally {
      await worker.stop(0);
      await queue.stop();
      await feed[Symbol.asyncDispose]();
      await close();
      await rm(folder, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);
