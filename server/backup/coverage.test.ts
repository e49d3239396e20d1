import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { customType, integer, pgSchema, pgTable, text } from 'drizzle-orm/pg-core';
import { CASINGS, type Casing } from '../../db/model/drizzle/casing.ts';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { qualifiedName } from '../../db/model/model.ts';
import * as system from '../../db/system/schema.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { contentOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';
import { checkEnvironment } from './checks/check.ts';

const shop = pgSchema('shop');
const cubeType = customType<{ data: string }>({ dataType: () => 'cube' });
const people = pgTable('people', { id: integer().primaryKey(), name: text() });
const notes = pgTable('notes', { id: integer().primaryKey(), personId: integer('person_id'), at: cubeType() });
const shopNotes = shop.table('notes', { id: integer().primaryKey() });
const model = modelFromSchema({ people, notes, shopNotes });
/** The program's own tables, with the migrator's journal. */
const OWN_TABLES = ['backup_system.migrations', ...modelFromSchema(system).tables.map(qualifiedName)].toSorted();
const publicOnly = modelFromSchema({ people, notes });

const DDL = `
  CREATE EXTENSION cube SCHEMA public;
  CREATE SCHEMA shop;
  CREATE TABLE people (id integer PRIMARY KEY, name text);
  CREATE TABLE notes (id integer PRIMARY KEY, person_id integer REFERENCES people, at cube);
  CREATE TABLE shop.notes (id integer PRIMARY KEY);
  INSERT INTO people VALUES (1, 'one'), (2, 'two'); INSERT INTO notes VALUES (1, 1, '(1,2)'); INSERT INTO shop.notes VALUES (7);`;

