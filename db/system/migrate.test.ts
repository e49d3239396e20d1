import { afterEach, expect, test } from 'bun:test';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import * as hrms from '../hrms/schema.ts';
import { HRMS } from '../hrms/tables.ts';
import { modelFromSchema } from '../model/drizzle-model.ts';
import { qualifiedName } from '../model/model.ts';
import { rejection } from '../testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { migrate } from './migrate.ts';
import * as system from './schema.ts';

/** Our own tables, the migrator's journal among them. */
const OWN_TABLES = ['backup_system.migrations', ...modelFromSchema(system).tables.map(qualifiedName)].toSorted();

const open: TestDatabase[] = [];
async function database(): Promise<TestDatabase> {
  const db = await testDatabase({ template: 'empty' });
  open.push(db);
  return db;
}
afterEach(async () => {
  for (const db of open.splice(0)) await db[Symbol.asyncDispose]();
});

const tablesOf = async (db: TestDatabase) =>
  (
    await db.query<{ name: string }>(
      `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    )
  ).map((row) => row.name);

test('migrate() makes our schema and the HRMS tables in an empty database as its owner, and nothing the second time', async () => {
  const db = await database();
  expect(await migrate(db.url, { application: HRMS })).toEqual({ systemApplied: 3, application: { found: 'created' } });
  const tables = await tablesOf(db);
  expect(tables.filter((name) => name.startsWith('public.'))).toHaveLength(13);
  expect(tables.filter((name) => !name.startsWith('public.'))).toEqual(OWN_TABLES);
  expect(await migrate(db.url, { application: HRMS })).toEqual({
    systemApplied: 0,
    application: { found: 'already there' },
  });
  expect(await tablesOf(db)).toEqual(tables);
});

test('migrate() leaves a database without HRMS tables when it is told so', async () => {
  const db = await database();
  expect(await migrate(db.url)).toEqual({ systemApplied: 3, application: { found: 'not asked for' } });
  expect(await tablesOf(db)).toEqual(OWN_TABLES);
  expect(await migrate(db.url, { application: HRMS })).toEqual({ systemApplied: 0, application: { found: 'created' } });
});

test('migrate() called by several processes at once applies everything once', async () => {
  const db = await database();
  const reports = await Promise.all([1, 2, 3, 4].map(() => migrate(db.url, { application: HRMS })));
  expect(reports.map((report) => report.systemApplied).toSorted()).toEqual([0, 0, 0, 3]);
  expect(reports.map((report) => report.application.found).toSorted()).toEqual([
    'already there',
    'already there',
    'already there',
    'created',
  ]);
});

test('migrate() never alters an HRMS that is partly there and says what is missing', async () => {
  const db = await database();
  await db.query('CREATE TABLE staff (id text PRIMARY KEY); CREATE TABLE other (x int)');
  const { application } = await migrate(db.url, { application: HRMS });
  expect(application.found).toBe('partly there');
  expect(application.found === 'partly there' && application.missing).toHaveLength(12);
  expect((await tablesOf(db)).filter((name) => name.startsWith('public.'))).toEqual(['public.other', 'public.staff']);
});

test('migrate() makes no HRMS tables in another application’s database', async () => {
  const db = await database();
  await db.query('CREATE TABLE invoices (id int)');
  expect((await migrate(db.url, { application: HRMS })).application).toEqual({
    found: 'other tables',
    tables: ['invoices'],
  });
  expect((await tablesOf(db)).filter((name) => name.startsWith('public.'))).toEqual(['public.invoices']);
});

test('migrate() makes the HRMS tables in public whatever search_path the role has', async () => {
  const db = await database();
  await db.admin(
    `CREATE SCHEMA elsewhere AUTHORIZATION palace_owner; ALTER DATABASE ${db.name} SET search_path = elsewhere`,
  );
  expect((await migrate(db.url, { application: HRMS })).application).toEqual({ found: 'created' });
  expect((await tablesOf(db)).filter((name) => name.startsWith('elsewhere.'))).toEqual([]);
});

test('migrate() says which GRANT a role without rights needs, and leaves nothing behind', async () => {
  const db = await database();
  await db.admin(`ALTER DATABASE ${db.name} OWNER TO CURRENT_USER`);
  const denied = await rejection(migrate(db.url, { application: HRMS }));
  expect(denied.code).toBe('PERMISSION_DENIED');
  expect(denied.hint).toContain(`GRANT CREATE ON DATABASE "${db.name}" TO "palace_owner"`);
  await db.admin(`GRANT CREATE ON DATABASE ${db.name} TO palace_owner`);
  const inPublic = await rejection(migrate(db.url, { application: HRMS }));
  expect(inPublic.hint).toContain('GRANT USAGE, CREATE ON SCHEMA public TO "palace_owner"');
  expect((await tablesOf(db)).filter((name) => name.startsWith('public.'))).toEqual([]);
  await db.admin('GRANT CREATE ON SCHEMA public TO palace_owner');
  expect((await migrate(db.url, { application: HRMS })).application).toEqual({ found: 'created' });
});

test('promise 5: migrate() names event triggers that ran for it, and one that refuses', async () => {
  const db = await database();
  const trigger = (body: string) =>
    db.admin(`
      DROP EVENT TRIGGER IF EXISTS "Set off";
      CREATE OR REPLACE FUNCTION public.set_off() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN ${body}; END $f$;
      CREATE EVENT TRIGGER "Set off" ON ddl_command_start EXECUTE FUNCTION public.set_off()`);
  await trigger(`RAISE EXCEPTION 'not today'`);
  const refused = await rejection(migrate(db.url, { application: HRMS }));
  expect([refused.message, refused.hint]).toEqual([
    'An event trigger of this database prevents making tables: Set off.',
    expect.stringContaining('ALTER EVENT TRIGGER "Set off" DISABLE;'),
  ]);
  expect(await tablesOf(db)).toEqual([]);
  await trigger('NULL');
  const applied = { systemApplied: 3, application: { found: 'created' as const } };
  expect(await migrate(db.url, { application: HRMS })).toEqual({ ...applied, eventTriggers: ['Set off'] });
  expect(await migrate(db.url, { application: HRMS })).toEqual({
    systemApplied: 0,
    application: { found: 'already there' },
  });
});

test('migrate() needs no right to make schemas when everything is up to date', async () => {
  const db = await database();
  await migrate(db.url, { application: HRMS });
  await db.admin(`ALTER DATABASE ${db.name} OWNER TO CURRENT_USER`);
  expect(await migrate(db.url, { application: HRMS })).toEqual({
    systemApplied: 0,
    application: { found: 'already there' },
  });
});

test('migrate() tells a wrong password, a missing database and a silent server apart, without the password in the message', async () => {
  const db = await database();
  const wrong = new URL(db.url);
  wrong.password = 'not-the-secret';
  const refused = await rejection(migrate(wrong.href, { application: HRMS }));
  expect(refused.code).toBe('DATABASE_AUTH_FAILED');
  expect(refused.message + refused.hint).not.toContain('not-the-secret');
  const missing = new URL(db.url);
  missing.pathname = '/no_such_database';
  expect((await rejection(migrate(missing.href, { application: HRMS }))).code).toBe('DATABASE_UNREACHABLE');
  expect((await rejection(migrate('postgres://nobody@127.0.0.1:9/none', { application: HRMS }))).code).toBe(
    'DATABASE_UNREACHABLE',
  );
});

test('the generated migrations are up to date with the schemas they come from', async () => {
  for (const [folder, schema] of [
    ['system', system],
    ['hrms', hrms],
  ] as const) {
    const meta = `${import.meta.dir}/../${folder}/migrations/meta`;
    const journal: { entries: { tag: string }[] } = await Bun.file(`${meta}/_journal.json`).json();
    const last = journal.entries.at(-1)?.tag.slice(0, 4);
    const written: ReturnType<typeof generateDrizzleJson> = await Bun.file(`${meta}/${last}_snapshot.json`).json();
    expect(await generateMigration(written, generateDrizzleJson(schema))).toEqual([]);
  }
});

test('our operations table refuses a state it does not know and an end that does not fit the state', async () => {
  const db = await database();
  await migrate(db.url);
  const insert = (state: string, finished: string) =>
    db.query(
      `INSERT INTO backup_system.operations (id, kind, state, actor, origin, finished_at) VALUES (gen_random_uuid(), 'backup', '${state}', 'a', 'b', ${finished})`,
    );
  await insert('running', 'NULL');
  await insert('succeeded', 'now()');
  expect(await insert('done', 'NULL').catch((error: { constraint?: string }) => error.constraint)).toBe(
    'operations_state_check',
  );
  expect(await insert('failed', 'NULL').catch((error: { constraint?: string }) => error.constraint)).toBe(
    'operations_finished_check',
  );
});
