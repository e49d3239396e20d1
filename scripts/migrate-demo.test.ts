import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { testDatabase } from '../db/testing.ts';
import type { FailureBody } from '../server/errors.ts';
import { jsonOf, type Workplace, workplace } from './command.fixture.ts';
import { emptyPlace } from './places.fixture.ts';

let ground: Awaited<ReturnType<typeof emptyPlace>>;
let place: Workplace;
beforeAll(async () => {
  ground = await emptyPlace();
  ({ place } = ground);
});
afterAll(() => ground[Symbol.asyncDispose]());

test('migrate makes the tables in an empty database, and the second time changes nothing', async () => {
  const first = await place.run('migrate', ['--json']);
  expect(first.code).toBe(0);
  expect(jsonOf<object>(first)).toMatchObject({ success: true, data: { hrms: { found: 'created' } } });
  const second = await place.run('migrate', []);
  expect(second.stdout).toBe('backup_system: up to date.\nHRMS tables: already there, left as they are.\n');
});

test('demo fills the tables once, and refuses tables that hold rows', async () => {
  const first = await place.run('demo', ['--staff', '30', '--seed', '5', '--json']);
  expect(jsonOf<object>(first)).toMatchObject({ success: true, data: { tables: { staff: 30 } } });
  const second = await place.run('demo', ['--json']);
  expect([second.code, jsonOf<FailureBody>(second).error.code]).toEqual([4, 'ALREADY_EXISTS']);
});

test('migrate --into works on the database it is given, and says what another application’s holds', async () => {
  await using other = await testDatabase({ template: 'empty' });
  await other.query('CREATE TABLE invoices (id int)');
  const done = await place.run('migrate', ['--into', other.url]);
  expect(done.code).toBe(0);
  expect(done.stdout).toContain('HRMS tables: not made, the database holds other tables:');
  expect(done.stdout).toContain('invoices');
});

test('with DATABASE_URL unset, commands use the embedded PostgreSQL of this folder, one after the other', async () => {
  await using alone = await workplace(null);
  const refused = await alone.run('migrate', []);
  expect([refused.code, refused.stdout]).toEqual([4, '']);
  expect(refused.stderr).toContain(
    'DATABASE_URL is not set, and there is no embedded PostgreSQL here. [CONFIG_INVALID]',
  );

  await mkdir(join(alone.dir, '.data', 'postgres'), { recursive: true });
  expect((await alone.run('migrate', ['-s'])).stderr).toBe('');
  expect((await alone.run('demo', ['--staff', '10', '-s'])).stderr).toBe('');
  const done = await alone.run('backup', ['--json', '--name', 'own']);
  expect(jsonOf<object>(done)).toMatchObject({ data: { fileName: 'own.zip', tables: { staff: 10 } } });
});
