import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestDatabase, testDatabase } from '../db/testing.ts';
import { readConfig } from './config.ts';
import { createDocumentDesk } from './document-desk.ts';
import { documentOf, HRMS } from './json.fixture.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/storage.ts';

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
  folder = await mkdtemp(join(tmpdir(), 'document-desk-'));
  await writeFile(join(folder, 'document'), documentOf({ categories: [] }));
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const deskOver = (storage: Storage) => {
  const desk = createDocumentDesk({
    databaseUrl: database.url,
    storage,
    model: HRMS,
    config: readConfig({}),
    now: () => new Date(),
    newId: () => crypto.randomUUID(),
  });
  return (signal = new AbortController().signal) =>
    desk(join(folder, 'document'), { actor: 'ada', label: 'old.json' }, signal);
};
const accept = (storage: Storage) => deskOver(storage)();
const operations = () =>
  database.query(`SELECT kind, state, archive FROM backup_system.operations ORDER BY created_at DESC LIMIT 1`);

test('a document becomes a stored backup that was read back, by an operation of its own', async () => {
  const storage = createMemoryStorage(() => new Date());
  const { fileName } = await accept(storage);
  expect((await storage.list()).map(({ name }) => name)).toEqual([fileName]);
  expect(await storage.readSidecar(fileName)).toMatchObject({ kind: 'uploaded', lastVerified: expect.any(String) });
  expect(await operations()).toEqual([{ kind: 'upload', state: 'succeeded', archive: fileName }]);
});

test('promise 3: what the storage gives back otherwise than it was given is no backup', async () => {
  const inner = createMemoryStorage(() => new Date());
  const storage: Storage = {
    ...inner,
    async open(name) {
      const source = await inner.open(name);
      return {
        size: source.size,
        async read(offset, length, into) {
          const bytes = await source.read(offset, length, into);
          if (offset <= 40 && offset + length > 40) bytes[40 - offset] = (bytes[40 - offset] ?? 0) ^ 1;
          return bytes;
        },
        [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
      };
    },
  };
  await expect(accept(storage)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expect(await inner.list()).toEqual([]);
  expect(await operations()).toMatchObject([{ kind: 'upload', state: 'failed' }]);
});

test('documents are accepted one at a time, and one whose sender goes away while it waits is given up at once', async () => {
  const inner = createMemoryStorage(() => new Date());
  const open = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const made: string[] = [];
  const storage: Storage = {
    ...inner,
    async create(name) {
      made.push(name);
      reached.resolve();
      await open.promise;
      return await inner.create(name);
    },
  };
  const acceptNext = deskOver(storage);
  const first = acceptNext();
  await reached.promise;
  const gone = new AbortController();
  const second = acceptNext(gone.signal);
  const third = acceptNext();
  gone.abort();
  await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(made).toHaveLength(1);
  open.resolve();
  const names = [(await first).fileName, (await third).fileName];
  expect(made).toEqual(names);
  const spans = await database.query<{ apart: boolean }>(
    `SELECT b.created_at >= a.finished_at AS apart FROM backup_system.operations a, backup_system.operations b WHERE a.archive = $1 AND b.archive = $2`,
    names,
  );
  expect(spans).toEqual([{ apart: true }]);
});
