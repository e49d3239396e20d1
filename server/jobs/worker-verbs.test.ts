import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalStorage } from '../storage/local/local.ts';
import { testLibrary } from '../testing/test-library.fixture.ts';
import { BACKUP, openJobs } from './test-jobs.fixture.ts';

test('a worker backs up to a folder, verifies there and restores from there: the file stays open as long as it is read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'palace-verbs-'));
  await using library = await testLibrary();
  {
    await using jobs = await openJobs(library, { storage: createLocalStorage(folder) });
    await jobs.startWorker();
    const made = await jobs.done(BACKUP);
    const archive = made.archive ?? '';
    expect((await jobs.done({ kind: 'verify', archive, wait: false })).error).toBeNull();
    await library.change();
    const restored = await jobs.done({ kind: 'restore', archive, wait: false });
    expect([restored.state, restored.error]).toEqual(['succeeded', null]);
    expect(await library.state()).toBe(library.changed);
  }
  await rm(folder, { recursive: true });
});
