import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentOf } from '../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../db/testing/database.ts';
import type { FailureBody } from '../server/core/errors.ts';
import type { Comparison } from '../server/restore/compare/compare.ts';
import type { RestoreResult } from '../server/restore/restore.ts';
import { type CommandFolder, jsonOf } from './command/command-folder.fixture.ts';
import { hrmsFolder } from './command/filled-folders.fixture.ts';
import { formatCount } from './command/format.ts';

// Each test starts processes, and other test files run beside it.
let fixture: Awaited<ReturnType<typeof hrmsFolder>>;
let database: TestDatabase;
let folder: CommandFolder;
let rows: Record<string, number>;
beforeAll(async () => {
  fixture = await hrmsFolder({ staff: 100, seed: 3 });
  ({ database, folder, rows } = fixture);
  await folder.run('backup', ['--name', 'kept', '-s']);
});
afterAll(() => fixture[Symbol.asyncDispose]());

const repayments = async () =>
  Number((await database.query<{ n: string }>('SELECT count(*) AS n FROM loan_repayments'))[0]?.n);
beforeEach(async () => {
  await database.query('DELETE FROM loan_repayments');
});

const restore = (...args: string[]) => folder.run('restore', args);
const total = () => Object.values(rows).reduce((sum, count) => sum + count, 0);

