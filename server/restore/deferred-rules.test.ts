import { describe, expect, test } from 'bun:test';
import { type AnyPgColumn, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { catalogOf } from '../../db/testing/catalog.fixture.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { contentOf } from '../../db/testing/content.fixture.ts';
import { testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

const parents = pgTable('parents', { id: integer('id').primaryKey() });
const MODEL = modelFromSchema({
  parents,
  children: pgTable('children', {
    id: integer('id').primaryKey(),
    parent: integer('parent').references((): AnyPgColumn => parents.id),
    words: text('words'),
  }),
});
/**
 * SQL with a trigger that makes the restore alter the table after its rows arrived. PostgreSQL refuses that while checks of those rows
 * wait for the commit.
 */
const SETUP = `
  CREATE TABLE parents (id integer PRIMARY KEY);
  CREATE TABLE children (id integer PRIMARY KEY, parent integer REFERENCES parents DEFERRABLE INITIALLY DEFERRED, words text);
  CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.words := upper(NEW.words); RETURN NEW; END';
  CREATE TRIGGER shouts BEFORE INSERT ON children FOR EACH ROW EXECUTE FUNCTION shout();
  INSERT INTO parents VALUES (1), (2); INSERT INTO children VALUES (1, 1, 'a'), (2, 2, 'b')`;

for (const server of testServers()) {
  describe(`a foreign key that is checked at the commit, on server ${server}`, () => {
    test('promise 2: to a table that is not restored, it hinders no restore', async () => {
      await using database = await testDatabase({ server });
      await database.query(SETUP);
      const before = [await contentOf(database), await catalogOf(database)];
      const made = await backupOf(database, MODEL);
      await database.query('DELETE FROM children');
      await restoreInto(database, made, { tables: ['children'] });
      expect([await contentOf(database), await catalogOf(database)]).toEqual(before);
    });

    test('promise 5: rows that would break it are told before the commit, by rule and key, and nothing was changed', async () => {
      await using database = await testDatabase({ server });
      await database.query(SETUP);
      const made = await backupOf(database, MODEL);
      await database.query('DELETE FROM children; DELETE FROM parents WHERE id = 2');
      const now = [await contentOf(database), await catalogOf(database)];
      const error = await rejection(restoreInto(database, made, { tables: ['children'] }));
      expect(error).toMatchObject({ code: 'LINKS_BROKEN' });
      expect(String(error)).toMatch(/children_parent_fkey.*with the keys 2/);
      expect([await contentOf(database), await catalogOf(database)]).toEqual(now);
    });
  });
}
