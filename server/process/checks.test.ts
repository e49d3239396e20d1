import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalStorage } from '../storage/local/local.ts';
import { storageCheck } from './checks.ts';

const signal = new AbortController().signal;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checks-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('storageCheck()', () => {
  test('is content with a folder that can be written, and leaves nothing in it, however often it asks at once', async () => {
    const check = storageCheck(createLocalStorage(folder), 1);
    await Promise.all(Array.from({ length: 10 }, () => check.check(signal)));
    expect(await readdir(folder)).toEqual([]);
  });

  test('says when there is too little room', async () => {
    const check = storageCheck(createLocalStorage(folder), Number.MAX_SAFE_INTEGER);
    await expect(check.check(signal)).rejects.toMatchObject({ code: 'DISK_FULL' });
  });

  test('says when the place cannot be written', async () => {
    const check = storageCheck(createLocalStorage('/proc/no-such-place'));
    await expect(check.check(signal)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});
