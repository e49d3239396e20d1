import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryFileLock, waitForFileLock } from './file-lock.ts';

let dir = '';
let path = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lock '));
  path = join(dir, 'a.lock');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('tryFileLock() lets shared holders stand together and an exclusive one alone', () => {
  const first = tryFileLock(path, 'shared');
  const second = tryFileLock(path, 'shared');
  expect([first !== null, second !== null, tryFileLock(path, 'exclusive')]).toEqual([true, true, null]);
  first?.release();
  expect(tryFileLock(path, 'exclusive')).toBeNull();
  second?.release();
  using alone = tryFileLock(path, 'exclusive');
  expect([alone !== null, tryFileLock(path, 'shared')]).toEqual([true, null]);
});

test('tryFileLock() is free again when its holder in another process is killed', async () => {
  const program = `const { tryFileLock } = await import(${JSON.stringify(join(import.meta.dir, 'file-lock.ts'))});
    globalThis.held = tryFileLock(${JSON.stringify(path)}, 'exclusive'); console.log(held !== null); setInterval(() => {}, 60000);`;
  const holder = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe' });
  const { value } = await holder.stdout.getReader().read();
  expect(new TextDecoder().decode(value).trim()).toBe('true');
  expect(tryFileLock(path, 'shared')).toBeNull();
  holder.kill('SIGKILL');
  await holder.exited;
  using taken = tryFileLock(path, 'exclusive');
  expect(taken).not.toBeNull();
});

test('waitForFileLock() gives up when its patience ends and takes the lock when it comes free', async () => {
  const held = tryFileLock(path, 'exclusive');
  expect(await waitForFileLock(path, 'exclusive', 40)).toBeNull();
  const waiting = waitForFileLock(path, 'exclusive', 60_000);
  held?.release();
  using taken = await waiting;
  expect(taken).not.toBeNull();
});
