import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestDatabase } from '../db/testing/database.ts';
import type { FailureBody } from '../server/core/errors.ts';
import { createNotes } from '../server/library/notes.ts';
import { createLocalStorage } from '../server/storage/local/local.ts';
import { type CommandFolder, jsonOf } from './command/command-folder.fixture.ts';
import { hrmsFolder } from './command/filled-folders.fixture.ts';

// Each test starts processes, and other test files run beside it.
let fixture: Awaited<ReturnType<typeof hrmsFolder>>;
let database: TestDatabase;
let folder: CommandFolder;
let rows: Record<string, number>;
beforeAll(async () => {
  fixture = await hrmsFolder({ staff: 20, seed: 4 });
  ({ database, folder, rows } = fixture);
  await folder.run('migrate', ['-s']);
  await folder.run('backup', ['--name', 'kept', '-s']);
});
afterAll(() => fixture[Symbol.asyncDispose]());

describe('status', () => {
  test('is 0 while the last good backup is young enough, else 1 and one line, without a database', async () => {
    const away = { DATABASE_URL: 'nonsense' };
    const well = await folder.run('status', [], away);
    expect(well).toMatchObject({ code: 0, stderr: '' });
    expect(well.stdout).toMatch(
      new RegExp(`^${database.name} at \\S+: the last good backup is [^\\n]+ \\(kept\\.zip\\)\\.\\n$`),
    );
    expect(await folder.run('status', ['--silent', '--database', database.name], away)).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    const old = await folder.run('status', ['--max-age', '1s'], away);
    expect([old.code, old.stdout]).toEqual([
      1,
      expect.stringMatching(/^[^\n]+ old, more than 1\.0 s \(kept\.zip\)\.\n$/),
    ]);
    const none = await folder.run('status', ['--silent', '--database', 'other'], away);
    expect(none).toEqual({ code: 1, stdout: '', stderr: `warning: No backup of other in ${folder.backups}.\n` });
    expect(jsonOf<object>(await folder.run('status', ['--json']))).toMatchObject({ data: { ok: true } });
  });
});

describe('convert', () => {
  test('promise 2: an archive becomes a document and that an archive of the same rows', async () => {
    const output = join(folder.dir, 'converted');
    const away = await folder.run('convert', ['kept', '-o', output, '--json'], { DATABASE_URL: '' });
    expect(jsonOf<object>(away)).toMatchObject({ data: { filePath: join(output, 'kept.json') } });
    const back = await folder.run('convert', [join(output, 'kept.json'), '--json']);
    const { fileName } = jsonOf<{ data: { fileName: string } }>(back).data;
    const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
    const verified = await folder.run('verify', [fileName, '--json']);
    expect(jsonOf<object>(verified)).toMatchObject({ data: { ok: true, rows: total } });
    await database.query('DELETE FROM loan_repayments');
    expect((await folder.run('restore', [fileName, '--yes', '-s'])).code).toBe(0);
    const [there] = await database.query('SELECT count(*)::int AS n FROM loan_repayments');
    expect(there).toEqual({ n: rows.loan_repayments });
    expect((await folder.run('convert', ['kept', '-o', output, '-s'])).code).toBe(4);
    const named = await folder.run('convert', [join(output, 'kept.json'), '--name', 'again.json', '--json']);
    expect([named.code, jsonOf<FailureBody>(named).error.code]).toEqual([4, 'NAME_INVALID']);
  });
});

describe('delete', () => {
  const storage = () => createLocalStorage(folder.backups);

  test('removes a backup with its notes, and a document; asks for the name, and leaves all else alone', async () => {
    await folder.run('backup', ['--name', 'gone', '-s']);
    await writeFile(join(folder.backups, 'gone.json'), '{"metadata":{},"data":{}}');
    const unasked = await folder.run('delete', ['gone', '--json']);
    expect([unasked.code, jsonOf<FailureBody>(unasked).error.code]).toEqual([4, 'USAGE']);
    expect((await folder.onTerminal('delete', ['gone'], 'yes\n')).code).toBe(130);
    expect(await folder.files()).toContain('gone.zip');
    const asked = await folder.onTerminal('delete', ['gone'], 'gone.zip\n');
    expect([asked.code, asked.shown]).toEqual([0, expect.stringContaining('gone.zip was removed')]);
    for (const command of ['delete', 'verify']) {
      const { code, stderr } = await folder.run(command, command === 'delete' ? ['gone', '-y'] : ['gone']);
      expect([code, stderr]).toEqual([
        4,
        expect.stringContaining('There is a document gone.json: give its whole name'),
      ]);
    }
    expect(await folder.run('delete', ['gone.json', '-y', '-s'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await folder.files()).filter((name) => name.startsWith('gone'))).toEqual([]);
    for (const name of ['kept.zip.json', '../x', 'nothing']) {
      const refused = await folder.run('delete', [name, '-y', '--json']);
      expect([name, refused.code, jsonOf<FailureBody>(refused).error.code]).toEqual([name, 4, 'NOT_FOUND']);
    }
    const audit = await database.query(
      `SELECT target, outcome FROM backup_system.audit WHERE action = 'backups.remove' ORDER BY id`,
    );
    expect(audit).toEqual(['gone.zip', 'gone.json'].map((target) => ({ target, outcome: 'allowed' })));
  });

  test('refuses one that is pinned, and one that an operation uses', async () => {
    const notes = createNotes(storage());
    await notes.change('kept.zip', { pinned: true });
    const pinned = await folder.run('delete', ['kept', '-y']);
    expect([pinned.code, pinned.stderr]).toEqual([4, expect.stringContaining('kept.zip is pinned')]);
    await notes.change('kept.zip', { pinned: false });
    await database.admin('BEGIN; LOCK TABLE admins IN ROW SHARE MODE');
    const restoring = folder.start('restore', ['kept', '--yes']);
    await restoring.says('waiting for the tables');
    const used = await folder.run('delete', ['kept', '-y']);
    expect([used.code, used.stderr]).toEqual([6, expect.stringContaining('is being used by a restore')]);

    const running = await folder.run('operations', ['--running', '--json']);
    const [operation] = jsonOf<{ data: { operations: { id: string; kind: string; state: string }[] } }>(running).data
      .operations;
    expect(operation).toMatchObject({ kind: 'restore', state: 'running' });
    const told = await folder.run('operations', ['--cancel', operation?.id ?? '']);
    expect([told.code, told.stdout]).toEqual([0, `The restore ${operation?.id} was told to end.\n`]);
    expect((await restoring.finished).code).toBe(130);
    await database.admin('ROLLBACK');
  });
});

describe('operations', () => {
  test('lists what was done, and says of one that has ended that it had', async () => {
    const listed = await folder.run('operations', ['--limit', '500']);
    expect(listed.stdout).toMatch(/^ID +KIND +STATE +BY +ASKED FOR +TOOK +BACKUP\n/);
    const [, id] = /^(\S+) +backup +succeeded .*kept\.zip$/m.exec(listed.stdout) ?? [];
    const over = await folder.run('operations', ['--cancel', id ?? '']);
    expect(over.stdout).toBe(`The backup ${id} had ended already: succeeded.\n`);
    expect(
      jsonOf<{ data: { operations: object[] } }>(await folder.run('operations', ['--limit', '1', '--json'])).data
        .operations,
    ).toHaveLength(1);
    expect((await folder.run('operations', ['--cancel', crypto.randomUUID()])).code).toBe(4);
  });
});
