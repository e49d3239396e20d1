import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { type CommandFolder, commandFolder } from '../../scripts/command/command-folder.fixture.ts';
import { setBreakpoint } from '../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../testing/test-library.fixture.ts';
import { BACKUP, openJobs, type TestJobs } from './test-jobs.fixture.ts';

/** One database whose gate and records the command line shares with the server. */
let library: TestLibrary;
let jobs: TestJobs;
let folder: CommandFolder;
beforeAll(async () => {
  library = await testLibrary({ lendings: 5000 });
  jobs = await openJobs(library);
  await jobs.startWorker();
  folder = await commandFolder(library.database.url);
  await Bun.write(join(folder.dir, 'library.zip'), library.archive.bytes);
});
afterAll(async () => {
  await jobs[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  await library[Symbol.asyncDispose]();
});

test('a restore from the command line is seen moving at the desk, keeps backups out, and can be cancelled from there', async () => {
  await using breakpoint = await setBreakpoint(library.database, 'apply');
  const restore = folder.start('restore', ['./library.zip', '--yes', '--apply', 'rewrite']);
  await breakpoint.reached();
  const [running] = (await jobs.desk.list({ states: ['running'], limit: 5 })).operations;
  expect(running).toMatchObject({ kind: 'restore', actor: expect.stringContaining('(command line)') });
  const id = running?.id ?? '';
  await jobs.until(id, (view) => view.progress?.stage === 'apply');
  await expect(jobs.desk.request(BACKUP, 'maria', 'here')).rejects.toMatchObject({ code: 'OPERATION_IN_PROGRESS' });

  await jobs.desk.cancel(id, 'paul');
  const { code, stderr } = await restore.finished;
  expect([code, stderr]).toEqual([130, expect.stringContaining('cancelled by paul')]);
  expect((await jobs.desk.get(id)).state).toBe('cancelled');
  await breakpoint.resume();
  expect(await library.state()).toBe(library.changed);
});

test('a backup from the command line names its archive in its record', async () => {
  const backup = await folder.run('backup', ['--name', 'by-hand'], {
    BACKUP_SCHEMA: join(import.meta.dir, '../testing/library.fixture.ts'),
  });
  expect([backup.code, backup.stderr]).toEqual([0, expect.any(String)]);
  const [record] = (await jobs.desk.list({ kinds: ['backup'], limit: 1 })).operations;
  expect(record).toMatchObject({ state: 'succeeded', archive: 'by-hand.zip' });
});

test('a backup of the server keeps a restore of the command line out', async () => {
  const holder = `BEGIN; LOCK TABLE books IN ACCESS EXCLUSIVE MODE`;
  await library.database.query(holder);
  const { operation } = await jobs.desk.request(BACKUP, 'maria', 'here');
  await jobs.until(operation.id, (view) => view.state === 'running');
  const restore = await folder.run('restore', ['./library.zip', '--yes']);
  expect([restore.code, restore.stderr]).toEqual([6, expect.stringContaining(`backup ${operation.id}`)]);
  await library.database.query('ROLLBACK');
  expect((await jobs.ended(operation.id)).state).toBe('succeeded');
});
