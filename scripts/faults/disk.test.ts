import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unprivilegedLaunch } from '../../db/embedded/unprivileged.ts';
import { type TestLibrary, testLibrary } from '../../server/testing/test-library.fixture.ts';
import { type CommandFolder, commandFolder } from '../command/command-folder.fixture.ts';

let library: TestLibrary;
let folder: CommandFolder;
beforeAll(async () => {
  // Digests do not compress below half: about 700 kB of archive.
  library = await testLibrary({ lendings: 20_000 });
});
beforeEach(async () => {
  folder = await commandFolder(library.database.url);
});
afterEach(() => folder[Symbol.asyncDispose]());
afterAll(() => library[Symbol.asyncDispose]());

/** Command prefix for a mount namespace that ends with the command, and needs no rights but those of a user namespace. */
const IN_NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount'];
const canMount = Bun.spawnSync([...IN_NAMESPACE, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).exitCode === 0;

describe('a full disk', () => {
  test('in the middle of the archive is DISK_FULL with exit code 3, and nothing is left', async () => {
    // A file size limit is met like a full disk: in the middle of a write.
    const { code, shown } = await shell(`trap '' XFSZ; ulimit -f 400; exec ${backupLine()}`);
    expect([code, shown]).toEqual([3, expect.stringContaining('DISK_FULL')]);
    expect(shown).toContain('takes no file of this size');
    // Made for this backup, and taken away with it.
    expect(existsSync(folder.backups)).toBe(false);
    await expectClean();
  });

  test.skipIf(!canMount)('of the size of a coin is DISK_FULL with exit code 3, and nothing is left', async () => {
    const { code, shown } = await onTmpfs('500k');
    expect([code, shown]).toEqual([3, expect.stringContaining('DISK_FULL')]);
    expect(shown).toContain('no space is left');
    expect(shown).toEndWith('left:\n');
    await expectClean();
  });

  test.skipIf(!canMount)('is noticed before a row is copied when it is far too small', async () => {
    const { code, shown } = await onTmpfs('100k');
    expect([code, shown]).toEqual([3, expect.stringContaining('DISK_FULL')]);
    expect(shown).toContain('this backup needs at least about');
    expect(shown).not.toContain('copying');
    expect(shown).toEndWith('left:\n');
    await expectClean();
  });
});

describe('a folder without the right', () => {
  test('to write is STORAGE_UNAVAILABLE with exit code 3, and says what to do', async () => {
    await mkdir(folder.backups);
    await chmod(folder.backups, 0o500);
    const { code, shown } = await asNobody(backupLine());
    expect([code, shown]).toEqual([3, expect.stringContaining('STORAGE_UNAVAILABLE')]);
    expect(shown).toContain('Give the user this program runs as the right');
    await chmod(folder.backups, 0o700);
    expect(await folder.files()).toEqual([]);
    await expectClean();
  });

  test('to read is STORAGE_UNAVAILABLE with exit code 3 for list, backup and restore', async () => {
    await mkdir(folder.backups);
    await chmod(folder.backups, 0o000);
    for (const line of [commandLine('list'), backupLine(), commandLine('restore', 'any', '--yes')]) {
      const { code, shown } = await asNobody(line);
      expect([code, shown]).toEqual([3, expect.stringContaining('STORAGE_UNAVAILABLE')]);
    }
    await chmod(folder.backups, 0o700);
    await expectClean();
  });

  test('because it is a file is STORAGE_UNAVAILABLE with exit code 3', async () => {
    await Bun.write(folder.backups, 'a file');
    const { code, stderr } = await folder.run('backup', [], { BACKUP_SCHEMA: SCHEMA });
    expect([code, stderr]).toEqual([3, expect.stringContaining('STORAGE_UNAVAILABLE')]);
  });
});

const SCHEMA = join(import.meta.dir, '../../server/testing/library.fixture.ts');
const quoted = (words: string[]) => words.map((word) => `'${word}'`).join(' ');
const commandLine = (name: string, ...words: string[]) =>
  quoted([process.execPath, join(import.meta.dir, '..', `${name}.ts`), ...words]);
const backupLine = () => commandLine('backup', '--verbose');

async function onTmpfs(size: string): Promise<{ code: number; shown: string }> {
  await mkdir(folder.backups);
  const mountPoint = quoted([folder.backups]);
  const script = `mount -t tmpfs -o size=${size} tmpfs ${mountPoint} || exit 99; ${backupLine()}; code=$?; echo "left:$(ls -A ${mountPoint})" >&2; exit $code`;
  return await shell(script, IN_NAMESPACE);
}

/** Runs a line without root's access to every folder, which a user namespace removes. */
async function asNobody(line: string): Promise<{ code: number; shown: string }> {
  const { prefix } = await unprivilegedLaunch(null);
  return await shell(line, prefix);
}

async function shell(script: string, prefix: string[] = []): Promise<{ code: number; shown: string }> {
  const child = Bun.spawn([...prefix, 'bash', '-c', `exec 2>&1; ${script}`], {
    cwd: folder.dir,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder.dir,
      DATABASE_URL: library.database.url,
      BACKUP_DIR: folder.backups,
      BACKUP_JOBS: '2',
      BACKUP_SCHEMA: SCHEMA,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const shown = await child.stdout.text();
  return { code: await child.exited, shown };
}

async function expectClean(): Promise<void> {
  expect(await library.leftovers()).toEqual([]);
  expect(await library.state()).toBe(library.changed);
  expect((await library.records()).at(-1) ?? 'none').not.toContain('running');
}
