import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { documentOf, HRMS } from '../../testing/json.fixture.ts';
import { runOperation } from '../operations.ts';
import { createDocumentAcceptance } from './document.ts';

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

const accept = (storage: Storage) => {
  const deps = {
    databaseUrl: database.url,
    now: () => new Date(),
    newId: () => crypto.randomUUID(),
    pause: (ms: number) => Bun.sleep(ms),
  };
  const acceptDocument = createDocumentAcceptance({
    from: 'anybody',
    ...deps,
    storage,
    model: HRMS,
    application: { name: 'Palace Backup', version: '0.0.0' },
    compression: 'deflate',
    level: null,
    lockGiveUpMs: 10_000,
  });
  const input = { kind: 'upload', actor: 'ada', parameters: {}, wait: true };
  return runOperation(deps, input, new AbortController().signal, (operation) =>
    acceptDocument(join(folder, 'document'), { actor: 'ada', label: 'old.json' }, operation),
  );
};
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
