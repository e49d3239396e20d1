import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestDatabase } from '../db/testing/database.ts';
import type { BackupResult } from '../server/backup/create.ts';
import type { FailureBody } from '../server/core/errors.ts';
import { type CommandFolder, jsonOf } from './command/command-folder.fixture.ts';
import { hrmsFolder } from './command/filled-folders.fixture.ts';

// Each test starts processes, and other test files run beside it.
let fixture: Awaited<ReturnType<typeof hrmsFolder>>;
let database: TestDatabase;
let folder: CommandFolder;
let rows: Record<string, number>;
beforeAll(async () => {
  fixture = await hrmsFolder({ staff: 200, seed: 1 });
  ({ database, folder, rows } = fixture);
});
afterAll(() => fixture[Symbol.asyncDispose]());

const backup = (...args: string[]) => folder.run('backup', args);
const codeOf = async (args: string[], env: Record<string, string> = {}) => {
  const done = await folder.run('backup', [...args, '--json'], env);
  return [done.code, jsonOf<FailureBody>(done).error.code];
};

describe('a backup', () => {
  test('--json answers with what the library returns, and the file is there', async () => {
    const done = await backup('--json', '--name', 'first');
    expect(done.code).toBe(0);
    const body = jsonOf<{ success: boolean; data: BackupResult; timestamp: string }>(done);
    expect(body).toMatchObject({
      success: true,
      data: {
        fileName: 'first.zip',
        filePath: join(folder.backups, 'first.zip'),
        totalRecords: Object.values(rows).reduce((sum, count) => sum + count, 0),
        tables: rows,
        size: Bun.file(join(folder.backups, 'first.zip')).size,
        verified: true,
      },
    });
    expect(body.data.backupId).toMatch(/^[0-9a-f-]{36}$/);
    expect(Date.parse(body.data.timestamp)).toBeLessThanOrEqual(Date.parse(body.timestamp));
    const [record] = await database.query(
      `SELECT kind, state, actor, result->>'fileName' AS file FROM backup_system.operations WHERE id = $1`,
      [body.data.backupId],
    );
    expect(record).toMatchObject({
      kind: 'backup',
      state: 'succeeded',
      file: 'first.zip',
      actor: expect.stringContaining('tester@'),
    });
  });

  test('for people names the file, the rows of each table and where it is', async () => {
    const { code, stdout, stderr } = await backup('--name', 'people');
    expect(code).toBe(0);
    expect(stdout).toContain('Backup people.zip\n');
    expect(stdout).toContain(`stored as ${join(folder.backups, 'people.zip')}`);
    expect(stdout).toMatch(/ {2}staff +200\n/);
    expect(stderr).toContain('copying');
  });

  test('--silent says nothing and still makes it', async () => {
    expect(await backup('--silent', '--name', 'silent')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await folder.files()).toContain('silent.zip');
  });

  test('--output, --tables, --compression, --level, --jobs and --no-verify do what they say', async () => {
    const output = join(folder.dir, 'else where');
    const flags = [
      '--compression',
      'zstd',
      '--level',
      '19',
      '--jobs',
      '1',
      '--no-verify',
      '--tables',
      'loans,loanRepayments',
    ];
    const { data } = jsonOf<{ data: BackupResult }>(await backup('-o', output, '--name', 'two', ...flags, '--json'));
    expect(data).toMatchObject({ filePath: join(output, 'two.zip'), verified: false, verifyMs: null });
    expect(Object.keys(data.tables).sort()).toEqual(['loan_repayments', 'loans']);
  });

  test('warns of a table the schema does not know, and --strict refuses it with exit code 7', async () => {
    await database.query('CREATE TABLE surprise (id int)');
    try {
      const done = await backup('--name', 'surprised');
      expect(done.code).toBe(0);
      expect(done.stderr).toContain('warning: public.surprise is in the database but not in the schema');
      expect(await codeOf(['--strict', '--name', 'strict'])).toEqual([7, 'UNKNOWN_OBJECTS']);
      expect(await folder.files()).not.toContain('strict.zip');
    } finally {
      await database.query('DROP TABLE surprise');
    }
  });

  test('promise 6: names what is not in it with --silent too, and --strict-exit or the setting ends it with code 8', async () => {
    await database.query(`CREATE TABLE surprise (id int); SELECT lo_create(0)`);
    const told =
      'warning: Large objects are NOT in this backup: the database holds 1 of them, about N KiB, and they are not copied.\n';
    const unknown = 'warning: public.surprise is in the database but not in the schema: it is NOT in this backup.\n';
    try {
      const sizeless = (text: string) => text.replace(/about \d+ KiB/, 'about N KiB');
      const silent = await backup('--silent', '--name', 'partial');
      expect({ ...silent, stderr: sizeless(silent.stderr) }).toEqual({ code: 0, stdout: '', stderr: unknown + told });
      const strict = await backup('--silent', '--strict-exit', '--name', 'partial-8', '--json');
      expect([strict.code, sizeless(strict.stderr)]).toEqual([8, unknown + told]);
      expect(jsonOf<{ data: BackupResult }>(strict).data).toMatchObject({
        outcome: 'partial',
        losses: [
          { kind: 'table', name: 'surprise' },
          { kind: 'large objects', name: '' },
        ],
      });
      const set = { BACKUP_STRICT_EXIT: 'true' };
      expect((await folder.run('backup', ['--silent', '--name', 'partial-set'], set)).code).toBe(8);
      expect(await folder.files()).toContain('partial-8.zip');
    } finally {
      await database.query('DROP TABLE surprise; SELECT lo_unlink(oid) FROM pg_largeobject_metadata');
    }
    expect(await folder.run('backup', ['--silent', '--name', 'whole'], { BACKUP_STRICT_EXIT: 'true' })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});

test('promise 11: what would stop a restore is told with --silent too, and a note that is no fault is not', async () => {
  const says = (body: string) =>
    database.query(`CREATE OR REPLACE FUNCTION odd_rule() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`);
  await says('RETURN true;');
  await database.query('ALTER TABLE loans ADD CONSTRAINT loans_odd CHECK (odd_rule()) NOT VALID');
  const silent = () => backup('--silent', '--name', `silent-${crypto.randomUUID().slice(0, 8)}`);
  try {
    expect((await silent()).stderr).toBe('');
    await database.query('ALTER TABLE loans VALIDATE CONSTRAINT loans_odd');
    await says(`RAISE EXCEPTION 'no';`);
    const told = await silent();
    expect([told.code, told.stdout]).toEqual([0, '']);
    expect(told.stderr).toMatch(
      /^warning: For a restore: loans_odd of public\.loans cannot be checked against the rows[^\n]+\n$/,
    );
  } finally {
    await database.query('ALTER TABLE loans DROP CONSTRAINT loans_odd; DROP FUNCTION odd_rule()');
  }
  expect((await silent()).stderr).toBe('');
});

describe('a failure has the exit code of its family', () => {
  test('2: the database', async () => {
    expect(await codeOf([], { DATABASE_URL: 'postgres://a:b@127.0.0.1:1/x' })).toEqual([2, 'DATABASE_UNREACHABLE']);
    const wrong = new URL(database.url);
    wrong.password = 'not-the-password';
    const done = await folder.run('backup', ['-v'], { DATABASE_URL: wrong.href });
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('[DATABASE_AUTH_FAILED]');
    expect(done.stderr).not.toContain('not-the-password');
  });

  test('2: the hint names what says where the database is', async () => {
    const address = 'postgres://a:b@127.0.0.1:1/x';
    const file = join(folder.dir, 'address');
    await writeFile(file, address);
    const said: [string, Record<string, string>][] = [
      ['DATABASE_URL', { DATABASE_URL: address }],
      ['DATABASE_DIRECT_URL', { DATABASE_DIRECT_URL: address }],
      ['the file of DATABASE_URL_FILE', { DATABASE_URL: '', DATABASE_URL_FILE: file }],
      ['the variables (PGHOST, PGPORT)', { DATABASE_URL: '', PGHOST: '127.0.0.1', PGPORT: '1' }],
    ];
    for (const [words, env] of said)
      expect((await folder.run('backup', [], env)).stderr).toContain(`Check host and port in ${words}, that`);
  });

  test('3: files and storage', async () => {
    const file = join(folder.dir, 'a file');
    await writeFile(file, '');
    expect(await codeOf(['-o', join(file, 'folder')])).toEqual([3, 'STORAGE_UNAVAILABLE']);
  });

  test('4: usage, settings, names', async () => {
    expect(await codeOf(['--level', '12'])).toEqual([4, 'USAGE']);
    expect(await codeOf(['--level', '0', '--compression', 'zstd'])).toEqual([4, 'USAGE']);
    for (const packing of [
      ['--compression', 'zstd'],
      ['--compression', 'deflate'],
      ['--level', '1'],
    ])
      expect(await codeOf(['--format', 'json', ...packing])).toEqual([4, 'USAGE']);
    expect(await codeOf(['--tables', 'stuff'])).toEqual([4, 'UNKNOWN_TABLE']);
    expect(await codeOf(['--name', '../up'])).toEqual([4, 'NAME_INVALID']);
    for (const name of ['payroll.json', 'payroll.json.gz', 'PAYROLL.JSON'])
      expect(await codeOf(['--name', name])).toEqual([4, 'NAME_INVALID']);
    expect(await codeOf([], { BACKUP_JOBS: 'many' })).toEqual([4, 'CONFIG_INVALID']);
    expect(await codeOf([], { DATABASE_URL: '' })).toEqual([4, 'CONFIG_INVALID']);
    await backup('--name', 'taken', '-s');
    expect(await codeOf(['--name', 'taken'])).toEqual([4, 'ALREADY_EXISTS']);
  });

  test('6: a table that is locked, named in the message', async () => {
    const holder = holdLock();
    await holder.taken;
    const started = folder.start('backup', ['--json', '--name', 'busy'], {
      LOCK_TIMEOUT_MS: '100',
      LOCK_GIVE_UP_MS: '300',
    });
    await Promise.race([started.finished, Bun.sleep(10_000)]);
    await holder.release();
    const done = await started.finished;
    expect(done.code).toBe(6);
    expect(jsonOf<FailureBody>(done).error).toMatchObject({
      code: 'TABLE_BUSY',
      message: expect.stringContaining('staff'),
    });
    expect(await folder.files()).not.toContain('busy.zip');
  });
});

/** Keeps `staff` locked until released. */
function holdLock(): { taken: Promise<unknown>; release(): Promise<void> } {
  const taken = database.admin('BEGIN; LOCK TABLE staff IN ACCESS EXCLUSIVE MODE');
  return { taken, release: async () => void (await database.admin('ROLLBACK')) };
}

describe('Ctrl-C during a backup', () => {
  const leftovers = async () => ({
    files: (await folder.files()).filter((name) => name.includes('stopped')),
    sessions: await database.query(
      `SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'palace-backup%'`,
    ),
    locks: await database.query(
      `SELECT locktype FROM pg_locks JOIN pg_database d ON d.oid = database AND d.datname = current_database() WHERE locktype = 'advisory'`,
    ),
  });

  test('while it copies: exit code 130, no file, no temporary, no lock, and a record that says cancelled', async () => {
    // Some 25 MB that do not compress: seconds of work, stopped as soon as it has begun.
    await database.query(`INSERT INTO system_settings (id, key, value, "updatedBy", "updatedAt")
      SELECT 'big' || i, 'big' || i, (SELECT string_agg(md5((i * 1000 + j)::text), '') FROM generate_series(1, 400) j), 'test', now() FROM generate_series(1, 2000) i`);
    const started = folder.start('backup', ['--name', 'stopped', '--level', '9', '--jobs', '1', '--json']);
    await started.says('copying');
    started.signal('SIGINT');
    const done = await started.finished;
    await database.query(`DELETE FROM system_settings WHERE key LIKE 'big%'`);
    expect(done.code).toBe(130);
    expect(jsonOf<FailureBody>(done).error.code).toBe('CANCELLED');
    expect(await leftovers()).toEqual({ files: [], sessions: [], locks: [] });
    const [record] = await database.query(
      'SELECT state FROM backup_system.operations ORDER BY created_at DESC LIMIT 1',
    );
    expect(record).toEqual({ state: 'cancelled' });
  });

  test('while it waits for a locked table: the same', async () => {
    const holder = holdLock();
    await holder.taken;
    const started = folder.start('backup', ['--name', 'stopped']);
    await started.says('preparing');
    started.signal('SIGTERM');
    const done = await started.finished;
    await holder.release();
    expect(done.code).toBe(130);
    expect(done.stderr).toContain('[CANCELLED]');
    expect(await leftovers()).toEqual({ files: [], sessions: [], locks: [] });
  });
});

test('a backup whose reader left (| head) is made all the same', async () => {
  const line = `'${process.execPath}' '${import.meta.dir}/backup.ts' --name piped 2>&1 | head -c 1 >/dev/null; echo "\${PIPESTATUS[0]}"`;
  const env = { PATH: process.env.PATH ?? '', DATABASE_URL: database.url, BACKUP_DIR: folder.backups };
  const child = Bun.spawn(['bash', '-c', line], { cwd: folder.dir, env, stdout: 'pipe' });
  expect(await child.stdout.text()).toBe('0\n');
  expect(await folder.files()).toContain('piped.zip');
});

describe('--check', () => {
  test('agrees with the backup that would follow: the same flags, the same exit code', async () => {
    await backup('--name', 'there', '-s');
    await database.query('CREATE TABLE surprise (id int); ALTER TABLE loans RENAME TO lent');
    try {
      const flags = [
        ['--tables', 'staff'],
        ['--tables', 'stuff'],
        ['--tables', 'loans'],
        ['--name', 'there'],
        ['--name', '../up'],
        ['--name', 'there', '--format', 'json', '--tables', 'staff'],
        ['--strict', '--tables', 'staff'],
        [],
      ];
      for (const words of flags) {
        const checked = await backup('--check', ...words, '-s');
        const made = await backup(...words, '-s');
        expect([words, checked.code]).toEqual([words, made.code]);
      }
    } finally {
      await database.query('DROP TABLE surprise; ALTER TABLE lent RENAME TO loans');
    }
    const gate = database.admin('BEGIN; LOCK TABLE admins IN ROW SHARE MODE');
    await gate;
    const restoring = folder.start('restore', ['there', '--yes']);
    await restoring.says('waiting for the tables');
    const [checked, made, waiting] = await Promise.all([
      backup('--check', '-s'),
      backup('-s'),
      backup('--check', '--wait', '-s'),
    ]);
    await database.admin('ROLLBACK');
    await restoring.finished;
    expect([checked.code, made.code, waiting.code]).toEqual([6, 6, 0]);
    expect(checked.stderr).toContain('FAIL  busy: Another operation is under way: restore');
  });

  test('promise 12: tells what a restore that died left, with and without --wait', async () => {
    const schema = `restore_${crypto.randomUUID().replaceAll('-', '')}`;
    await database.query(`CREATE SCHEMA ${schema}`);
    for (const more of [[], ['--wait']]) {
      const { code, stdout } = await backup('--check', ...more);
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining(`leftovers: note: the schema of a restore that died is still there: ${schema};`),
      ]);
    }
    await backup('--name', 'sweeps', '-s');
    expect((await backup('--check')).stdout).not.toContain('leftovers');
  });

  test('finds nothing in the way, and makes no backup', async () => {
    const before = await folder.files();
    const done = await backup('--check');
    expect(done.code).toBe(0);
    expect(done.stdout).toContain('A backup would go through.');
    expect(await folder.files()).toEqual(before);
    expect((await backup('--check', '-s', '-o', 'new/deep')).code).toBe(0);
    expect(await readdir(folder.dir)).not.toContain('new');
  });

  test('names everything that is in the way, each with what to do, in --json too', async () => {
    const done = await folder.run('backup', ['--check', '--json', '-o', '/proc/nowhere'], {
      DATABASE_URL: 'postgres://a:b@127.0.0.1:1/x',
    });
    expect(done.code).toBe(2);
    const { error } = jsonOf<FailureBody>(done);
    const findings = error.details?.findings as { check: string; ok: boolean; hint?: string }[];
    const bad = findings.filter((finding) => !finding.ok);
    expect(bad.map((finding) => finding.check)).toEqual(['database', 'storage']);
    for (const finding of bad) expect(finding.hint).toBeString();
    expect(done.stderr).toContain('FAIL  database:');
    expect(done.stderr).toContain('FAIL  storage:');
  });
});
