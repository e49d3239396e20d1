import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { type CatalogDump, catalogOf } from '../../db/testing/catalog.fixture.ts';
import { type Content, contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import * as properties from '../../db/testing/fixtures/properties.schema.ts';
import * as properties18 from '../../db/testing/fixtures/properties-18.schema.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';

const FIXTURES = join(import.meta.dir, '../../db/testing/fixtures');
const ROLES = `DO $$ BEGIN CREATE ROLE fixture_reader; CREATE ROLE fixture_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$`;
/** SQL that changes, removes and adds rows of the model's tables past every trigger and rule. */
const DAMAGE = `
  SET session_replication_role = replica;
  UPDATE triggered SET words = 'changed'; DELETE FROM children WHERE id = 1; UPDATE parents SET part = 2; DELETE FROM indexed WHERE id > 3; UPDATE ONLY bases SET amount = 500;
  DELETE FROM parted_2023; TRUNCATE clustered, clustered_key, guarded; INSERT INTO unidentified VALUES (2, 2);
  SET session_replication_role = origin;`;

for (const server of testServers()) {
  describe(`capture and restore on server ${server}`, () => {
    const modern = server === '18';
    const model = modelFromSchema(modern ? { ...properties, ...properties18 } : { ...properties });
    let database: TestDatabase;
    let catalog: CatalogDump;
    let rows: Content;
    let made: MadeBackup;
    beforeAll(async () => {
      database = await testDatabase({ server });
      await database.admin(ROLES);
      await database.query(await readFile(join(FIXTURES, 'properties.sql'), 'utf8'));
      if (modern) await database.query(await readFile(join(FIXTURES, 'properties-18.sql'), 'utf8'));
      await database.admin('CREATE PUBLICATION everything FOR ALL TABLES');
      catalog = await catalogOf(database);
      rows = await contentOf(database);
      made = await backupOf(database, model);
    });
    afterAll(() => database[Symbol.asyncDispose]());

    test('promise 10: as the owner, who is no superuser, a restore brings back rows and leaves every property of the tables as it was', async () => {
      const sequences = await sequencesOf(database);
      await database.admin(DAMAGE);
      await restoreInto(database, made);
      expect(await catalogOf(database)).toEqual(catalog);
      expect(await contentOf(database)).toEqual(rows);
      expect(await sequencesOf(database)).toEqual(sequences);
    });

    test('rows that a trigger of today would change arrive as they were', async () => {
      await restoreInto(database, made, { tables: ['triggered'] });
      expect(await database.query('SELECT words FROM triggered ORDER BY id')).toEqual([
        { words: 'small letters' },
        { words: null },
      ]);
    });

    test('promise 5: a table elsewhere that refers to restored rows keeps its rows and its foreign key, and a foreign key it would lose refuses the restore', async () => {
      await database.query(
        `DELETE FROM outsiders WHERE id = 2; SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE triggered DISABLE TRIGGER USER`,
      );
      await database.query(`INSERT INTO triggered VALUES (3, 'new'); UPDATE outsiders SET triggered_id = 3`);
      const now = [await contentOf(database), await catalogOf(database)];
      const refused = restoreInto(database, made);
      await expect(refused).rejects.toMatchObject({
        code: 'LINKS_BROKEN',
        details: { table: 'public.outsiders', constraint: 'outsiders_triggered_id_fkey' },
      });
      expect([await contentOf(database), await catalogOf(database)]).toEqual(now);
      await database.query('UPDATE outsiders SET triggered_id = 2');
      await restoreInto(database, made);
      expect(await database.query('SELECT * FROM outsiders')).toEqual([{ id: 1, parent_id: 1, triggered_id: 2 }]);
      expect((await catalogOf(database)).constraints).toEqual(catalog.constraints ?? []);
    });

    test('promise 10: a table of somebody else that refers to restored ones, or inherits from them, is named with the GRANT to run, and nothing changes', async () => {
      for (const table of ['outsiders', 'strangers']) {
        await database.admin(`ALTER TABLE ${table} OWNER TO fixture_writer`);
        const before = [await contentOf(database), await catalogOf(database)];
        const hint = expect.stringContaining('GRANT "fixture_writer" TO "palace_owner";');
        await expect(restoreInto(database, made)).rejects.toMatchObject({
          code: 'PERMISSION_DENIED',
          message: expect.stringContaining(`public.${table}`),
          hint,
        });
        expect([await contentOf(database), await catalogOf(database)]).toEqual(before);
        await database.admin(`ALTER TABLE ${table} OWNER TO palace_owner`);
      }
    });

    test('a property that only a superuser could put back refuses the restore, and nothing changes', async () => {
      await database.admin('ALTER TABLE children DISABLE TRIGGER ALL');
      const before = [await contentOf(database), await catalogOf(database)];
      await expect(restoreInto(database, made)).rejects.toMatchObject({
        code: 'RESTORE_REFUSED',
        message: expect.stringContaining('public.children.by_code'),
      });
      expect([await contentOf(database), await catalogOf(database)]).toEqual(before);
      await database.admin('ALTER TABLE children ENABLE TRIGGER ALL');
    });

    test('promise 10: a table whose policies are forced on its owner is filled, counted and left as it was', async () => {
      for (const counted of ['on', 'off']) {
        await database.query('ALTER TABLE guarded FORCE ROW LEVEL SECURITY');
        const whole = await backupOf({ url: database.adminUrl }, model);
        const [content, forced] = [await contentOf(database), await catalogOf(database)];
        await database.admin(
          `ALTER DATABASE ${database.name} SET track_counts = ${counted}; SET session_replication_role = replica; DELETE FROM guarded; SET session_replication_role = origin`,
        );
        await restoreInto(database, whole);
        expect([await contentOf(database), await catalogOf(database)]).toEqual([content, forced]);
      }
    });
  });
}
