import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { setBreakpoint } from '../../server/testing/faults.fixture.ts';
import { STEPS } from '../../server/testing/library.fixture.ts';
import type { TestLibrary } from '../../server/testing/test-library.fixture.ts';
import type { CommandFolder } from '../command/command-folder.fixture.ts';
import { LIBRARY_SCHEMA, libraryFolder } from '../command/filled-folders.fixture.ts';

let fixture: Awaited<ReturnType<typeof libraryFolder>>;
let library: TestLibrary;
let folder: CommandFolder;
beforeAll(async () => {
  fixture = await libraryFolder({ lendings: 5000 });
  ({ library, folder } = fixture);
});
afterAll(() => fixture[Symbol.asyncDispose]());

describe('Ctrl-C during a restore', () => {
  for (const step of STEPS) {
    test(`at the step "${step}": exit code 130, nothing changed, nothing left`, async () => {
      await using breakpoint = await setBreakpoint(library.database, step);
      const restore = folder.start('restore', ['./library.zip', '--yes', '--json', '--apply', 'rewrite']);
      await breakpoint.reached();
      restore.signal('SIGINT');
      const { code, stdout } = await restore.finished;
      expect([code, JSON.parse(stdout).error.code]).toEqual([130, 'CANCELLED']);
      expect(await library.state()).toBe(library.changed);
      expect(await library.leftovers()).toEqual([]);
      expect((await library.records()).at(-1)).toBe('restore cancelled');
    });
  }

  test('after the commit is too late: exit code 0, and everything is restored', async () => {
    const restore = folder.start('restore', ['./library.zip', '--yes']);
    await restore.says('analyzing');
    restore.signal('SIGINT');
    expect((await restore.finished).code).toBe(0);
    expect(await library.state()).toBe(library.archived);
    expect((await library.records()).at(-1)).toBe('restore succeeded');
    await library.change();
  });
});

test('Ctrl-C while a backup is read back: exit code 130, no archive is left', async () => {
  const backup = folder.start('backup', [], LIBRARY_SCHEMA);
  await backup.says('verifying');
  backup.signal('SIGINT');
  const { code } = await backup.finished;
  // The archive is small: it may have been read to its end before the signal came.
  expect([0, 130]).toContain(code);
  expect((await folder.files()).length).toBe(code === 0 ? 2 : 0);
  expect(await library.leftovers()).toEqual([]);
});
