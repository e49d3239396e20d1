import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { setBreakpoint, signalBackends, slowStorage } from '../../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';
import { BACKUP, openJobs, type TestJobs, watched } from '../test-jobs.fixture.ts';

let library: TestLibrary;
beforeAll(async () => {
  library = await testLibrary({ lendings: 20_000, repeat: 8 });
});
afterAll(() => library[Symbol.asyncDispose]());
afterEach(async () => {
  if ((await library.state()) !== library.changed) await library.change();
});

/** Returns a storage with the library's archive as `library.zip`. */
async function storedLibrary(): Promise<Storage> {
  const storage = createMemoryStorage(() => new Date());
  const object = await storage.create('library.zip');
  await object.write(library.archive.bytes);
  await object.commit();
  return storage;
}

const STALL_MS = 4000;
/** By the way whose every step has a breakpoint. */
const RESTORE = { kind: 'restore', archive: 'library.zip', apply: 'rewrite', wait: false } as const;

describe('cancelling', () => {
  test('a backup half-way ends it as cancelled, and leaves neither archive nor session', async () => {
    const { storage, reached, resume } = slowStorage(1);
    await using jobs = await openJobs(library, {
      storage,
      // The write that hangs in the storage returns once the backup was told to end.
      verbs: ({ backup, ...others }) => ({
        ...others,
        backup: async (operation, asked) => {
          operation.signal.addEventListener('abort', resume);
          return backup?.(operation, asked) ?? {};
        },
      }),
    });
    await jobs.startWorker();
    const { operation } = await jobs.desk.request(BACKUP, 'maria', 'here');
    await reached;
    const asked = await jobs.desk.cancel(operation.id, 'paul');
    expect(asked.cancelRequestedAt).toBeInstanceOf(Date);
    const ended = await jobs.ended(operation.id);
    expect(ended).toMatchObject({ state: 'cancelled', error: { code: 'CANCELLED', details: { by: 'paul' } } });
    expect(await storage.list()).toEqual([]);
    await jobs[Symbol.asyncDispose]();
    expect(await library.leftovers()).toEqual([]);
  });

  for (const step of ['stage', 'apply', 'indexes'] as const)
    test(`a restore at the step "${step}" changes nothing and leaves nothing`, async () => {
      await using jobs = await openJobs(library, { storage: await storedLibrary() });
      await jobs.startWorker();
      await using breakpoint = await setBreakpoint(library.database, step);
      const { operation } = await jobs.desk.request(RESTORE, 'maria', 'here');
      await breakpoint.reached();
      // Stands for another process: it shares only the database.
      await using other = await openJobs(library);
      await other.desk.cancel(operation.id, 'paul');
      expect(await jobs.ended(operation.id)).toMatchObject({ state: 'cancelled', error: { code: 'CANCELLED' } });
      await breakpoint.resume();
      expect(await library.state()).toBe(library.changed);
      await other[Symbol.asyncDispose]();
      await jobs[Symbol.asyncDispose]();
      expect(await library.leftovers()).toEqual([]);
    });

  test('progress of a restore is seen, and cancelling it gets through, while its transaction is under way', async () => {
    await using jobs = await openJobs(library, { storage: await storedLibrary() });
    await jobs.startWorker();
    await using breakpoint = await setBreakpoint(library.database, 'links');
    const { operation } = await jobs.desk.request(RESTORE, 'maria', 'here');
    await breakpoint.reached();
    const seen = await jobs.until(operation.id, (view) => view.progress?.stage === 'links');
    expect(Object.keys(seen.progress?.tables ?? {})).toContain('public.lendings');
    await jobs.desk.cancel(operation.id, 'paul');
    expect((await jobs.ended(operation.id)).state).toBe('cancelled');
    await jobs[Symbol.asyncDispose]();
  });
});