describe('a plan', () => {
  test('names what a restore would change, changes nothing, and is what the restore then does', async () => {
    await database.query(
      `UPDATE staff SET "jobTitle" = 'changed' WHERE id IN (SELECT id FROM staff ORDER BY id LIMIT 7)`,
    );
    const before = await contentOf(database);
    const planned = await restore('kept', '--plan');
    expect(planned.code).toBe(0);
    expect(planned.stdout).toMatch(/would change 2 tables: [\d,]+ rows come back, 7 change, 0 disappear/);
    expect(planned.stdout).toMatch(/^ {2}staff +0 +7 +0 +93 {2}jobTitle 7$/m);
    expect(planned.stdout).toContain('Nothing was changed.');
    const { data } = jsonOf<{ data: Comparison }>(await restore('kept', '--plan', '--json'));
    expect(data.tables.find(({ table }) => table === 'loan_repayments')).toMatchObject({
      added: rows.loan_repayments,
      changed: 0,
      removed: 0,
      by: 'key',
    });
    expect(data.stops).toEqual([]);
    expect(await contentOf(database)).toEqual(before);
    await restore('kept', '--yes', '-s');
    expect((await restore('kept', '--plan')).stdout).toContain('hold the same rows: a restore would change none');
  });

  test('of a document and of some tables works alike', async () => {
    await folder.run('backup', ['--format', 'json', '--name', 'said', '-s']);
    await database.query(`UPDATE system_settings SET value = 'changed'`);
    const planned = jsonOf<{ data: Comparison }>(
      await restore('said.json', '--plan', '--json', '--tables', 'systemSettings,loans'),
    );
    expect(planned.data.tables).toMatchObject([
      { table: 'loans', added: 0, changed: 0, removed: 0 },
      { table: 'system_settings', added: 0, changed: rows.system_settings, removed: 0 },
    ]);
    const { warnings } = planned.data;
    expect(warnings[0]).toBe('said.json is a BackupData document: its rows have no checksum of their own.');
    expect(warnings.join('\n')).not.toMatch(/accepted/i);
    await restore('kept', '--yes', '-s');
  });

  test('ends with exit code 7 and the reason when the restore would be refused', async () => {
    await database.admin('REVOKE TRUNCATE ON loans FROM palace_owner');
    const planned = await restore('kept', '--plan');
    await database.admin('GRANT TRUNCATE ON loans TO palace_owner');
    expect(planned.code).toBe(7);
    expect(planned.stdout).toMatch(/This restore would be refused: .*loans/);
  });

  test('gives a digest, and a restore held to it is refused when more would be lost', async () => {
    const planned = await restore('kept', '--plan');
    const digest = /--plan-digest ([0-9a-f]{64})$/m.exec(planned.stdout)?.[1] ?? '';
    await database.query(`INSERT INTO loan_repayments (id, "loanId", amount, "paymentDate", "paymentMethod", "createdAt")
      SELECT 'since', id, 1, now(), 'CASH', now() FROM loans LIMIT 1`);
    const refused = await restore('kept', '--yes', '--plan-digest', digest);
    expect([refused.code, refused.stderr]).toEqual([7, expect.stringContaining('loan_repayments would lose 1 rows')]);
    await database.query('DELETE FROM loan_repayments');
    expect((await restore('kept', '--yes', '--plan-digest', digest)).code).toBe(0);
    expect((await restore('kept', '--yes', '--plan-digest', digest)).code).toBe(7);
    expect((await restore('said.json', '--yes', '--plan-digest', digest)).code).toBe(4);
  });

  test('--show-rows shows rows with both values, hides what says something about a person, and leaves nothing behind', async () => {
    await database.query(
      `UPDATE staff SET "fullName" = 'Somebody Else', "isActive" = NOT "isActive" WHERE id = (SELECT min(id) FROM staff)`,
    );
    const planned = await restore('kept', '--plan', '--show-rows', '2');
    const people = await restore('kept', '--plan', '--show-rows', '2', '--people', '--json');
    await restore('kept', '--yes', '-s');
    expect(planned.stdout).toMatch(/^Rows of staff\n {2}changes: \S+\n/m);
    expect(planned.stdout).toMatch(/^ {4}isActive: (t → f|f → t)$/m);
    expect(planned.stdout).toMatch(/^ {4}fullName: \(hidden\) → \(hidden\)$/m);
    expect(planned.stdout).not.toContain('Somebody Else');
    expect(planned.stdout).toMatch(/^Rows of loan_repayments\n {2}comes back: /m);
    const { data } = jsonOf<{ data: { rows: { table: string; rows: object[] }[] } }>(people);
    expect(JSON.stringify(data.rows.find(({ table }) => table === 'staff'))).toContain('Somebody Else');
    expect(await database.admin(`SELECT FROM pg_namespace WHERE nspname LIKE 'restore\\_%'`)).toEqual([]);
    expect(await restore('kept', '--show-rows', '2', '--yes')).toMatchObject({ code: 4 });
  });

  test('names rules that rows would break, of tables that are not restored as well, and what --keep-broken-rules does with them', async () => {
    await database.query(`
      ALTER TABLE loans ADD CONSTRAINT none_rejected CHECK (status <> 'REJECTED') NOT VALID;
      UPDATE loans SET status = 'PENDING' WHERE status = 'REJECTED'; ALTER TABLE loans VALIDATE CONSTRAINT none_rejected;
      INSERT INTO staff SELECT (jsonb_populate_record(s, '{"id":"newcomer","employeeId":"NEW-1","personalEmail":"new@example.org","workEmail":"n@example.org"}')).* FROM staff AS s LIMIT 1;
      UPDATE loans SET "staffId" = 'newcomer' WHERE id = (SELECT id FROM loans ORDER BY id LIMIT 1)`);
    const staff = await restore('kept', '--plan', '--tables', 'staff');
    const loans = await restore('kept', '--plan', '--tables', 'loans');
    const kept = await restore('kept', '--plan', '--tables', 'loans', '--keep-broken-rules');
    await database.query('ALTER TABLE loans DROP CONSTRAINT none_rejected');
    expect([staff.code, loans.code, kept.code]).toEqual([7, 7, 0]);
    expect(staff.stdout).toMatch(
      /would be refused: 1 row of public\.loans, which is not restored, breaks loans_staffId_\S+ of public\.loans .*with the keys \S+/,
    );
    expect(loans.stdout).toMatch(/would be refused: \d+ rows? of the backup breaks? none_rejected of public\.loans/);
    expect(kept.stdout).toMatch(/breaks? none_rejected of public\.loans.* comes back NOT VALID/);
    await restore('kept', '--yes', '-s');
  });

  test('takes no flag that only means something to a restore', async () => {
    for (const flag of ['--yes', '--change-administrators'])
      expect(await restore('kept', '--plan', flag)).toMatchObject({ code: 4, stderr: expect.stringContaining(flag) });
  });
});

