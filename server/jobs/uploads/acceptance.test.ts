import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecords, type Records } from '../../../db/system/records.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { sampleArchive } from '../../archive/sample.fixture.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { createUploadArea, type UploadArea } from '../../storage/uploads.ts';
import { createDesk, type Desk, readOperation } from '../queue/desk.ts';
import { type Feed, openFeed } from '../queue/feed.ts';
import { type Queue, startQueue } from '../queue/queue.ts';
import { newId, now, SILENT, testWorker } from '../queue/worker.fixture.ts';
import type { Worker } from '../queue/worker.ts';
import { receivedUpload } from './accept.ts';
import { type Acceptance, createAcceptance } from './acceptance.ts';
import { getUpload, insertUpload } from './records.ts';
import { sweepUploads } from './sweep.ts';
import { createAcceptVerb } from './verb.ts';

const LIMITS = { uploads: 100, bytes: 1024 ** 3, unknown: 1 };

const BY = { actor: 'ada', origin: 'a test' };
const forever = new AbortController().signal;
let database: TestDatabase;
let folder: string;
let records: Records;
let close: () => Promise<void>;
let queue: Queue;
let feed: Feed;
let desk: Desk;
let acceptance: Acceptance;
let area: UploadArea;
let storage: Storage;
let bytes: Uint8Array;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
  folder = await mkdtemp(join(tmpdir(), 'palace-acceptance-'));
  ({ records, close } = openRecords(database.url, { connections: 4 }));
  queue = await startQueue({ databaseUrl: database.url, works: true, onError: () => undefined });
  feed = openFeed({ databaseUrl: database.url, read: (id) => readOperation(records, id) });
  desk = createDesk({ databaseUrl: database.url, records, queue, feed, now, newId });
  acceptance = createAcceptance({ records, desk });
  area = createUploadArea(folder);
  ({ bytes } = await sampleArchive());
});
afterAll(async () => {
  await queue.stop();
  await feed[Symbol.asyncDispose]();
  await close();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  storage = createMemoryStorage(now);
});

async function received(): Promise<string> {
  const id = newId();
  await using file = await area.receive(id);
  await insertUpload(records, { id, originalName: 'sent.zip', size: null, actor: 'ada', createdAt: now() }, LIMITS);
  await file.write(bytes);
  await file.commit();
  await receivedUpload({ records, area }, id, null, forever);
  return id;
}

/** Starts a worker that takes operations until disposed. */
async function startedWorker(into: Storage = storage): Promise<Worker & AsyncDisposable> {
  const parts = { records, storage: into, area, now };
  const verbs = { upload: createAcceptVerb(parts) };
  const sweep = () => sweepUploads(parts);
  const own = await startQueue({ databaseUrl: database.url, works: true, onError: () => undefined });
  const deps = { databaseUrl: database.url, records, queue: own, verbs, storage: into, sweepUploads: sweep };
  const worker = await testWorker({ ...deps, log: SILENT });
  return {
    ...worker,
    async [Symbol.asyncDispose]() {
      await worker.stop(0);
      await own.stop();
    },
  };
}

test('an acceptance waits in line while there is no worker, is asked for once, and is run by the next one', async () => {
  const id = await received();
  const { operation } = await acceptance.request(id, BY);
  expect(operation).toMatchObject({ kind: 'upload', state: 'queued', actor: 'ada', parameters: { upload: id } });
  expect(await acceptance.request(id, BY)).toMatchObject({ existing: true, operation: { id: operation.id } });
  expect((await getUpload(records, id)).state).toBe('received');
  await using _worker = await startedWorker();
  const { upload, existing } = await acceptance.finish(id, BY, forever);
  expect([upload.state, existing]).toEqual(['accepted', false]);
  expect((await storage.list()).map(({ name }) => name)).toEqual([upload.archive ?? '']);
  const ended = await desk.get(operation.id);
  expect(ended).toMatchObject({ state: 'succeeded', archive: upload.archive, result: { uploadId: id } });
  const { stage, bytes, totalBytes, tables } = ended.progress ?? {};
  expect([stage, bytes]).toEqual(['verify', totalBytes]);
  expect(tables).toMatchObject({ 'public.loans': { rows: 1 }, 'public.staff': { rows: 4 } });
});

test('one who waits and goes away ends the waiting and nothing else; cancelling keeps the file for later', async () => {
  const id = await received();
  const stopped = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const slow: Storage = {
    ...storage,
    locate: storage.locate,
    list: async () => {
      entered.resolve();
      await stopped.promise;
      return [];
    },
  };
  const gone = new AbortController();
  await using _worker = await startedWorker(slow);
  const waiting = acceptance.finish(id, BY, gone.signal);
  await entered.promise;
  gone.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  const { operation, existing } = await acceptance.request(id, BY);
  expect([operation.state, existing]).toEqual(['running', true]);
  const finishing = acceptance.finish(id, BY, forever);
  await desk.cancel(operation.id, 'bob');
  setTimeout(() => stopped.resolve(), 1500);
  await expect(finishing).rejects.toMatchObject({ code: 'CANCELLED' });
  expect((await getUpload(records, id)).state).toBe('received');
  expect((await acceptance.finish(id, BY, forever)).upload.state).toBe('accepted');
});

test('promise 13: an upload whose acceptance ended its process is refused for good and never tried again', async () => {
  const id = await received();
  const uploads = join(import.meta.dir, '../../storage/uploads.ts');
  const script = `const { createUploadArea } = await import(${JSON.stringify(uploads)});
    const claimed = await createUploadArea(${JSON.stringify(folder)}).claim(${JSON.stringify(id)});
    console.log('claimed'); setInterval(() => claimed.path, 1000);`;
  const child = Bun.spawn([process.execPath, '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await child.stdout.getReader().read();
  await database.query(`UPDATE backup_system.uploads SET state = 'accepting' WHERE id = $1`, [id]);
  const parts = { records, area, now };
  expect([await sweepUploads(parts), (await getUpload(records, id)).state]).toEqual([0, 'accepting']);
  child.kill('SIGKILL');
  await child.exited;
  expect(await sweepUploads(parts)).toBe(1);
  const refused = await getUpload(records, id);
  expect(refused).toMatchObject({ state: 'refused', error: { code: 'CONNECTION_LOST' } });
  expect(refused.error?.['message']).toContain('not tried again');
  expect((await readdir(folder)).filter((name) => name.includes(id))).toEqual([]);
  await expect(acceptance.request(id, BY)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});

test('what is refused is told by the reason, to whoever waits and to whoever asks later', async () => {
  const whole = bytes;
  bytes = whole.slice();
  bytes[60] = (bytes[60] ?? 0) ^ 1;
  const id = await received();
  bytes = whole;
  await using _worker = await startedWorker();
  await expect(acceptance.finish(id, BY, forever)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  await expect(acceptance.request(id, BY)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  await expect(acceptance.request(newId(), BY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