for (const server of testServers()) {
  describe(`what a backup takes on server ${server}`, () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await testDatabase({ server });
      await database.query(DDL);
    });
    afterAll(() => database[Symbol.asyncDispose]());
    const refusal = (backup: Promise<unknown>) =>
      backup.then(
        () => null,
        (error: unknown) => error,
      );

    test('promise 6: a schema that says everything gives a full backup that --strict accepts, without a warning', async () => {
      const { result, manifest } = await backupOf(database, model, { strict: true });
      expect(result).toMatchObject({
        tables: { people: 2, notes: 1, 'shop.notes': 1 },
        warnings: [],
        outcome: 'success',
        losses: [],
        unknown: { tables: [], columns: [], sequences: [] },
        leftOut: [],
      });
      expect(manifest.kind).toBe('full');
    });

    test('promise 6: what a filter of the configuration leaves out is a loss that says so, and no unknown table', async () => {
      const filtered = modelFromSchema(
        { people, notes, shopNotes },
        { isIncluded: ({ schema }) => schema === 'public' },
      );
      expect(filtered.filtered).toEqual([{ schema: 'shop', name: 'notes' }]);
      const { result } = await backupOf(database, filtered);
      const reason = 'the schema declares it, but tablesFilter or schemaFilter of the drizzle.config.ts leaves it out';
      expect(result).toMatchObject({
        outcome: 'partial',
        losses: [{ kind: 'table', name: 'shop.notes', reason }],
        warnings: [`The table shop.notes is NOT in this backup: ${reason}.`],
        unknown: { tables: [], columns: [], sequences: [] },
      });
      const refused = await rejection(backupOf(database, filtered, { strict: true }));
      expect(refused.hint).toStartWith('Let tables through the filters of the drizzle.config.ts.');
    });

    test('promise 6: a partition that is declared without its table is refused with the table’s name, and --check says so', async () => {
      await database.query(
        `CREATE TABLE shop.whole (id integer) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF shop.whole DEFAULT PARTITION BY RANGE (id); CREATE TABLE leaf PARTITION OF part DEFAULT; INSERT INTO shop.whole VALUES (1)`,
      );
      const [part, leaf] = ['part', 'leaf'].map((name) => pgTable(name, { id: integer() }));
      const whole = shop.table('whole', { id: integer() });
      for (const declared of [{ part }, { leaf }, { people, part, leaf }]) {
        const orphaned = modelFromSchema(declared);
        const error = await rejection(backupOf(database, orphaned));
        expect(error.code).toBe('SCHEMA_DRIFT');
        expect(error.message).toMatch(/public\.(part|leaf) is a partition of shop\.whole/);
        expect(error.hint).toContain('Declare shop.whole in the Drizzle schema');
        const storage = createMemoryStorage(() => new Date());
        const signal = new AbortController().signal;
        const report = await checkEnvironment({ databaseUrl: database.url, storage, model: orphaned }, signal);
        expect(report.ok).toBe(false);
        expect(report.findings.find(({ check }) => check === 'schema')).toMatchObject({
          message: error.message,
          hint: error.hint,
        });
      }
      const { result } = await backupOf(database, modelFromSchema({ people, notes, shopNotes, whole, leaf }));
      expect(result).toMatchObject({ outcome: 'success', tables: { 'shop.whole': 1 } });
      await database.query('DROP TABLE shop.whole');
    });

    test('promise 6: tables and columns the schema does not know are named in result and manifest, and --strict refuses them', async () => {
      await database.query(`
        CREATE TABLE "for gotten" (id integer); CREATE TABLE shop.partly (id integer) PARTITION BY RANGE (id); CREATE TABLE shop.partly_all PARTITION OF shop.partly DEFAULT;
        CREATE UNLOGGED TABLE unlogged (id integer); ALTER TABLE people ADD COLUMN nickname text DEFAULT 'nick'; CREATE VIEW people_view AS SELECT * FROM people`);
      const made = await backupOf(database, model);
      const tables = ['for gotten', 'unlogged', 'shop.partly'];
      expect(made.result.unknown).toEqual({ tables, columns: ['people.nickname'], sequences: [] });
      expect(made.manifest.unknown).toEqual({
        tables: [
          { schema: 'public', name: 'for gotten' },
          { schema: 'public', name: 'unlogged' },
          { schema: 'shop', name: 'partly' },
        ],
        columns: [{ schema: 'public', name: 'people', column: 'nickname' }],
        sequences: [],
      });
      expect(made.result).toMatchObject({
        outcome: 'partial',
        losses: tables.map((name) => ({ kind: 'table', name, reason: expect.stringContaining('not in the schema') })),
      });
      expect(made.result.warnings).toHaveLength(4);
      const strict = await refusal(backupOf(database, model, { strict: true }));
      expect(strict).toMatchObject({
        code: 'UNKNOWN_OBJECTS',
        message: expect.stringMatching(/public\.for gotten.*public\.unlogged.*shop\.partly.*public\.people\.nickname/),
      });
      // An unknown column is part of its rows, and comes back with them.
      const before = await contentOf(database);
      await database.query(`UPDATE people SET nickname = 'changed'`);
      await restoreInto(database, made);
      expect(await contentOf(database)).toEqual(before);
      await database.query(
        'DROP VIEW people_view; DROP TABLE "for gotten", unlogged, shop.partly; ALTER TABLE people DROP COLUMN nickname',
      );
    });

    test('promise 6: tables of extensions and of other servers, and journals of migrations, are left out and named with the reason', async () => {
      await database.admin(
        `CREATE EXTENSION postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE far_away (id integer) SERVER elsewhere`,
      );
      await database.query(
        'CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id integer); CREATE TABLE _prisma_migrations (id integer); CREATE TABLE of_cube (id integer)',
      );
      await database.admin('ALTER EXTENSION cube ADD TABLE of_cube');
      const { result, manifest } = await backupOf(database, model, { strict: true });
      const reasons = Object.fromEntries(result.leftOut.map(({ table, reason }) => [table, reason]));
      expect(
        Object.keys(reasons)
          .filter((table) => !table.startsWith('backup_system.'))
          .sort(),
      ).toEqual(['_prisma_migrations', 'drizzle.__drizzle_migrations', 'far_away', 'of_cube']);
      expect(reasons['of_cube']).toContain('extension cube');
      expect(reasons['far_away']).toContain('another server');
      expect(manifest.leftOut.map(({ reason }) => reason)).toEqual(Object.values(reasons));
      expect(result.unknown.tables).toEqual([]);
      await database.admin('ALTER EXTENSION cube DROP TABLE of_cube; DROP EXTENSION postgres_fdw CASCADE');
      await database.query('DROP SCHEMA drizzle CASCADE; DROP TABLE _prisma_migrations, of_cube');
    });

    test('promise 7: our own schemas and a staging schema left by a killed restore are no part of a backup and not unknown', async () => {
      await restoreInto(database, await backupOf(database, model));
      await database.query(
        'CREATE SCHEMA backup_queue; CREATE TABLE backup_queue.job (id integer); CREATE SCHEMA restore_01900190019001900190019001900190; CREATE TABLE restore_01900190019001900190019001900190.t0001 (id integer)',
      );
      const { result } = await backupOf(database, model, { strict: true });
      expect(Object.keys(result.tables)).toEqual(['people', 'notes', 'shop.notes']);
      expect(result.leftOut.map(({ table }) => table)).toEqual([
        'backup_queue.job',
        ...OWN_TABLES,
        'restore_01900190019001900190019001900190.t0001',
      ]);
      await database.query(
        'DROP SCHEMA backup_queue CASCADE; DROP SCHEMA restore_01900190019001900190019001900190 CASCADE',
      );
    });

    test('promise 7: a restore adds to our own records and takes nothing from them', async () => {
      const made = await backupOf(database, model);
      const ids = () =>
        database.query<{ id: string }>('SELECT id FROM backup_system.operations ORDER BY created_at, id');
      const before = await ids();
      const { operationId } = await restoreInto(database, made);
      expect(await ids()).toEqual([...before, { id: operationId }]);
    });

    test('a table or column the schema has and the database lacks is SCHEMA_DRIFT that names each', async () => {
      const more = modelFromSchema({
        people: pgTable('people', { id: integer().primaryKey(), name: text(), nickname: text(), "o'dd": text("o'dd") }),
        gone: shop.table('gone', { id: integer() }),
        alsoGone: pgTable('also gone', { id: integer() }),
      });
      const tables = await refusal(backupOf(database, more));
      expect(tables).toMatchObject({
        code: 'SCHEMA_DRIFT',
        details: { lacking: ['table public.also gone', 'table shop.gone'] },
      });
      const columns = await refusal(backupOf(database, more, { tables: ['people'] }));
      expect(columns).toMatchObject({
        code: 'SCHEMA_DRIFT',
        details: { lacking: ['column nickname of public.people', "column o'dd of public.people"] },
      });
    });

    test('columns that only another casing would find are told with that casing, and drift is never called one', async () => {
      const hintFor = async (columns: Record<string, ReturnType<typeof text>>, casing: Casing | null, types = '') => {
        await database.query(`DROP TABLE IF EXISTS cased; CREATE TABLE cased (${types})`);
        const cased = modelFromSchema({ cased: pgTable('cased', columns) }, { casing });
        return (await rejection(backupOf(database, cased))).hint ?? '';
      };
      try {
        const named = { firstName: text(), LAST: text('LAST') };
        for (const casing of [null, 'camelCase'] as const)
          expect(await hintFor(named, casing, 'first_name text, "LAST" text')).toEndWith(
            ' set BACKUP_CASING=snake_case.',
          );
        for (const casing of [null, 'snake_case'] as const)
          expect(await hintFor({ first_name: text() }, casing, '"firstName" text')).toEndWith(
            ' set BACKUP_CASING=camelCase.',
          );
        expect(await hintFor({ HTTPState: text() }, 'snake_case', '"HTTPState" text')).toContain(
          'leave BACKUP_CASING unset',
        );
        for (const types of ['first_name text', 'first_name text, last text', '"firstName" text', 'x int'])
          for (const casing of [null, ...CASINGS])
            expect(await hintFor(named, casing, types)).toStartWith('Bring the database up to date');
      } finally {
        await database.query('DROP TABLE IF EXISTS cased');
      }
    });

    test('a type that is another in the database is told, and the rows are kept as they are', async () => {
      const { result } = await backupOf(
        database,
        modelFromSchema({ people: pgTable('people', { id: text().primaryKey(), name: text() }), notes, shopNotes }),
      );
      expect(result.warnings).toEqual([
        'public.people.id is integer in the database and text in the schema; backed up as it is in the database.',
      ]);
    });

    test('chosen tables make a partial backup that names what it left out, and restore without touching the others', async () => {
      const made = await backupOf(database, model, { tables: ['shop.notes', 'people'] });
      expect(made.manifest.kind).toBe('partial');
      expect(made.result.tables).toEqual({ people: 2, 'shop.notes': 1 });
      expect(made.result.leftOut).toContainEqual({ table: 'notes', reason: 'not chosen for this backup' });
      const before = await contentOf(database);
      await database.query(
        `UPDATE people SET name = 'changed'; DELETE FROM shop.notes; UPDATE notes SET person_id = 2`,
      );
      await restoreInto(database, made);
      expect(await contentOf(database)).toEqual({ ...before, 'public.notes': ['(1,2,"(1, 2)")'] });
      await database.query('UPDATE notes SET person_id = 1');
    });

    test('restoring chosen tables of a full backup leaves the others alone, and refuses when a foreign key would break', async () => {
      const made = await backupOf(database, model);
      await database.query(`INSERT INTO people VALUES (3, 'three'); INSERT INTO shop.notes VALUES (8)`);
      const result = await restoreInto(database, made, { tables: ['people'] });
      expect(result.tables).toEqual({ people: 2 });
      expect((await contentOf(database))['shop.notes']).toEqual(['(7)', '(8)']);
      await database.query(`INSERT INTO people VALUES (3, 'three'); UPDATE notes SET person_id = 3`);
      expect(await refusal(restoreInto(database, made, { tables: ['people'] }))).toMatchObject({
        code: 'LINKS_BROKEN',
        details: { constraint: 'notes_person_id_fkey' },
      });
      expect((await contentOf(database))['public.people']).toHaveLength(3);
      await restoreInto(database, made);
    });

    test('a name that fits several tables or none is refused, with the names there are', async () => {
      expect(await refusal(backupOf(database, model, { tables: ['peoples'] }))).toMatchObject({
        code: 'UNKNOWN_TABLE',
        hint: expect.stringContaining('people'),
      });
      const twins = modelFromSchema({ people, a: notes, b: shopNotes });
      expect(await refusal(backupOf(database, twins, { tables: ['notes'] }))).toMatchObject({
        code: 'UNKNOWN_TABLE',
        message: expect.stringContaining('several'),
      });
      const made = await backupOf(database, twins);
      expect(await refusal(restoreInto(database, made, { tables: ['notes'] }))).toMatchObject({
        code: 'UNKNOWN_TABLE',
      });
      expect((await backupOf(database, twins, { tables: ['b'] })).result.tables).toEqual({ 'shop.notes': 1 });
      expect((await backupOf(database, publicOnly, { tables: ['notes'] })).result.tables).toEqual({ notes: 1 });
    });
  });
}
