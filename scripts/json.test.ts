import { afterAll, beforeAll, expect, test } from 'bun:test';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fillDemo } from '../db/hrms/demo/demo.ts';
import { contentOf } from '../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../db/testing/database.ts';
import type { BackupResult } from '../server/backup/create.ts';
import type { FailureBody } from '../server/core/errors.ts';
import { oldZip } from '../server/document/old-zip.fixture.ts';
import type { RestoreResult } from '../server/restore/restore.ts';
import { type CommandFolder, commandFolder, jsonOf } from './command/command-folder.fixture.ts';

// Each test starts processes, and other test files run beside it.
let database: TestDatabase;
let folder: CommandFolder;
let rows: Record<string, number>;
let before: Awaited<ReturnType<typeof contentOf>>;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
  rows = await fillDemo(database.url, { staff: 60, seed: 5 });
  before = await contentOf(database);
  folder = await commandFolder(database.url);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const total = () => Object.values(rows).reduce((sum, count) => sum + count, 0);
const exportedText = async (name: string) => await Bun.file(join(folder.backups, `${name}.json`)).text();

test('backup --format json stores one document of every row, readable by its owner only, and nothing else', async () => {
  const done = await folder.run('backup', ['--format', 'json', '--name', 'whole', '--json']);
  expect(done.code).toBe(0);
  const { data } = jsonOf<{ data: BackupResult }>(done);
  const path = join(folder.backups, 'whole.json');
  const bytes = await Bun.file(path).bytes();
  expect(data).toMatchObject({
    fileName: 'whole.json',
    filePath: path,
    size: bytes.length,
    totalRecords: total(),
    tables: rows,
    warnings: [],
  });
  expect(data.digest).toBe(new Bun.CryptoHasher('sha256').update(bytes).digest('hex'));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await folder.files()).toEqual(['whole.json']);
  const document = JSON.parse(new TextDecoder().decode(bytes));
  expect(document.metadata).toMatchObject({ totalRecords: total(), backupId: data.backupId });
  expect(document.data.staff).toHaveLength(rows.staff ?? -1);
});

test('backup --format json refuses a name that is taken before it makes the backup', async () => {
  const again = await folder.run('backup', ['--format', 'json', '--name', 'whole.json', '--json']);
  expect([again.code, jsonOf<FailureBody>(again).error.code]).toEqual([4, 'ALREADY_EXISTS']);
  expect(again.stderr).not.toContain('copying');
});

test('restore takes the document, gzipped or not, in a ZIP of the old tool, under whatever name', async () => {
  const text = await exportedText('whole');
  const files: Record<string, Uint8Array | string> = {
    'plain.txt': text,
    'packed.bin': gzipSync(text),
    'old.json': await oldZip(text),
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder.dir, name), content);
    await database.query(`DELETE FROM loan_repayments; UPDATE system_settings SET value = 'changed'`);
    const done = await folder.run('restore', [join(folder.dir, name), '--yes', '--json']);
    expect(`${done.code} ${done.code === 0 ? '' : done.stderr}`).toBe('0 ');
    const { data } = jsonOf<{ data: RestoreResult }>(done);
    expect(data).toMatchObject({ restoredRecords: total(), tables: rows });
    expect(data.warnings[0]).toContain(`Accepted from ${join(folder.dir, name)} by tester@`);
    expect(await contentOf(database)).toEqual(before);
  }
  expect(await folder.files()).toEqual(['whole.json']);
});

test('restore takes an exported document by its name, and only the tables asked for', async () => {
  await database.query(`DELETE FROM loan_repayments; UPDATE system_settings SET value = 'changed'`);
  const done = await folder.run('restore', ['whole.json', '--tables', 'loanRepayments', '-y']);
  expect(done.code).toBe(0);
  const [kept] = await database.query(`SELECT count(*)::int AS n FROM system_settings WHERE value <> 'changed'`);
  expect(kept).toEqual({ n: 0 });
  const [brought] = await database.query('SELECT count(*)::int AS n FROM loan_repayments');
  expect(brought).toEqual({ n: rows.loan_repayments });
});

test('on a terminal it says what the document says of itself before it asks', async () => {
  const { code, shown } = await folder.onTerminal('restore', ['whole.json'], 'no\n');
  expect(shown).toContain(`This replaces every row of every table it holds in the database ${database.name}`);
  expect(shown).toContain('rows as of 2');
  expect(code).toBe(130);
});

test('a wrong value: exit code 5, the path to it, nothing changed, nothing left behind', async () => {
  const text = (await exportedText('whole')).replace(/"gender":"MALE"/, '"gender":"UNKNOWN"');
  const wrong = join(folder.dir, 'wrong.json');
  await writeFile(wrong, text);
  const now = await contentOf(database);
  const done = await folder.run('restore', [wrong, '--yes', '--json']);
  expect(done.code).toBe(5);
  const { error } = jsonOf<FailureBody>(done);
  expect(error).toMatchObject({
    code: 'ARCHIVE_INVALID',
    details: { path: expect.stringMatching(/^data\.staff\[\d+\]\.gender$/) },
  });
  expect(await contentOf(database)).toEqual(now);
  expect(await folder.files()).toEqual(['whole.json']);
  const left = await database.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore%'`);
  expect(left).toEqual([]);
  const [record] = await database.query('SELECT state FROM backup_system.operations ORDER BY created_at DESC LIMIT 1');
  expect(record).toEqual({ state: 'failed' });
});
