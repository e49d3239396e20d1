import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDemo } from '../db/hrms/demo/demo.ts';
import { type TestDatabase, testDatabase } from '../db/testing/database.ts';

const ROOT = join(import.meta.dir, '..');
/** The two paths of README.md that may differ elsewhere. */
const PATHS = { program: '/srv/palace-backup', bun: '/usr/local/bin' };

/** The section of README.md on nightly backups. */
const section = /## Every night\n([\s\S]*?)\n## /.exec(await Bun.file(join(ROOT, 'README.md')).text())?.[1] ?? '';
const cronLine = /^0 2 \* \* \* (.*)$/m.exec(section)?.[1] ?? '';
const units = [...section.matchAll(/```ini\n([\s\S]*?)```/g)].map(([, text = '']) => text);

let home = '';
let program = '';
let bun = '';
let database: TestDatabase;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'night-'));
  [program, bun] = [join(home, 'program'), join(home, 'bin')];
  database = await testDatabase({ template: 'hrms' });
  await fillDemo(database.url, { staff: 20, seed: 1 });
  await Bun.$`mkdir ${program} ${bun}`;
  for (const name of ['db', 'node_modules', 'package.json', 'scripts', 'server', 'tsconfig.json'])
    await symlink(join(ROOT, name), join(program, name));
  await symlink(process.execPath, join(bun, 'bun'));
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});
beforeEach(() => settings(`DATABASE_URL=${database.url}\n`));

const settings = (text: string) => writeFile(join(program, '.env'), `${text}BACKUP_DIR=${join(home, 'backups')}\n`);
const backups = async () =>
  (await readdir(join(home, 'backups')).catch(() => [])).filter((name) => name.endsWith('.zip'));
const here = (line: string) => line.replaceAll(PATHS.program, program).replaceAll(PATHS.bun, bun);

/** Runs a line as cron does: with nearly nothing set, and no home. Its output is what cron would mail. */
async function asCron(line: string) {
  const bare = ['env', '-i', 'PATH=/usr/bin:/bin', 'HOME=/nonexistent', 'sh', '-c', here(line)];
  const child = Bun.spawn(bare, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, mailed: stderr + stdout };
}

describe('README.md’s line for cron', () => {
  test('makes a backup of the database that .env names, and mails nothing', async () => {
    const before = await backups();
    expect(await asCron(cronLine)).toEqual({ code: 0, mailed: '' });
    expect((await backups()).length).toBe(before.length + 1);
  });

  test('mails what a backup lacks', async () => {
    await database.query('CREATE TABLE surprise (id int)');
    const { mailed } = await asCron(cronLine);
    await database.query('DROP TABLE surprise');
    expect(mailed).toBe(
      'warning: public.surprise is in the database but not in the schema: it is NOT in this backup.\n',
    );
  });

  test('mails what went wrong, with what to do and the exit code, and backs up no demo', async () => {
    await settings('DATABASE_URL=postgres://palace:secret@127.0.0.1:1/hrms\n');
    const unreachable = await asCron(cronLine);
    expect(unreachable.mailed).toMatch(/^error: .*\[DATABASE_UNREACHABLE\]\n {2}hint: [\s\S]+\nbackup: exit code 2\n$/);
    const before = await backups();
    for (const unset of ['', 'DATABASE_URL=\n', 'DATABASE_URL=   \n']) {
      await settings(unset);
      const { mailed } = await asCron(cronLine);
      expect([unset, mailed]).toEqual([
        unset,
        expect.stringMatching(/^error: DATABASE_URL is not set[\s\S]+exit code 4\n$/),
      ]);
    }
    expect(await backups()).toEqual(before);
    const gone = await asCron(cronLine.replaceAll(PATHS.program, join(home, 'gone')));
    expect(gone.mailed).toContain('backup: exit code');
  });

  test('does not begin while the night before is at it', async () => {
    const before = Bun.spawn(['flock', program, 'sh', '-c', 'echo held; exec sleep 60'], { stdout: 'pipe' });
    await before.stdout.getReader().read();
    const held = await asCron(cronLine);
    before.kill();
    await before.exited;
    expect(held.mailed).toBe('backup: exit code 6\n');
  });
});

describe('README.md’s units for systemd', () => {
  test('run the same command in the same folder', async () => {
    const [service = '', timer = ''] = units;
    const value = (unit: string, key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
    expect([value(service, 'Type'), value(service, 'WorkingDirectory')]).toEqual(['oneshot', PATHS.program]);
    expect([value(timer, 'OnCalendar'), value(timer, 'WantedBy')]).toEqual(['*-*-* 02:00:00', 'timers.target']);
    const before = await backups();
    const run = await asCron(`cd ${value(service, 'WorkingDirectory')} && ${value(service, 'ExecStart')}`);
    expect(run).toEqual({ code: 0, mailed: '' });
    expect((await backups()).length).toBe(before.length + 1);
  });

  test.skipIf(Bun.which('systemd-analyze') === null)('are units that systemd reads without a word', async () => {
    const [service = '', timer = ''] = units.map(here);
    const files = {
      'palace-backup.service': service.replace('User=palace', 'User=root'),
      'palace-backup.timer': timer,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
    const child = Bun.spawn(['systemd-analyze', 'verify', ...Object.keys(files).map((name) => join(home, name))], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = (await child.stderr.text()).split('\n').filter((line) => line.includes('palace-backup.'));
    expect([await child.exited, said]).toEqual([0, []]);
  });
});
