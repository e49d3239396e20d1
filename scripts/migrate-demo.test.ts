import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { testDatabase } from '../db/testing/database.ts';
import { sampleArchive } from '../server/archive/sample.fixture.ts';
import type { FailureBody } from '../server/core/errors.ts';
import { type CommandFolder, commandFolder, jsonOf } from './command/command-folder.fixture.ts';
import { allCommands } from './command/commands.fixture.ts';
import { emptyFolder } from './command/filled-folders.fixture.ts';

let fixture: Awaited<ReturnType<typeof emptyFolder>>;
let folder: CommandFolder;
beforeAll(async () => {
  fixture = await emptyFolder();
  ({ folder } = fixture);
});
afterAll(() => fixture[Symbol.asyncDispose]());

test('migrate makes the tables in an empty database, and the second time changes nothing', async () => {
  const first = await folder.run('migrate', ['--json']);
  expect(first.code).toBe(0);
  expect(jsonOf<object>(first)).toMatchObject({ success: true, data: { hrms: { found: 'created' } } });
  const second = await folder.run('migrate', []);
  expect(second.stdout).toBe('backup_system: up to date.\nHRMS tables: already there, left as they are.\n');
});

test('demo fills the tables once, and refuses tables that hold rows', async () => {
  const first = await folder.run('demo', ['--staff', '30', '--seed', '5', '--json']);
  expect(jsonOf<object>(first)).toMatchObject({ success: true, data: { tables: { staff: 30 } } });
  const second = await folder.run('demo', ['--json']);
  expect([second.code, jsonOf<FailureBody>(second).error.code]).toEqual([4, 'ALREADY_EXISTS']);
});

test('migrate --into works on the database it is given, and says what another application’s holds', async () => {
  await using other = await testDatabase({ template: 'empty' });
  await other.query('CREATE TABLE invoices (id int)');
  const done = await folder.run('migrate', ['--into', other.url]);
  expect(done.code).toBe(0);
  expect(done.stdout).toContain('HRMS tables: not made, the database holds other tables:');
  expect(done.stdout).toContain('invoices');
});

test('with no database named, every command that works on one refuses, demo database or not, and says what to set', async () => {
  await using alone = await commandFolder(null);
  await Bun.write(join(alone.dir, 'sample.zip'), (await sampleArchive()).bytes);
  await Bun.write(join(alone.dir, 'sample.json'), '{"metadata":{},"data":{}}');
  const kept = join(alone.dir, '.data', 'postgres');
  await mkdir(kept, { recursive: true });
  const needing = (await allCommands()).filter(({ source }) => /\bopenDatabase\(/.test(source));
  expect(needing.length).toBeGreaterThanOrEqual(5);
  for (const { name, positional, flags } of needing) {
    expect([name, Object.keys(flags)]).toEqual([name, expect.arrayContaining(['demo'])]);
    // An archive becomes a document without a database.
    const args = positional ? [name === 'convert' ? 'sample.json' : 'sample.zip'] : [];
    // What break-glass prints is all it is for.
    const silent = name === 'break-glass' ? [] : ['--silent'];
    const refused = await alone.run(name, [...args, ...silent], { DATABASE_URL: ' ' });
    expect([name, refused.code, refused.stdout]).toEqual([name, 4, '']);
    expect(refused.stderr).toStartWith('error: DATABASE_URL is not set, so there is no database to work on.');
    expect(refused.stderr).toContain('Set DATABASE_URL=postgres://');
    expect(refused.stderr).toContain('add --demo');
  }
  expect(await readdir(kept)).toEqual([]);
});

test('--demo is the embedded PostgreSQL of this folder, whatever DATABASE_URL says, one command after the other', async () => {
  await using alone = await commandFolder('postgres://nobody@127.0.0.1:1/nowhere');
  const refused = await alone.run('migrate', ['--demo']);
  expect([refused.code, refused.stdout]).toEqual([4, '']);
  expect(refused.stderr).toContain('There is no demo database in');

  await mkdir(join(alone.dir, '.data', 'postgres'), { recursive: true });
  expect((await alone.run('migrate', ['-s', '--demo'])).stderr).toBe('');
  expect((await alone.run('demo', ['--staff', '10', '-s', '--demo'])).stderr).toBe('');
  const done = await alone.run('backup', ['--json', '--name', 'own', '--demo']);
  expect(jsonOf<object>(done)).toMatchObject({ data: { fileName: 'own.zip', tables: { staff: 10 } } });
});