describe('an operation that says nothing', () => {
  test('is stopped as STALLED when it is the storage that hangs, even though the write never returns and rows wait to be sent', async () => {
    // More rows than all buffers hold: the server waits for us, which is no sign of life.
    await using library = await testLibrary({ lendings: 3000, repeat: 200 });
    const { storage, reached, resume } = slowStorage(0);
    await using jobs = await openJobs(library, { storage });
    let ahead = 0;
    // The clock jumps only once the storage is reached, so that a busy machine is no stall before that.
    await jobs.startWorker({ now: () => new Date(Date.now() + ahead), stallMs: STALL_MS, abandonMs: 200 });
    const { operation } = await jobs.desk.request(BACKUP, 'maria', 'here');
    await reached;
    const ended = await jobs.until(operation.id, ({ finishedAt }) => {
      ahead += 1000;
      return finishedAt !== null;
    });
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'STALLED', details: { stallMs: STALL_MS } } });
    // Neither its lock nor the worker stays occupied: the next operation runs.
    expect(await jobs.done({ kind: 'verify', archive: 'none.zip', wait: false })).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
    resume();
    await jobs[Symbol.asyncDispose]();
    expect(await library.leftovers()).toEqual([]);
    while ((await storage.list()).length > 0) await Bun.sleep(5);
  });

  test('is not stopped while the server works for it', async () => {
    await using jobs = await openJobs(library, { storage: await storedLibrary() });
    let ahead = 0;
    // A stall is long, so that a busy machine is none before the gate, and the clock jumps once there.
    await jobs.startWorker({ now: () => new Date(Date.now() + ahead), stallMs: STALL_MS, abandonMs: 200 });
    await using breakpoint = await setBreakpoint(library.database, 'indexes');
    const { operation } = await jobs.desk.request(RESTORE, 'maria', 'here');
    await breakpoint.reached();
    const before = Date.now();
    await jobs.until(operation.id, () => {
      ahead += 1000;
      return Date.now() - before > STALL_MS;
    });
    await breakpoint.resume();
    expect((await jobs.ended(operation.id)).state).toBe('succeeded');
    expect(await library.state()).toBe(library.archived);
    await jobs[Symbol.asyncDispose]();
  });
});

describe('stopping', () => {
  test('lets what runs finish within the grace, and takes nothing more', async () => {
    const { storage, reached, resume } = slowStorage(1);
    await using jobs = await openJobs(library, { storage });
    const worker = await jobs.startWorker({ concurrency: 1 });
    const { operation: first } = await jobs.desk.request(BACKUP, 'maria', 'here');
    const { operation: second } = await jobs.desk.request(BACKUP, 'maria', 'here');
    await reached;
    const stopped = worker.stop(60_000);
    resume();
    await stopped;
    expect((await jobs.desk.get(first.id)).state).toBe('succeeded');
    expect((await jobs.desk.get(second.id)).state).toBe('queued');
    // Another worker takes it.
    await jobs.startWorker();
    expect((await jobs.ended(second.id)).state).toBe('succeeded');
    await jobs[Symbol.asyncDispose]();
  });

  test('cancels what does not finish within the grace, says why, and leaves nothing behind', async () => {
    await using jobs = await openJobs(library, { storage: await storedLibrary() });
    const worker = await jobs.startWorker();
    await using breakpoint = await setBreakpoint(library.database, 'apply');
    const { operation } = await jobs.desk.request(RESTORE, 'maria', 'here');
    await breakpoint.reached();
    await worker.stop(50);
    expect(await jobs.desk.get(operation.id)).toMatchObject({
      state: 'cancelled',
      error: { code: 'CANCELLED', details: { by: 'shutdown' } },
    });
    await breakpoint.resume();
    await jobs[Symbol.asyncDispose]();
    expect(await library.state()).toBe(library.changed);
    expect(await library.leftovers()).toEqual([]);
  });
});

test('a worker whose connections were all cut takes the next operation, and the desk sees its end', async () => {
  await using jobs = await openJobs(library);
  await jobs.startWorker();
  expect((await jobs.done({ ...BACKUP, verify: false })).state).toBe('succeeded');
  expect(await signalBackends(library.database, 'pg_terminate_backend', 'palace-backup%')).toBeGreaterThan(4);
  const ask = () => jobs.desk.request(BACKUP, 'maria', 'here').catch(() => null);
  let asked = await ask();
  while (!asked) asked = await ask();
  expect((await watched(jobs.desk, asked.operation.id)).at(-1)?.state).toBe('succeeded');
  await jobs[Symbol.asyncDispose]();
});

test('an operation of a kind this program does not know fails and says so', async () => {
  await using jobs: TestJobs = await openJobs(library, { verbs: ({ backup: _, ...others }) => others });
  await jobs.startWorker();
  expect(await jobs.done(BACKUP)).toMatchObject({ state: 'failed', error: { code: 'INPUT_INVALID' } });
  await jobs[Symbol.asyncDispose]();
});
