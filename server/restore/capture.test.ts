import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CatalogDump, catalogOf } from '../../db/catalog.fixture.ts';
import { type Content, contentOf, sequencesOf } from '../../db/content.fixture.ts';
import { modelFromSchema } from '../../db/drizzle-model.ts';
import * as properties from '../../db/fixtures/properties.schema.ts';
import * as properties18 from '../../db/fixtures/properties-18.schema.ts';
import { type TestDatabase, testDatabase } from '../../db/testing.ts';
import { testServers } from '../../db/testing-servers.ts';
import { backupOf, type MadeBackup, restoreInto } from '../verbs.fixture.ts';

const FIXTURES = join(import.meta.dir, '../../db/fixtures');
const ROLES = `DO $$ BEGIN CREATE ROLE fixture_reader; CREATE ROLE fixture_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$`;
/** Changes, removes and adds rows of the model's tables past every trigger and rule. */
const DAMAGE = `
  SET session_replication_role = replica;
  UPDATE triggered SET words = 'changed'; DELETE FROM children WHERE id = 1; UPDATE parents SET part = 2; DELETE FROM indexed WHERE id > 3; UPDATE ONLY bases SET amount = 500;
  DELETE FROM parted_2023; TRUNCATE clustered, clustered_key, guarded; INSERT INTO unidentified VALUES (2, 2);
  SET session_replication_role = origin;`;

for (const server of testServers()) {
  describe(`capture and restore on server ${server}`, () => {
    const modern = server === '18';
    const model = modelFromSchema({ ...properties, ...(modern ? properties18 : {}) });
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
  });
}