describe('a restore', () => {
  test('--yes --json brings everything back and answers with what the library returns', async () => {
    const done = await restore('kept', '--yes', '--json');
    expect(done.code).toBe(0);
    const body = jsonOf<{ success: boolean; data: RestoreResult; timestamp: string }>(done);
    expect(body).toMatchObject({ success: true, data: { restoredRecords: total(), tables: rows, warnings: [] } });
    expect(body.data.durationMs).toBeGreaterThanOrEqual(body.data.lockedMs);
    expect(body.data.backupId).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.timestamp).toMatch(/Z$/);
    expect(await repayments()).toBe(rows.loan_repayments ?? -1);
    const [record] = await database.query(
      `SELECT kind, state, parameters->>'archive' AS archive FROM backup_system.operations WHERE id = $1`,
      [body.data.operationId],
    );
    expect(record).toEqual({ kind: 'restore', state: 'succeeded', archive: 'kept.zip' });
  });

  test('takes any file by its path, and only the tables asked for', async () => {
    const file = join(folder.dir, 'a copy.zip');
    await copyFile(join(folder.backups, 'kept.zip'), file);
    await database.query(`UPDATE system_settings SET value = 'changed'`);
    const done = await restore(file, '--tables', 'loanRepayments', '-y', '--jobs', '1');
    expect(done.code).toBe(0);
    expect(done.stdout).toContain('tables locked for');
    expect(await repayments()).toBe(rows.loan_repayments ?? -1);
    const [kept] = await database.query(`SELECT count(*)::int AS n FROM system_settings WHERE value <> 'changed'`);
    expect(kept).toEqual({ n: 0 });
  });

  test('--into restores another database and leaves that of the settings alone', async () => {
    await using other = await testDatabase({ template: 'hrms' });
    expect((await restore('kept', '--into', other.url, '--yes', '-s')).code).toBe(0);
    expect((await other.query('SELECT count(*)::int AS n FROM loan_repayments'))[0]).toEqual({
      n: rows.loan_repayments,
    });
    expect(await repayments()).toBe(0);
  });
});

describe('asking for the name of the database', () => {
  test('without a terminal and without --yes it refuses with exit code 4 and touches nothing', async () => {
    const done = await restore('kept', '--json');
    expect(done.code).toBe(4);
    expect(jsonOf<FailureBody>(done).error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining('--yes') });
    expect(await repayments()).toBe(0);
  });

  test('on a terminal it says what will happen, and goes on when the name is typed', async () => {
    const { code, shown } = await folder.onTerminal('restore', ['kept'], `${database.name}\n`);
    expect(shown).toContain(`This replaces every row of 13 tables in the database ${database.name}`);
    expect(shown).toContain(`by those of kept.zip: ${formatCount(total())} rows as of 2`);
    expect(shown).not.toContain('ANOTHER');
    expect(shown).toContain(`Type the name of the database (${database.name}) to go on:`);
    expect(code).toBe(0);
    expect(await repayments()).toBe(rows.loan_repayments ?? -1);
  });

  test('it counts the rows of the chosen tables, and refuses one that the backup does not hold before it asks', async () => {
    const { shown } = await folder.onTerminal('restore', ['kept', '--tables', 'loanRepayments,loans'], 'no\n');
    const chosen = (rows.loan_repayments ?? 0) + (rows.loans ?? 0);
    expect(shown).toContain(`every row of loans, loan_repayments in the database ${database.name}`);
    expect(shown).toContain(`by those of kept.zip: ${formatCount(chosen)} rows as of`);
    const unknown = await folder.onTerminal('restore', ['kept', '--tables', 'stuff'], 'no\n');
    expect(unknown.shown).toContain('The backup has no table named "stuff".');
    expect(unknown.shown).not.toContain('Type the name');
  });

  test('another database than the backup was made of is said first, however the address is written', async () => {
    await using other = await testDatabase({ template: 'hrms' });
    const into = ['kept', '--into', other.url];
    const first = /This backup was made of ANOTHER database: (\S+) at \S+\. It goes into (\S+) at/;
    const asked = await folder.onTerminal('restore', into, 'no\n');
    expect(first.exec(asked.shown)?.slice(1)).toEqual([database.name, other.name]);
    expect(asked.shown.indexOf('ANOTHER')).toBeLessThan(asked.shown.indexOf('This replaces'));
    const unasked = await restore(...into, '--yes', '--tables', 'system_settings');
    expect([unasked.code, first.test(unasked.stderr)]).toEqual([0, true]);
    const same = new URL(database.url);
    same.hostname = same.hostname === 'localhost' ? '127.0.0.1' : 'localhost';
    const again = await restore('kept', '--into', same.href, '--yes', '--tables', 'system_settings');
    expect([again.code, again.stderr]).toEqual([0, expect.not.stringContaining('ANOTHER')]);
  });

  test('anything else typed stops it with exit code 130 and touches nothing', async () => {
    const { code, shown } = await folder.onTerminal('restore', ['kept'], 'yes\n');
    expect(code).toBe(130);
    expect(shown).toContain('That is not the name of the database.');
    expect(await repayments()).toBe(0);
  });

  test('Ctrl-C at the question stops it with exit code 130', async () => {
    const { code } = await folder.onTerminal('restore', ['kept'], '\u0003', {}, 'to go on:');
    expect(code).toBe(130);
    expect(await repayments()).toBe(0);
  });

  test('it never shows the password', async () => {
    const { shown } = await folder.onTerminal('restore', ['kept', '-v'], 'no\n');
    expect(shown).not.toContain(`:${new URL(database.url).password}@`);
  });
});

