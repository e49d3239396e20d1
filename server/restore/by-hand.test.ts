import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pgSchema, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { catalogOf } from '../../db/testing/catalog.fixture.ts';
import { contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { testDatabase } from '../../db/testing/database.ts';
import * as byHand from '../../db/testing/fixtures/by-hand.schema.ts';
import * as properties from '../../db/testing/fixtures/properties.schema.ts';
import * as properties18 from '../../db/testing/fixtures/properties-18.schema.ts';
import { testServers } from '../../db/testing/servers.ts';
import { psql } from '../testing/by-hand.fixture.ts';
import { backupOf, type MadeBackup } from '../testing/verbs.fixture.ts';

const FIXTURES = join(import.meta.dir, '../../db/testing/fixtures');
const EXTENSIONS = 'CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION pgcrypto; CREATE EXTENSION citext';
const ROLES = `DO $$ BEGIN CREATE ROLE fixture_reader; CREATE ROLE fixture_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'by-hand-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Unpacks the archive as `unzip` does, and returns its folder. */
async function unpacked(made: MadeBackup): Promise<string> {
  const cwd = await mkdtemp(join(folder, 'archive-'));
  await Bun.write(join(cwd, 'backup.zip'), made.bytes);
  const { exitCode, stderr } = Bun.spawnSync(['unzip', '-q', 'backup.zip'], { cwd });
  expect(`${exitCode} ${stderr}`).toBe('0 ');
  return cwd;
}

const ALL = ['schema/0001.sql', 'schema/0002.sql', 'restore.sql'];

for (const server of testServers()) {
  describe(`by hand on server ${server}`, () => {
    test('promise 9: defaults, generated columns and domains that call functions, extensions and row types are made by schema/*.sql, as the owner', async () => {
      await using source = await testDatabase({ server });
      await source.admin(EXTENSIONS);
      await source.query(await readFile(join(FIXTURES, 'by-hand.sql'), 'utf8'));
      const model = modelFromSchema({ ...byHand });
      const made = await backupOf(source, model);
      const cwd = await unpacked(made);
      const top = (await readFile(join(cwd, 'schema/0001.sql'), 'utf8')).split('\nSET ')[0];
      const readme = await readFile(join(cwd, 'README.txt'), 'utf8');
      for (const text of [top, readme]) {
        expect(text).toContain('the operator public.==>(numeric,numeric), which is not in this backup');
        expect(text).toContain('the extension uuid-ossp on the server; it is made here');
        expect(text?.split('Rows by table')[0]).not.toContain('backwards');
      }

      await using target = await testDatabase({ server });
      expect(await psql(target, cwd, ...ALL)).toContain('operator does not exist');
      // Exactly the objects that the file requires are enough.
      await target.query('CREATE OPERATOR ==> (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = numeric_add)');
      expect(await psql(target, cwd, ...ALL)).toBe('');
      expect(await contentOf(target, model.tables)).toEqual(await contentOf(source, model.tables));
      // Defaults and checks work, also those that call functions of tables.
      await target.query(`INSERT INTO people (nick, item_net) VALUES ('new', 10)`);
      const [fresh] = await target.query(
        `SELECT town, neighbours, gross, length(pass) AS pass, code FROM people WHERE nick = 'NEW'`,
      );
      expect(fresh).toEqual({ town: 'Lagos', neighbours: '2', gross: '13.0', pass: 13, code: 'any-code' });
      await expect(target.query(`INSERT INTO people (code) VALUES ('Not A Code')`)).rejects.toThrow('looks_right');
    });

    test('promise 9: whatever properties tables have, schema/*.sql and restore.sql make the same rows, and restore.sql fills the application’s own tables and puts back all it took away', async () => {
      await using source = await testDatabase({ server });
      await source.admin(ROLES);
      await source.query(await readFile(join(FIXTURES, 'properties.sql'), 'utf8'));
      const modern = server === '18';
      if (modern) await source.query(await readFile(join(FIXTURES, 'properties-18.sql'), 'utf8'));
      await source.query(
        'ALTER TABLE guarded FORCE ROW LEVEL SECURITY; ALTER TABLE parted_2024_b FORCE ROW LEVEL SECURITY',
      );
      const model = modelFromSchema(modern ? { ...properties, ...properties18 } : { ...properties });
      const [rows, sequences] = [await contentOf(source), await sequencesOf(source)];
      await source.query(
        'ALTER TABLE guarded NO FORCE ROW LEVEL SECURITY; ALTER TABLE parted_2024_b NO FORCE ROW LEVEL SECURITY',
      );
      const made = await backupOf(source, model);
      await source.query(
        'ALTER TABLE guarded FORCE ROW LEVEL SECURITY; ALTER TABLE parted_2024_b FORCE ROW LEVEL SECURITY',
      );
      const catalog = await catalogOf(source);
      const cwd = await unpacked(made);

      await using target = await testDatabase({ server });
      expect(await psql(target, cwd, ...ALL)).toBe('');
      const only = (content: Record<string, string[]>) =>
        Object.fromEntries(model.tables.map(({ schema, name }) => [name, content[`${schema}.${name}`]]));
      expect(only(await contentOf(target))).toEqual(only(rows));

      await source.admin(
        `SET session_replication_role = replica; TRUNCATE ${model.tables.map(({ name }) => name).join(', ')}, outsiders CASCADE; SET session_replication_role = origin`,
      );
      expect(await psql(source, cwd, 'restore.sql')).toBe('');
      expect(only(await contentOf(source))).toEqual(only(rows));
      expect(await sequencesOf(source)).toEqual(sequences);
      expect(await catalogOf(source)).toEqual(catalog);
    });

    test('promise 9: columns whose values name objects, however deep in their type, are named where what must exist is said', async () => {
      await using source = await testDatabase({ server });
      await source.query(`
        CREATE TABLE named (id int); CREATE DOMAIN of_table AS regclass; CREATE TYPE holder AS (plain int, inner_ of_table);
        CREATE TABLE naming (id int PRIMARY KEY, one regclass, many regtype[], deep holder[]);
        INSERT INTO naming VALUES (1, 'named', '{int4}', ARRAY[ROW(1, 'named')::holder])`);
      const columns = { one: text('one'), many: text('many'), deep: text('deep') };
      const naming = modelFromSchema({ naming: pgTable('naming', { id: text('id'), ...columns }) });
      const cwd = await unpacked(await backupOf(source, naming));
      for (const name of ['README.txt', 'schema/0001.sql'])
        expect(await readFile(join(cwd, name), 'utf8')).toContain(
          'before restore.sql, the objects and roles that the values of these columns name: public.naming.one (regclass), public.naming.many (regtype[]), public.naming.deep (public.holder[])',
        );
      expect(await readFile(join(cwd, 'restore.sql'), 'utf8')).toContain('What they name must exist, too');
      await using target = await testDatabase({ server });
      expect(await psql(target, cwd, ...ALL)).toContain('relation "public.named" does not exist');
      await target.query('CREATE TABLE named (id int)');
      expect(await psql(target, cwd, 'restore.sql')).toBe('');
      expect(await contentOf(target, naming.tables)).toEqual(await contentOf(source, naming.tables));
    });

    test('promise 9: names of which a folder’s name would pass 255 bytes are unpacked and restored', async () => {
      await using source = await testDatabase({ server });
      const [schema, name] = ['бухгалтерия_и_расчёты_персонал', 'история_изменений_сотрудников_'];
      const twin = `${name.slice(0, -1)}2`;
      for (const table of [name, twin])
        await source.query(
          `CREATE SCHEMA IF NOT EXISTS "${schema}"; CREATE TABLE "${schema}"."${table}" (id text PRIMARY KEY); INSERT INTO "${schema}"."${table}" VALUES ('${table}'), (E'\\\\.')`,
        );
      const model = modelFromSchema({
        a: pgSchema(schema).table(name, { id: text().primaryKey() }),
        b: pgSchema(schema).table(twin, { id: text().primaryKey() }),
        none: pgTable('none', { id: text() }),
      });
      await source.query('CREATE TABLE none (id text)');
      const cwd = await unpacked(await backupOf(source, model));
      await using target = await testDatabase({ server });
      expect(await psql(target, cwd, ...ALL)).toBe('');
      expect(await contentOf(target)).toEqual(await contentOf(source));
    });
  });
}
