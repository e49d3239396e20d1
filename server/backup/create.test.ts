import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openSession } from '../../db/connect/session.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { END_BYTES } from '../archive/container.ts';
import { bytesSource, createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { slowStorage, writingBy } from '../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../testing/test-library.fixture.ts';

let library: TestLibrary;
beforeAll(async () => {
  library = await testLibrary();
});
afterAll(() => library[Symbol.asyncDispose]());

/** Makes a storage that keeps what it is given and gives back what these bytes become. */
function lyingStorage(gives: (stored: Uint8Array) => Uint8Array): Storage {
  const inner = createMemoryStorage(() => new Date());
  return {
    ...inner,
    async open(name) {
      await using source = await inner.open(name);
      return bytesSource(gives(Uint8Array.from(await source.read(0, source.size))));
    },
  };
}

test('promise 6: a table that comes into being while the backup waits for its moment is named as missing', async () => {
  const { database } = library;
  await using holder = await openSession(database.url, {
    applicationName: 'holder',
    signal: new AbortController().signal,
  });
  await holder.query('BEGIN');
  await holder.query('LOCK TABLE books IN ACCESS EXCLUSIVE MODE');
  const made = library.backup(createMemoryStorage(() => new Date()));
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'palace-backup backup %' AND wait_event_type = 'Lock'`;
  for (let tries = 3000; tries > 0 && (await database.admin(waiting)).length === 0; tries--) await Bun.sleep(5);
  await database.query('CREATE TABLE newcomers (id integer)');
  await holder.query('COMMIT');
  const { outcome, unknown } = await made;
  await database.query('DROP TABLE newcomers');
  expect([outcome, unknown.tables]).toEqual(['partial', ['newcomers']]);
});

test('every chunk is in the archive, however slow the storage is with the last', async () => {
  const { storage } = writingBy(async (_, really) => {
    await Bun.sleep(30);
    await really();
  });
  const { tables, verified } = await library.backup(storage);
  const [now] = await library.database.query<{ rows: number }>('SELECT count(*)::int AS rows FROM lendings');
  expect([tables['lendings'], verified]).toEqual([now?.rows, true]);
});

test('a backup that is cancelled at its last byte is not stored', async () => {
  const cancel = new AbortController();
  const { storage, inner } = writingBy(async (bytes, really) => {
    await really();
    if (bytes.length >= END_BYTES && bytes.subarray(-END_BYTES).join().startsWith('80,75,5,6')) cancel.abort();
  });
  const error = await rejection(library.backup(storage, { signal: cancel.signal, verify: false }));
  expect(error.code).toBe('CANCELLED');
  expect(await inner.list()).toEqual([]);
});

test('promise 1: a type that is altered while its values are copied fails the backup by its name, and no archive is left', async () => {
  const { storage, reached, resume } = slowStorage(0);
  const failed = rejection(library.backup(storage));
  await reached;
  await library.database.query(`ALTER TYPE mood RENAME VALUE 'glad' TO 'merry'`);
  resume();
  const error = await failed;
  await library.database.query(`ALTER TYPE mood RENAME VALUE 'merry' TO 'glad'`);
  expect([error.code, error.details]).toEqual(['SCHEMA_DRIFT', { altered: ['public.mood'] }]);
  expect(await storage.list()).toEqual([]);
});

test('promise 3: an archive that reads back damaged, or as another sound one, fails the backup and is removed', async () => {
  const flipped = (stored: Uint8Array) => stored.with(100, (stored[100] ?? 0) ^ 1);
  for (const gives of [flipped, () => library.archive.bytes]) {
    const storage = lyingStorage(gives);
    const error = await rejection(library.backup(storage));
    expect(error.code).toBe('ARCHIVE_DAMAGED');
    expect(error.message).toContain('is not what was written');
    expect(await storage.list()).toEqual([]);
    expect((await library.records()).at(-1)).toBe('backup failed');
  }
});
