import { expect, test } from 'bun:test';
import { forever, SAMPLE_TIME, sampleArchive } from '../archive/sample.fixture.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { createBackupCache } from './backup-cache.ts';
import { createNotes } from './notes.ts';

const ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

async function library() {
  let time = SAMPLE_TIME.getTime();
  const calls = { list: 0, open: 0, readSidecar: 0 };
  const inner = createMemoryStorage(() => new Date(time));
  const storage: Storage = {
    ...inner,
    list: () => {
      calls.list++;
      return inner.list();
    },
    open: (name) => {
      calls.open++;
      return inner.open(name);
    },
    readSidecar: (name) => {
      calls.readSidecar++;
      return inner.readSidecar(name);
    },
  };
  const { bytes } = await sampleArchive();
  const store = async (name: string, content = bytes) => {
    await using object = await inner.create(name);
    await object.write(content);
    await object.commit();
  };
  const cache = createBackupCache({ storage, now: () => new Date(time), signal: forever() });
  const names = async () => (await cache.list(forever())).map(({ name }) => name).toSorted();
  return { storage, inner, cache, calls, store, names, bytes, pass: (ms: number) => (time += ms) };
}

test('a second look costs nothing, and a look after four seconds opens only what is new', async () => {
  const { store, names, calls, pass } = await library();
  await store('a.zip');
  expect(await names()).toEqual(['a.zip']);
  expect(await names()).toEqual(['a.zip']);
  expect(calls).toEqual({ list: 1, open: 1, readSidecar: 1 });
  await store('b.zip');
  pass(4001);
  expect(await names()).toEqual(['a.zip', 'b.zip']);
  expect(calls).toEqual({ list: 2, open: 2, readSidecar: 2 });
});

test('between two and four seconds nobody waits: the listing is read anew behind the answer', async () => {
  const { store, names, calls, pass } = await library();
  await store('a.zip');
  await names();
  await store('b.zip');
  pass(2001);
  expect(await names()).toEqual(['a.zip']);
  expect(calls.list).toBe(2);
  while ((await names()).length < 2) await Bun.sleep(1);
  expect(calls.list).toBe(2);
});

test('many who ask at once share one reading', async () => {
  const { store, names, calls } = await library();
  await store('a.zip');
  await Promise.all(Array.from({ length: 10 }, names));
  expect(calls.list).toBe(1);
});

test('what others note is seen after thirty seconds, what is noted here after drop()', async () => {
  const { store, cache, storage, pass } = await library();
  await store('a.zip');
  const note = async () => (await cache.find('a.zip', forever())).note;
  expect(await note()).toBeNull();
  await createNotes(storage).change('a.zip', { note: 'theirs' });
  pass(4001);
  expect(await note()).toBeNull();
  pass(30_000);
  expect(await note()).toBe('theirs');
  await createNotes(storage).change('a.zip', { note: 'ours' });
  cache.drop('a.zip');
  expect(await note()).toBe('ours');
});

test('a drop while the storage is being read is not answered with what was read before it', async () => {
  const { store, cache, names, inner, storage } = await library();
  await store('a.zip');
  const entered = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const { list } = storage;
  storage.list = async () => {
    const found = await list();
    entered.resolve();
    await go.promise;
    return found;
  };
  const early = names();
  await entered.promise;
  await inner.remove('a.zip');
  cache.drop('a.zip');
  const late = names();
  go.resolve();
  expect(await early).toEqual(['a.zip']);
  expect(await late).toEqual([]);
  expect(await names()).toEqual([]);
});

test('an archive replaced under its name is read anew', async () => {
  const { store, cache, inner, bytes, pass } = await library();
  await store('a.zip', bytes.subarray(0, bytes.length - 1));
  expect((await cache.find('a.zip', forever())).damaged).not.toBeNull();
  await inner.remove('a.zip');
  pass(5000);
  await store('a.zip');
  expect((await cache.find('a.zip', forever())).damaged).toBeNull();
});

test('a backup is found by its file name and by its id; what is not there is NOT_FOUND', async () => {
  const { store, cache } = await library();
  await store('a.zip');
  expect((await cache.find(ID, forever())).name).toBe('a.zip');
  const missing = await cache.find('b.zip', forever()).catch((error: unknown) => error);
  expect(missing).toMatchObject({ code: 'NOT_FOUND' });
});

test('a manifest is read once, and again when its archive has changed', async () => {
  const { store, cache, calls } = await library();
  await store('a.zip');
  const backup = await cache.find('a.zip', forever());
  const before = calls.open;
  const detail = await cache.detail(backup, forever());
  expect(await cache.detail(backup, forever())).toBe(detail);
  expect(calls.open).toBe(before + 1);
  expect(detail.tables.map(({ name, rows }) => [name, rows])).toEqual([
    ['staff', 4],
    ['loans', 1],
  ]);
  expect(detail.entries).toMatchObject({ count: 4, chunks: 3 });
});

test('notes changed at the same time are all kept, and lost notes are made again from the archive', async () => {
  const { store, storage } = await library();
  await store('a.zip');
  const notes = createNotes(storage);
  await Promise.all([
    notes.change('a.zip', { pinned: true }),
    notes.change('a.zip', { note: 'n' }),
    notes.change('a.zip', {}),
  ]);
  expect(await storage.readSidecar('a.zip')).toMatchObject({
    kind: 'full',
    pinned: true,
    note: 'n',
    lastVerified: null,
  });
  expect(await notes.change('none.zip', { pinned: true }).catch((error: unknown) => error)).toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('an id that two archives bear is nobody’s: an uploaded one cannot stand in for the backup it says it is', async () => {
  const { store, cache } = await library();
  await store('daily.zip');
  expect((await cache.find(ID, forever())).name).toBe('daily.zip');
  const forged = await sampleArchive({ chunks: [{ table: 'staff', rows: 1, content: 'id,name\n1,Mallory\n' }] });
  await store('backup_20261123T093015Z_6f9619ff.zip', forged.bytes);
  cache.drop('daily.zip');
  const refused = await cache.find(ID, forever()).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'INPUT_INVALID', details: { names: expect.arrayContaining(['daily.zip']) } });
  expect((await cache.find('daily.zip', forever())).name).toBe('daily.zip');
});
