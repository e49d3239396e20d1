import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { openSession } from '../../../db/connect/session.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { ifApplyOver } from '../../postgres/locks/advisory-lock.ts';
import { setBreakpoint } from '../../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';

let library: TestLibrary;
beforeAll(async () => {
  library = await testLibrary();
});
beforeEach(() => library.reset());
afterAll(() => library[Symbol.asyncDispose]());

test('promise 2: a type that is altered while staging is filled refuses the restore by its name, and nothing changes', async () => {
  await using breakpoint = await setBreakpoint(library.database, 'stage');
  const refused = rejection(library.restore());
  await breakpoint.reached();
  await library.database.query(`ALTER TYPE mood RENAME VALUE 'glad' TO 'merry'`);
  await breakpoint.resume();
  const error = await refused;
  await library.database.query(`ALTER TYPE mood RENAME VALUE 'merry' TO 'glad'`);
  expect([error.code, error.details]).toEqual(['SCHEMA_DRIFT', { altered: ['public.mood'] }]);
  expect(await library.state()).toBe(library.changed);
  expect(await library.leftovers()).toEqual([]);
});

test('promise 5: a table that comes to refer to restored ones while the restore waits for them refuses it, and nothing changes', async () => {
  await using other = await openSession(library.database.url, {
    applicationName: 'a migration',
    signal: new AbortController().signal,
  });
  await other.query('BEGIN');
  await other.query('CREATE TABLE reviews (book_id integer REFERENCES books)');
  const blocked = Promise.withResolvers<void>();
  const refused = rejection(library.restore({ onEvent: (event) => event.blocked && blocked.resolve() }));
  await blocked.promise;
  await other.query('COMMIT');
  const error = await refused;
  await library.database.query('DROP TABLE reviews');
  expect(error.code).toBe('RESTORE_REFUSED');
  expect(error.message).toContain('altered while the restore waited for them');
  expect(await library.state()).toBe(library.changed);
  expect(await library.leftovers()).toEqual([]);
});

test('promise 5: rows that vanish from staging are missed by table and number, and nothing changes', async () => {
  await using breakpoint = await setBreakpoint(library.database, 'apply');
  const refused = rejection(library.restore());
  await breakpoint.reached();
  // The first table is being filled; the last is still in staging alone.
  const [staged] = await library.database.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname LIKE 'restore\\_%' AND c.relkind = 'r' ORDER BY c.relname DESC LIMIT 1`,
  );
  await library.database.query(`DELETE FROM ${staged?.name} WHERE id <= 3`);
  await breakpoint.resume();
  const error = await refused;
  expect([error.code, error.details]).toEqual([
    'STAGING_LOST',
    { table: 'public.lendings', staged: 500, inserted: 497 },
  ]);
  expect(await library.state()).toBe(library.changed);
  expect(await library.leftovers()).toEqual([]);
});

test('promise 5: while a restore applies, nobody takes it for over', async () => {
  await using breakpoint = await setBreakpoint(library.database, 'apply');
  const restored = library.restore();
  await breakpoint.reached();
  const [running] = await library.database.admin<{ id: string }>(
    `SELECT id FROM backup_system.operations WHERE state = 'running'`,
  );
  await using other = await openSession(library.database.url, {
    applicationName: 'a sweeper',
    signal: new AbortController().signal,
  });
  expect(await ifApplyOver(other, running?.id ?? '', async () => undefined)).toBe(false);
  await breakpoint.resume();
  await restored;
  expect(await ifApplyOver(other, running?.id ?? '', async () => undefined)).toBe(true);
});