describe('administrators that would come from elsewhere', () => {
  const intruder = `INSERT INTO admins (id, email, password, "fullName", role, "updatedAt")
    VALUES ('intruder', 'intruder@owu.example', 'x', 'Intruder', 'SUPER_ADMIN', now())`;
  const isThere = async () => (await database.query(`SELECT 1 FROM admins WHERE id = 'intruder'`)).length === 1;
  /** Backups of each kind, made while the intruder was there, and brought here by somebody. */
  let brought: Record<string, string>;
  beforeAll(async () => {
    await database.query(intruder);
    await folder.run('backup', ['--name', 'forged', '-s']);
    await folder.run('convert', ['forged', '--name', 'forged', '-s']);
    await database.query(`DELETE FROM admins WHERE id = 'intruder'`);
    const file = join(folder.dir, 'brought.zip');
    await copyFile(join(folder.backups, 'forged.zip'), file);
    const notes = join(folder.backups, 'forged.zip.json');
    await writeFile(notes, JSON.stringify({ ...(await Bun.file(notes).json()), kind: 'uploaded' }));
    brought = { 'uploaded, by its path': join(folder.backups, 'forged.zip'), file, document: 'forged.json' };
  });
  /** Administrators named in the record of the latest restore. */
  const recorded = async () => {
    const [row] = await database.query(`SELECT parameters -> 'administrators' AS named FROM backup_system.operations
      WHERE kind = 'restore' AND state = 'succeeded' ORDER BY created_at DESC LIMIT 1`);
    return row?.['named'];
  };
  const without = async () => void (await database.query(`DELETE FROM admins WHERE id = 'intruder'`));
  beforeEach(without);
  afterAll(without);

  test('promise 13: no restore makes one unasked: it is refused with exit code 7, names them, and takes a flag of its own', async () => {
    for (const [kind, given] of Object.entries(brought)) {
      const refused = await restore(given, '--yes', '--json');
      const { code, message, hint } = jsonOf<FailureBody>(refused).error;
      expect([kind, refused.code, code]).toEqual([kind, 7, 'RESTORE_REFUSED']);
      expect(message).toContain('intruder@owu.example (new, SUPER_ADMIN)');
      expect(hint).toContain('--change-administrators');
      expect([await isThere(), await repayments()]).toEqual([false, 0]);
    }
    const done = await restore(brought['document'] ?? '', '--yes', '--change-administrators');
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('intruder@owu.example (new, SUPER_ADMIN)')]);
    expect(await isThere()).toBe(true);
    expect(await recorded()).toEqual([{ email: 'intruder@owu.example', change: 'new', role: 'SUPER_ADMIN' }]);
    await without();
    await restore(brought['file'] ?? '', '--yes', '--change-administrators');
    expect(await recorded()).toEqual([{ email: 'intruder@owu.example', change: 'new', role: 'SUPER_ADMIN' }]);
    await without();
    // The others may come, and so may those of the same database's own backup.
    expect((await restore(brought['file'] ?? '', '--yes', '--tables', 'loan_repayments')).code).toBe(0);
    await database.query(`UPDATE admins SET "isActive" = NOT "isActive"`);
    expect((await restore('kept', '--yes', '-s')).code).toBe(0);
  });

  test('on a terminal they are named before the question, of a document once it was read', async () => {
    const asked = await folder.onTerminal('restore', ['forged'], 'no\n');
    const named = asked.shown.indexOf('intruder@owu.example (new, SUPER_ADMIN)');
    expect([named > 0, named < asked.shown.indexOf('Type the name')]).toEqual([true, true]);
    const twice = await folder.onTerminal('restore', ['forged.json'], `${database.name}\nno\n`);
    expect([twice.code, await isThere()]).toEqual([130, false]);
    const second = twice.shown.lastIndexOf('Type the name');
    expect(twice.shown.indexOf('intruder@owu.example')).toBeWithin(twice.shown.indexOf('Type the name'), second);
    expect((await folder.onTerminal('restore', ['forged'], `${database.name}\n`)).code).toBe(0);
    expect(await isThere()).toBe(true);
  });
});

