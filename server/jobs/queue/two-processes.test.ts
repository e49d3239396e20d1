import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';
import { BACKUP, openJobs, type TestJobs, watched } from '../test-jobs.fixture.ts';
import { WORKER_PROCESS } from './worker-process.fixture.ts';

/** Two workers in processes of their own, on one database and one folder; the desk is in this process, a third one. */
let library: TestLibrary;
let jobs: TestJobs;
let folder: string;
let workers: WorkerProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palace-workers-'));
  library = await testLibrary({ lendings: 20_000, repeat: 4 });
  jobs = await openJobs(library);
  workers = await Promise.all([startWorkerProcess(), startWorkerProcess()]);
});
afterAll(async () => {
  for (const worker of workers) await worker.end('SIGTERM');
  await jobs[Symbol.asyncDispose]();
  expect(await library.leftovers()).toEqual([]);
  await library[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface WorkerProcess {
  /** Operations the worker reported as taken. */
  took: string[];
  end(signal: NodeJS.Signals): Promise<void>;
}

async function startWorkerProcess(): Promise<WorkerProcess> {
  const child = Bun.spawn([process.execPath, WORKER_PROCESS, library.database.url, folder], {
    stdout: 'pipe',
    stderr: 'inherit',
    stdin: 'ignore',
  });
  const took: string[] = [];
  const ready = Promise.withResolvers<void>();
  void (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) {
      const lines = (text + decoder.decode(bytes, { stream: true })).split('\n');
      text = lines.pop() ?? '';
      took.push(...lines.filter((line) => line !== 'ready'));
      if (lines.includes('ready')) ready.resolve();
    }
    ready.reject(new Error('the worker ended'));
  })();
  ready.promise.catch(() => undefined);
  await ready.promise;
  return {
    took,
    async end(signal) {
      child.kill(signal);
      await child.exited;
    },
  };
}

const hold = () => Bun.write(join(folder, 'hold'), '');
const release = () => rm(join(folder, 'hold'), { force: true });
const files = () => readdir(join(folder, 'backups')).catch(() => []);

async function request(): Promise<string> {
  return (await jobs.desk.request(BACKUP, 'maria', 'the panel')).operation.id;
}

test('each operation is done once, by whichever process is free, and seen moving from another', async () => {
  await hold();
  const ids = [await request(), await request()];
  while (workers.some(({ took }) => took.length === 0)) await Bun.sleep(5);
  // Each worker has one: both run at the same time, and their progress is visible here.
  for (const id of ids) await jobs.until(id, (view) => view.state === 'running' && view.progress !== null);
  ids.push(await request(), await request(), await request(), await request());
  const watching = ids.map((id) => watched(jobs.desk, id));
  await release();
  for (const views of await Promise.all(watching)) expect(views.at(-1)?.state).toBe('succeeded');
  expect(workers.flatMap(({ took }) => took).toSorted()).toEqual(ids.toSorted());
  const archives = (await files()).filter((name) => name.endsWith('.zip'));
  const recorded = await Promise.all(ids.map(async (id) => (await jobs.desk.get(id)).archive ?? ''));
  expect(archives.toSorted()).toEqual(recorded.toSorted());
});

test('the operation of a process that is killed is marked failed and cleaned up after, while the other carries on', async () => {
  await hold();
  const before = workers.map(({ took }) => took.length);
  const ids = [await request(), await request()];
  while (workers.some(({ took }, index) => took.length === before[index])) await Bun.sleep(5);
  for (const id of ids) await jobs.until(id, (view) => view.state === 'running');
  while ((await files()).filter((name) => name.endsWith('.part')).length < 2) await Bun.sleep(5);

  const [victim, survivor] = workers.map(({ took }) => took.at(-1) ?? '');
  await workers[0]?.end('SIGKILL');
  expect(await jobs.ended(victim ?? '')).toMatchObject({ state: 'failed', error: { code: 'CONNECTION_LOST' } });
  while ((await files()).filter((name) => name.endsWith('.part')).length > 1) await Bun.sleep(5);
  expect((await jobs.desk.get(survivor ?? '')).state).toBe('running');

  await release();
  expect((await jobs.ended(survivor ?? '')).state).toBe('succeeded');
  expect((await files()).filter((name) => name.endsWith('.part'))).toEqual([]);
  const next = await request();
  expect((await jobs.ended(next)).state).toBe('succeeded');
  expect(workers.flatMap(({ took }) => took).filter((id) => id === victim).length).toBe(1);
});
