import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { shareOf } from '../../db/testing/campaign.fixture.ts';
import { catalogOf } from '../../db/testing/catalog.fixture.ts';
import { contentOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';

const MODEL = modelFromSchema({
  t: pgTable('t', { id: integer('id').primaryKey(), v: text('v') }),
  parted: pgTable('parted', { id: integer('id'), v: text('v') }),
  bare: pgTable('bare', { v: text('v') }),
});
const SETUP = `
  CREATE TABLE t (id integer PRIMARY KEY, v text); CREATE INDEX t_sound ON t (v);
  CREATE TABLE parted (id integer, v text) PARTITION BY RANGE (id);
  CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10); CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (10) TO (20);
  CREATE TABLE bare (v text);
  INSERT INTO t VALUES (1, 'twice'), (2, 'twice'), (3, NULL); INSERT INTO parted VALUES (1, 'twice'), (2, 'twice'), (11, 'x')`;

/** Catalog flags of an index left behind by a cancelled CREATE or REINDEX, ready or not. */
const LEFT_BY = {
  'a cancelled CREATE INDEX CONCURRENTLY': 'indisvalid = false',
  'one cancelled in its first phase': 'indisvalid = false, indisready = false',
};
const INDEXES = {
  plain: { sql: 'CREATE INDEX half ON t (v)', breaks: false },
  'of REINDEX CONCURRENTLY': { sql: 'CREATE INDEX half ON t USING btree (v DESC)', breaks: false },
  'on an expression, in part': { sql: `CREATE INDEX half ON t (lower(v)) WHERE id > 0`, breaks: false },
  'unique over rows that fit': { sql: 'CREATE UNIQUE INDEX half ON t (id, v)', breaks: false },
  'unique over rows that break it': { sql: 'CREATE UNIQUE INDEX half ON t (v)', breaks: true },
  'of an empty table': { sql: 'CREATE UNIQUE INDEX half ON bare (v)', breaks: false },
  'of a partition': { sql: 'CREATE INDEX half ON parted_low (v)', breaks: false },
  'unique, of a partition whose rows break it': {
    sql: 'CREATE UNIQUE INDEX half ON parted_low (v)',
    breaks: true,
  },
};
const KINDS = Object.entries(INDEXES);

for (const server of testServers()) {
  describe(`indexes that are not valid, on server ${server}`, () => {
    let database: TestDatabase;
    let made: MadeBackup;
    beforeAll(async () => {
      database = await testDatabase({ server });
      await database.query(SETUP);
      made = await backupOf(database, MODEL);
    });
    afterAll(() => database[Symbol.asyncDispose]());

    for (const [turn, [left, flags]] of Object.entries(LEFT_BY).entries())
      for (const [what, { sql, breaks }] of shareOf(server, turn === 0 ? KINDS : KINDS.toReversed()))
        test(`promise 2: ${left}, ${what}: the restore goes through, says what became of it, and leaves all else as it was`, async () => {
          const [rows, catalog] = [await contentOf(database), await catalogOf(database)];
          if (breaks) await database.query('DELETE FROM t WHERE id = 2; DELETE FROM parted WHERE id = 2');
          await database.query(sql);
          const [{ definition } = { definition: '' }] = await database.query<{ definition: string }>(
            `SELECT pg_get_indexdef('half'::regclass) AS definition`,
          );
          await database.admin(`UPDATE pg_index SET ${flags} WHERE indexrelid = 'half'::regclass`);
          const { warnings } = await restoreInto(database, made);
          expect(await contentOf(database)).toEqual(rows);
          const [index] = await database.query<{ definition: string; valid: boolean }>(
            `SELECT pg_get_indexdef(indexrelid) AS definition, indisvalid AND indisready AS valid FROM pg_index WHERE indexrelid = to_regclass('half')`,
          );
          expect(warnings).toHaveLength(1);
          if (breaks) {
            expect(index).toBeUndefined();
            expect(warnings[0]).toStartWith('The unique index public.half was not valid and is gone');
            expect(warnings[0]).toContain('CREATE UNIQUE INDEX half ON public.');
          } else {
            expect(index).toEqual({ definition, valid: true });
            expect(warnings[0]).toContain('DROP INDEX "public"."half";');
            await database.query('DROP INDEX half');
          }
          expect(await catalogOf(database)).toEqual(catalog);
        });

    test('promise 2: an index of a partitioned table that lacks a partition, and one that waits to be dropped, stay as they are', async () => {
      await database.query('CREATE INDEX lacking ON ONLY parted (v); CREATE INDEX dying ON t (v)');
      await database.admin(
        `UPDATE pg_index SET indislive = false, indisready = false, indisvalid = false WHERE indexrelid = 'dying'::regclass`,
      );
      const [rows, catalog] = [await contentOf(database), await catalogOf(database)];
      expect((await restoreInto(database, made)).warnings).toEqual([]);
      expect([await contentOf(database), await catalogOf(database)]).toEqual([rows, catalog]);
      await database.query('DROP INDEX lacking; DROP INDEX dying');
    });

    test('promise 2: a real CREATE INDEX CONCURRENTLY that was cancelled does not stop a restore', async () => {
      await using other = await testDatabase({ server });
      await other.query(
        'CREATE TABLE t (id integer PRIMARY KEY, v text); CREATE TABLE parted (id integer, v text); CREATE TABLE bare (v text)',
      );
      await other.query(`INSERT INTO t VALUES (1, 'twice'), (2, 'twice')`);
      await expect(other.query('CREATE UNIQUE INDEX CONCURRENTLY broken ON t (v)')).rejects.toThrow();
      const { warnings } = await restoreInto(other, made);
      expect(warnings[0]).toStartWith('The unique index public.broken was not valid and is gone');
    });
  });
}