test('promise 4: damage that a restore or a conversion finds is remembered, until the file is found sound', async () => {
  const file = join(folder.backups, 'damaged.zip');
  const whole = await Bun.file(join(folder.backups, 'kept.zip')).bytes();
  const damaged = whole.slice();
  const at = Buffer.from(damaged).indexOf('data/public.staff/') + 100;
  damaged[at] = (damaged[at] ?? 0) ^ 1;
  const notes = async () => (await Bun.file(`${file}.json`).json()).foundDamaged ?? null;
  for (const command of [
    ['restore', '--yes'],
    ['convert', '--name', 'damaged-out'],
  ]) {
    const [name = '', ...flags] = command;
    await writeFile(file, damaged);
    await copyFile(join(folder.backups, 'kept.zip.json'), `${file}.json`);
    expect((await folder.run(name, ['damaged', ...flags])).code).toBe(5);
    expect(await notes()).toMatchObject({ code: 'ARCHIVE_DAMAGED', message: expect.stringContaining('staff') });
    await writeFile(file, whole);
    expect((await folder.run('verify', [file])).code).toBe(0);
    expect(await notes()).toBeNull();
  }
  expect(await folder.files()).not.toContain('damaged-out.json');
  await rm(file);
  await rm(`${file}.json`);
});

describe('a failure has the exit code of its family', () => {
  const codeOf = async (...args: string[]) => {
    const done = await restore(...args, '--yes', '--json');
    return [done.code, jsonOf<FailureBody>(done).error.code];
  };

  test('4: no such backup, no such table, no such address', async () => {
    expect(await codeOf('missing')).toEqual([4, 'NOT_FOUND']);
    expect(await codeOf('./missing.zip')).toEqual([4, 'NOT_FOUND']);
    expect(await codeOf('kept', '--tables', 'stuff')).toEqual([4, 'UNKNOWN_TABLE']);
    expect(await codeOf('kept', '--into', 'mysql://x')).toEqual([4, 'USAGE']);
    const nowhere = await restore('kept', '--into', 'postgres://a:b@127.0.0.1:1/x', '--yes');
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('port in --into')]);
    expect(nowhere.stderr).not.toContain('DATABASE_URL');
    expect(await codeOf()).toEqual([4, 'USAGE']);
  });

  test('5: a file that is no archive, and one that is damaged', async () => {
    const note = join(folder.dir, 'note.txt');
    await writeFile(note, 'not an archive');
    expect(await codeOf(note)).toEqual([5, 'ARCHIVE_INVALID']);
    const damaged = await Bun.file(join(folder.backups, 'kept.zip')).bytes();
    damaged[Math.floor(damaged.length / 2)] = (damaged[Math.floor(damaged.length / 2)] ?? 0) ^ 1;
    await writeFile(join(folder.dir, 'damaged.zip'), damaged);
    expect(await codeOf('./damaged.zip')).toEqual([5, 'ARCHIVE_DAMAGED']);
    expect(await repayments()).toBe(0);
  });

  test('7: a backup that does not fit the tables of today', async () => {
    await using other = await testDatabase({ template: 'hrms' });
    await other.query('ALTER TABLE loans DROP COLUMN reason');
    expect(await codeOf('kept', '--into', other.url)).toEqual([7, 'SCHEMA_MISMATCH']);
  });

  test('6: another operation is under way; --wait waits for it', async () => {
    await database.admin('BEGIN; LOCK TABLE admins IN ROW SHARE MODE');
    const first = folder.start('restore', ['kept', '--yes']);
    await first.says('waiting for the tables');
    expect(await codeOf('kept')).toEqual([6, 'OPERATION_IN_PROGRESS']);
    const limited = await restore('kept', '--yes', '--wait', '1s', '--json');
    expect([limited.code, jsonOf<FailureBody>(limited).error.code]).toEqual([6, 'OPERATION_IN_PROGRESS']);
    const waiting = folder.start('restore', ['kept', '--yes', '--wait', '10m']);
    await waiting.says('Another operation is under way: restore');
    await database.admin('ROLLBACK');
    expect([(await first.finished).code, (await waiting.finished).code]).toEqual([0, 0]);
    expect(await repayments()).toBe(rows.loan_repayments ?? -1);
  });
});

test('Ctrl-C while it waits for the tables: exit code 130, nothing changed, no staging, no lock left', async () => {
  await database.admin('BEGIN; LOCK TABLE admins IN ROW SHARE MODE');
  const started = folder.start('restore', ['kept', '--yes', '--json']);
  await started.says('waiting for the tables');
  started.signal('SIGINT');
  const done = await started.finished;
  await database.admin('ROLLBACK');
  expect(done.code).toBe(130);
  expect(jsonOf<FailureBody>(done).error.code).toBe('CANCELLED');
  expect(await repayments()).toBe(0);
  const left = await database.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore%'
    UNION ALL SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'palace-backup%'`);
  expect(left).toEqual([]);
  const [record] = await database.query('SELECT state FROM backup_system.operations ORDER BY created_at DESC LIMIT 1');
  expect(record).toEqual({ state: 'cancelled' });
});
