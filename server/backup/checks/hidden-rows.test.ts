import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { date, integer, pgSchema, pgTable, serial, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { catalogOf } from '../../../db/testing/catalog.fixture.ts';
import { contentOf } from '../../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../../testing/verbs.fixture.ts';

const model = modelFromSchema({
  secrets: pgTable('secrets', { id: integer().primaryKey(), keeper: text(), words: text() }),
});
const DDL = `
  CREATE TABLE secrets (id integer PRIMARY KEY, keeper text, words text);
  INSERT INTO secrets VALUES (1, current_user, 'seen'), (2, 'somebody else', 'hidden');
  ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
  CREATE POLICY mine ON secrets USING (keeper = current_user);`;

for (const server of testServers()) {
  describe(`row security on server ${server}`, () => {
    let database: TestDatabase;
    const owner = 'palace_guarded_owner';
    beforeAll(async () => {
      database = await testDatabase({ server, owner });
      await database.query(DDL);
    });
    afterAll(() => database[Symbol.asyncDispose]());

    test('an owner whom no policy binds backs up every row', async () => {
      expect((await backupOf(database, model)).result.tables).toEqual({ secrets: 2 });
    });

    test('promise 1, promise 10: where FORCE would hide rows from the owner, the backup refuses and names the table and the right', async () => {
      await database.query('ALTER TABLE secrets FORCE ROW LEVEL SECURITY');
      expect(await database.query('SELECT id FROM secrets')).toEqual([{ id: 1 }]);
      await expect(backupOf(database, model)).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining('public.secrets'),
        hint: expect.stringContaining(`ALTER ROLE "${owner}" BYPASSRLS;`),
      });
    });

    test('promise 10: with BYPASSRLS the same owner backs up every row, and restores it under FORCE', async () => {
      await database.query('ALTER TABLE secrets FORCE ROW LEVEL SECURITY');
      await database.admin(`ALTER ROLE ${owner} BYPASSRLS`);
      try {
        const [rows, catalog] = [await contentOf(database), await catalogOf(database)];
        const made = await backupOf(database, model);
        expect(made.result.tables).toEqual({ secrets: 2 });
        await database.admin('DELETE FROM secrets');
        await restoreInto(database, made);
        expect(await contentOf(database)).toEqual(rows);
        expect(await catalogOf(database)).toEqual(catalog);
        // The owner restores past its own policies even without BYPASSRLS, which only a backup needs.
        await database.admin(`DELETE FROM secrets; ALTER ROLE ${owner} NOBYPASSRLS`);
        await restoreInto(database, made);
        expect(await contentOf(database)).toEqual(rows);
        expect(await catalogOf(database)).toEqual(catalog);
      } finally {
        await database.admin(`ALTER ROLE ${owner} NOBYPASSRLS`);
      }
    });

    test('promise 10: a reader learns which rights are missing, schemas, partitions and sequences included, with the GRANT of each, and backs up when they are given', async () => {
      await database.admin(
        `DO $$ BEGIN CREATE ROLE palace_reader LOGIN PASSWORD 'palace'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
      );
      await database.query(`
        CREATE SCHEMA inner_room;
        CREATE TABLE inner_room.parts (id serial, at date, words text) PARTITION BY RANGE (at);
        CREATE TABLE inner_room.parts_all PARTITION OF inner_room.parts DEFAULT;
        INSERT INTO inner_room.parts (words) VALUES ('one')`);
      const inner = pgSchema('inner_room').table('parts', { id: serial(), at: date(), words: text() });
      const url = new URL(database.url);
      url.username = 'palace_reader';
      const backup = () => backupOf({ url: url.href }, modelFromSchema({ inner }));
      const grants = [
        'GRANT USAGE ON SCHEMA "inner_room" TO "palace_reader";',
        'GRANT SELECT ON "inner_room"."parts" TO "palace_reader";',
        'GRANT SELECT ON "inner_room"."parts_all" TO "palace_reader";',
        'GRANT SELECT ON SEQUENCE "inner_room"."parts_id_seq" TO "palace_reader";',
      ];
      for (const [given, grant] of grants.entries()) {
        const error = await backup().catch((refusal: unknown) => refusal);
        expect(error).toMatchObject({
          code: 'PERMISSION_DENIED',
          hint: expect.stringContaining(grants.slice(given).join(' ')),
        });
        await database.query(grant);
      }
      expect((await backup()).result.tables).toEqual({ 'inner_room.parts': 1 });
    });
  });
}
