import { expect, test } from 'bun:test';
import { AppError } from '../core/errors.ts';
import { createMemoryStorage } from './memory.ts';
import { readBack } from './read-back.ts';
import type { Storage } from './storage.ts';

const DIFFERS = async () => ({ what: 'another digest', details: { place: 'chunk' } });

async function stored(): Promise<Storage> {
  const storage = createMemoryStorage(() => new Date());
  await using object = await storage.create('a.zip');
  await object.write(Uint8Array.of(1, 2, 3));
  await object.commit();
  return storage;
}

const failure = (work: Promise<void>) =>
  work.then(
    () => null,
    (error: unknown) => error as AppError,
  );

test('readBack() keeps an object that is what was written', async () => {
  const storage = await stored();
  await readBack(storage, 'a.zip', 'ARCHIVE_DAMAGED', async (source) => {
    expect([...(await source.read(0, source.size))]).toEqual([1, 2, 3]);
    return null;
  });
  expect(await storage.list()).toHaveLength(1);
});

test('readBack() removes an object that differs, and says how', async () => {
  for (const code of ['ARCHIVE_DAMAGED', 'STORAGE_UNAVAILABLE'] as const) {
    const storage = await stored();
    const error = await failure(readBack(storage, 'a.zip', code, DIFFERS));
    expect(error).toMatchObject({ code, details: { place: 'chunk' } });
    expect(error?.message).toContain('another digest');
    expect(error?.hint).toContain('was removed');
    expect(await storage.list()).toEqual([]);
  }
});

test('readBack() removes an object that was not read to its end, and throws why', async () => {
  const storage = await stored();
  const stopped = new AppError('CANCELLED', 'It was cancelled.');
  expect(await failure(readBack(storage, 'a.zip', 'ARCHIVE_DAMAGED', () => Promise.reject(stopped)))).toBe(stopped);
  expect(await storage.list()).toEqual([]);
});

test('readBack() tells the damage where the object cannot be removed, too, and asks for its removal by hand', async () => {
  const storage = await stored();
  const stuck = {
    ...storage,
    remove: () => Promise.reject(new AppError('STORAGE_UNAVAILABLE', 'The folder is read-only.')),
  };
  const error = await failure(readBack(stuck, 'a.zip', 'ARCHIVE_DAMAGED', DIFFERS));
  expect(error?.code).toBe('ARCHIVE_DAMAGED');
  expect(error?.hint).toContain('remove a.zip by hand');
  expect(error?.hint).toContain('The folder is read-only.');
});
