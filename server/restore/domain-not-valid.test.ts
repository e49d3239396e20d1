import { describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { contentOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { typed } from '../../db/testing/fixtures/typed.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

const readings = pgTable('readings', {
  id: integer('id').primaryKey(),
  plain: typed('pct')('plain'),
  many: typed('pct[]')('many'),
  inside: typed('reading')('inside'),
  above: typed('half')('above'),
  span: typed('pcts')('span'),
  spans: typed('pct_spans')('spans'),
});
const model = modelFromSchema({ readings });

const MADE = `
  CREATE DOMAIN pct AS int CONSTRAINT positive CHECK (VALUE >= 0);
  CREATE DOMAIN half AS pct;
  CREATE TYPE reading AS (at date, value pct);
  CREATE TYPE pcts AS RANGE (SUBTYPE = pct, MULTIRANGE_TYPE_NAME = pct_spans);
  CREATE TABLE readings (id int PRIMARY KEY, plain pct, many pct[], inside reading, above half, span pcts, spans pct_spans);
  CREATE TABLE elsewhere (value pct);
  INSERT INTO readings VALUES
    (1, 50, '{1,2}', '(2024-01-01,3)', 4, '[1,2)', '{[1,2),[5,6)}'), (2, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, 150, '{1,NULL,200}', '(,300)', 400, '[150,250)', '{[1,2),[350,)}'), (4, NULL, '{}', '(,)', NULL, 'empty', '{}');
  INSERT INTO elsewhere VALUES (999);
  ALTER DOMAIN pct ADD CONSTRAINT "max 100" CHECK (VALUE <= 100) NOT VALID;
  COMMENT ON CONSTRAINT "max 100" ON DOMAIN pct IS 'it''s older than some rows'`;

const checksOf = (database: TestDatabase) =>
  database.query(
    `SELECT conname, convalidated, pg_get_constraintdef(oid) AS definition, obj_description(oid, 'pg_constraint') AS comment FROM pg_constraint WHERE contypid = 'pct'::regtype ORDER BY 1`,
  );

for (const server of testServers()) {
  describe(`a NOT VALID check of a domain on server ${server}`, () => {
    test('promise 2: rows older than the check come back wherever the domain stands, and the check is as it was', async () => {
      await using database = await testDatabase({ server });
      await database.query(MADE);
      const [before, checks] = [await contentOf(database), await checksOf(database)];
      const made = await backupOf(database, model);
      await database.query('DELETE FROM readings WHERE id > 1; UPDATE readings SET plain = 7');
      const { warnings } = await restoreInto(database, made);
      expect(warnings).toEqual([expect.stringMatching(/^public\.elsewhere is in the database but not in the schema/)]);
      expect(await contentOf(database)).toEqual(before);
      expect(await checksOf(database)).toEqual(checks);
      await expect(database.query('INSERT INTO readings VALUES (5, 101)')).rejects.toThrow('max 100');
    });

    test('promise 9: by unzip and psql rows older than the check come back, and the check is NOT VALID again', async () => {
      await using source = await testDatabase({ server });
      await using target = await testDatabase({ server });
      await source.query(MADE);
      await source.query('DROP TABLE elsewhere');
      const [before, checks] = [await contentOf(source), await checksOf(source)];
      const { bytes } = await backupOf(source, model);
      const folder = await mkdtemp(join(tmpdir(), 'domain-'));
      try {
        await Bun.write(join(folder, 'backup.zip'), bytes);
        await Bun.$`unzip -q backup.zip`.cwd(folder);
        for (const file of ['schema/0001.sql', 'schema/0002.sql', 'restore.sql'])
          await Bun.$`psql -X -q -v ON_ERROR_STOP=1 -f ${file} ${target.url}`.cwd(folder).quiet();
      } finally {
        await rm(folder, { recursive: true });
      }
      expect(await contentOf(target)).toEqual(before);
      expect(await checksOf(target)).toEqual(checks.map((check) => ({ ...check, comment: null })));
      await expect(target.query('INSERT INTO readings VALUES (5, 101)')).rejects.toThrow('max 100');
    });

    test('who does not own the domain is told which check refuses the rows, and what its owner must run', async () => {
      await using database = await testDatabase({ server });
      await database.query('CREATE TABLE readings (id int PRIMARY KEY)');
      await database.admin('CREATE DOMAIN pct AS int; ALTER TABLE readings ADD plain pct');
      await database.query('INSERT INTO readings VALUES (1, 150)');
      await database.admin('ALTER DOMAIN pct ADD CONSTRAINT "max 100" CHECK (VALUE <= 100) NOT VALID');
      const table = pgTable('readings', { id: integer('id').primaryKey(), plain: typed('pct')('plain') });
      const made = await backupOf(database, modelFromSchema({ table }));
      const before = await contentOf(database);
      await expect(restoreInto(database, made)).rejects.toMatchObject({
        code: 'RESTORE_REFUSED',
        hint: expect.stringContaining('ALTER DOMAIN "public"."pct" DROP CONSTRAINT "max 100"'),
      });
      expect(await contentOf(database)).toEqual(before);
    });

    test('promise 11: a backup names the check also where the domain stands only inside a multirange', async () => {
      await using database = await testDatabase({ server });
      await database.query(`
        CREATE DOMAIN pct AS int;
        CREATE TYPE pcts AS RANGE (SUBTYPE = pct, MULTIRANGE_TYPE_NAME = pct_spans);
        CREATE TABLE readings (id int PRIMARY KEY, spans pct_spans);
        INSERT INTO readings VALUES (1, '{[1,150)}');
        ALTER DOMAIN pct ADD CONSTRAINT "max 100" CHECK (VALUE <= 100) NOT VALID`);
      const table = pgTable('readings', { id: integer('id').primaryKey(), spans: typed('pct_spans')('spans') });
      const { result } = await backupOf(database, modelFromSchema({ table }));
      expect(result.warnings).toEqual([
        expect.stringContaining('max 100 of the domain public.pct is NOT VALID: values from before it may break it'),
      ]);
    });

    test('a restore that fails leaves the check and the rows as they were', async () => {
      await using database = await testDatabase({ server });
      await database.query(MADE);
      const made = await backupOf(database, model);
      await database.query('DELETE FROM readings; ALTER TABLE readings ADD CONSTRAINT none CHECK (id < 3)');
      const [before, checks] = [await contentOf(database), await checksOf(database)];
      await expect(restoreInto(database, made)).rejects.toMatchObject({ code: 'RESTORE_REFUSED' });
      expect(await contentOf(database)).toEqual(before);
      expect(await checksOf(database)).toEqual(checks);
    });
  });
}
