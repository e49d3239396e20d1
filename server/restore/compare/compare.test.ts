import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { customType, integer, numeric, pgTable, primaryKey, serial, text } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { type Content, contentOf } from '../../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { DAMAGE } from '../../../db/testing/fixtures/all-types.damage.ts';
import { fillAllTypes } from '../../../db/testing/fixtures/all-types.rows.ts';
import * as allTypes from '../../../db/testing/fixtures/all-types.schema.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { backupOf, compareWith, restoreInto } from '../../testing/verbs.fixture.ts';
import type { Comparison } from './compare.ts';

const DDL = join(import.meta.dir, '../../../db/testing/fixtures/all-types.sql');

/** Counts the rows that are in `one` more often than in `other`. */
function onlyIn(one: string[], other: string[]): number {
  const left = Map.groupBy(other, (row) => row);
  return one.filter((row) => left.get(row)?.pop() === undefined).length;
}

function differing({ tables }: Comparison) {
  return tables.filter(({ added, changed, removed }) => added + changed + removed > 0);
}

function nameOf(table: string): string {
  return table.includes('.') ? table : `public.${table}`;
}

const staging = (database: TestDatabase) =>
  database.admin(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore\\_%'`);

for (const server of testServers()) {
  describe(`comparing a backup with live on server ${server}`, () => {
    let database: TestDatabase;
    let then: Content;
    let made: Awaited<ReturnType<typeof backupOf>>;
    beforeAll(async () => {
      database = await testDatabase({ server });
      await database.query(await readFile(DDL, 'utf8'));
      await fillAllTypes(database.query);
      then = await contentOf(database);
      made = await backupOf(database, modelFromSchema(allTypes));
    });
    afterAll(() => database[Symbol.asyncDispose]());

    test('right after the backup every table is found equal by its bytes, and none is loaded', async () => {
      const found = await compareWith(database, made);
      expect(differing(found)).toEqual([]);
      expect(found.tables.filter(({ by }) => by !== 'bytes')).toEqual([]);
      expect(Object.fromEntries(found.tables.map(({ table, unchanged }) => [table, unchanged]))).toEqual(
        made.result.tables,
      );
      expect(found.stops).toEqual([]);
    });

    test('after damage to every type the numbers are those of comparing all rows by hand, and a restore leaves no difference', async () => {
      await database.admin(DAMAGE);
      const now = await contentOf(database);
      const found = await compareWith(database, made);
      expect(await contentOf(database)).toEqual(now);
      expect(await staging(database)).toEqual([]);
      for (const { table, added, changed, removed, unchanged } of found.tables) {
        const [before, after] = [then[nameOf(table)] ?? [], now[nameOf(table)] ?? []];
        expect({ table, come: added + changed, go: removed + changed, unchanged }).toEqual({
          table,
          come: onlyIn(before, after),
          go: onlyIn(after, before),
          unchanged: before.length - onlyIn(before, after),
        });
      }
      expect(differing(found).length).toBeGreaterThan(15);
      await restoreInto(database, made);
      expect(differing(await compareWith(database, made))).toEqual([]);
    });
  });

  describe(`comparing rows on server ${server}`, () => {
    test('counts by key, by column and by whole row, as a plain comparison of two sets of rows does', async () => {
      await using database = await testDatabase({ server });
      await database.query(`
        CREATE TABLE keyed (a int, b text, "x, y" text, n numeric, PRIMARY KEY (b, a));
        CREATE TABLE loose (a int, b text)`);
      const insert = async (rows: Row[]) => {
        await database.query('TRUNCATE keyed, loose');
        for (const { a, b, x, n } of rows)
          await database.query('INSERT INTO keyed VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [a, b, x, n]);
        for (const { a, x } of rows) await database.query('INSERT INTO loose VALUES ($1, $2)', [a, x]);
        return await contentOf(database);
      };
      await fc.assert(
        fc.asyncProperty(ROWS, ROWS, async (before, after) => {
          const then = await insert(before);
          const texts = { keyed: await textsOf(database, 'keyed'), loose: await textsOf(database, 'loose') };
          const made = await backupOf(database, modelFromSchema({ keyed, loose }), { verify: false });
          const now = await insert(after);
          const found = await compareWith(database, made, { keepMs: 60_000 });
          const [byKey, byRow] = found.tables;
          for (const table of ['keyed', 'loose'] as const)
            expect(await putBack(database, found, table)).toEqual(texts[table]);
          expect(byKey).toMatchObject(expectedByKey(before, after));
          const [come, go] = [
            onlyIn(then['public.loose'] ?? [], now['public.loose'] ?? []),
            onlyIn(now['public.loose'] ?? [], then['public.loose'] ?? []),
          ];
          expect(byRow).toMatchObject({ added: come, removed: go, changed: 0, unchanged: before.length - come });
        }),
        { numRuns: campaign(10, 300) },
      );
    });

    test('rows in another order on disk are equal, and bytes that mean the same text as well', async () => {
      await using database = await testDatabase({ server });
      await database.query(`
        CREATE TABLE keyed (a int, b text, "x, y" text, n numeric, PRIMARY KEY (b, a));
        CREATE TABLE loose (a int, b text);
        INSERT INTO keyed SELECT n, 'b', 'x', n / 4.0 FROM generate_series(1, 200) AS n;
        INSERT INTO loose SELECT n, 'b' FROM generate_series(1, 200) AS n`);
      const made = await backupOf(database, modelFromSchema({ keyed, loose }));
      await database.query('UPDATE keyed SET n = n WHERE a < 50; UPDATE loose SET b = b WHERE a < 50');
      const found = await compareWith(database, made);
      expect(differing(found)).toEqual([]);
      expect(found.tables.map(({ by, unchanged }) => ({ by, unchanged }))).toEqual([
        { by: 'key', unchanged: 200 },
        { by: 'row', unchanged: 200 },
      ]);
    });

    test('a key that the backup’s rows do not keep gives way to whole rows', async () => {
      await using database = await testDatabase({ server });
      await database.query(`
        CREATE TABLE keyed (a int, b text, "x, y" text, n numeric);
        INSERT INTO keyed VALUES (1, 'b', 'x', 1), (1, 'b', 'x', 1), (1, 'b', 'y', 2), (2, 'b', 'x', 1)`);
      const made = await backupOf(database, modelFromSchema({ keyed }));
      await database.query(`
        DELETE FROM keyed; INSERT INTO keyed VALUES (1, 'b', 'x', 1), (3, 'b', 'x', 1); ALTER TABLE keyed ADD PRIMARY KEY (b, a)`);
      expect((await compareWith(database, made)).tables).toMatchObject([
        { by: 'row', added: 3, changed: 0, removed: 1, unchanged: 1 },
      ]);
    });

    test('values older than a NOT VALID check of their domain are compared like any others, in a key as well', async () => {
      await using database = await testDatabase({ server });
      await database.query(`
        CREATE DOMAIN pct AS int;
        CREATE TABLE rated (share pct PRIMARY KEY, many pct[]);
        INSERT INTO rated VALUES (1, '{1}'), (150, '{200}'), (160, NULL);
        ALTER DOMAIN pct ADD CONSTRAINT most CHECK (VALUE <= 100) NOT VALID`);
      const made = await backupOf(database, modelFromSchema({ rated }));
      await database.query(`DELETE FROM rated WHERE share = 150; UPDATE rated SET many = '{3}' WHERE share = 1`);
      expect((await compareWith(database, made)).tables).toMatchObject([
        { by: 'key', added: 1, changed: 1, removed: 0, unchanged: 1, columns: { many: 1 } },
      ]);
    });

    test('says what would stop the restore instead of failing, and leaves nothing behind', async () => {
      await using database = await testDatabase({ server });
      await database.query(`
        CREATE TABLE keyed (a int, b text, "x, y" text, n numeric, PRIMARY KEY (b, a)); INSERT INTO keyed VALUES (1, 'b', 'x', 1)`);
      const made = await backupOf(database, modelFromSchema({ keyed }));
      await database.query('UPDATE keyed SET n = 2');
      await database.admin('REVOKE TRUNCATE, INSERT ON keyed FROM palace_owner');
      const found = await compareWith(database, made);
      expect(found.stops).toMatchObject([{ code: 'PERMISSION_DENIED', hint: expect.stringContaining('GRANT') }]);
      expect(found.tables).toMatchObject([{ changed: 1, columns: { n: 1 } }]);
      expect(await staging(database)).toEqual([]);
    });

    test('names a sequence that cannot stand where it stood, and a restore refuses it before it locks anything', async () => {
      await using database = await testDatabase({ server });
      await database.query('CREATE TABLE numbered (n serial); INSERT INTO numbered SELECT FROM generate_series(1, 50)');
      const made = await backupOf(database, modelFromSchema({ numbered: pgTable('numbered', { n: serial('n') }) }));
      await database.query('TRUNCATE numbered RESTART IDENTITY; ALTER SEQUENCE numbered_n_seq MAXVALUE 40');
      const [stop] = (await compareWith(database, made)).stops;
      const error = await rejection(restoreInto(database, made));
      expect(stop).toEqual({ code: error.code, message: error.message, hint: error.hint ?? null });
      expect(error.code).toBe('RESTORE_REFUSED');
      expect(error.hint).toContain('ALTER SEQUENCE "public"."numbered_n_seq" MAXVALUE 50;');
    });

    test('names an event trigger that forbids altering tables', async () => {
      await using database = await testDatabase({ server });
      await database.query('CREATE TABLE loose (a int, b text); INSERT INTO loose VALUES (1)');
      const made = await backupOf(database, modelFromSchema({ loose }));
      await database.admin(`
        CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
        CREATE EVENT TRIGGER nobody_alters ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION no()`);
      const [stop] = (await compareWith(database, made)).stops;
      expect(stop).toMatchObject({ code: 'RESTORE_REFUSED', hint: expect.stringContaining('nobody_alters') });
      expect((await rejection(restoreInto(database, made))).code).toBe('RESTORE_REFUSED');
    });

    test('a table whose policies are forced on its owner: the plan says that it cannot see the rows', async () => {
      await using database = await testDatabase({ server });
      await database.query('CREATE TABLE loose (a int, b text); INSERT INTO loose VALUES (1)');
      const made = await backupOf(database, modelFromSchema({ loose }));
      await database.query(
        'ALTER TABLE loose ENABLE ROW LEVEL SECURITY; ALTER TABLE loose FORCE ROW LEVEL SECURITY; DELETE FROM loose',
      );
      const error = await rejection(compareWith(database, made));
      expect(error.code).toBe('PERMISSION_DENIED');
      expect(error.message).toMatch(/^row security hides rows of public\.loose from \S+\. Nothing was compared\.$/);
      expect(error.hint).toMatch(/ALTER ROLE \S+ BYPASSRLS;$/);
    });

    test('a table that stays locked is named with its holder, and nothing is left behind', async () => {
      await using database = await testDatabase({ server });
      await database.query('CREATE TABLE loose (a int, b text)');
      const made = await backupOf(database, modelFromSchema({ loose }));
      await database.admin('BEGIN; LOCK TABLE loose IN ACCESS EXCLUSIVE MODE');
      const error = await rejection(compareWith(database, made, { lockGiveUpMs: 300 }));
      expect(error.code).toBe('TABLE_BUSY');
      expect(error.message).toMatch(/loose/);
      expect(error.message).not.toMatch(/backup was made/);
      await database.admin('ROLLBACK');
      expect(await staging(database)).toEqual([]);
    });
  });
}

const keyed = pgTable('keyed', { a: integer('a'), b: text('b'), xy: text('x, y'), n: numeric('n') }, (table) => [
  primaryKey({ columns: [table.b, table.a] }),
]);
const loose = pgTable('loose', { a: integer('a'), b: text('b') });
const pct = (name: string, type = 'pct') => customType<{ data: string }>({ dataType: () => type })(name);
const rated = pgTable('rated', { share: pct('share').primaryKey(), many: pct('many', 'pct[]') });

const VALUES = { keyed: 'a::text, b, "x, y", n::text', loose: 'a::text, b' };

async function textsOf(database: TestDatabase, table: keyof typeof VALUES): Promise<string[]> {
  const rows = await database.query<{ row: string }>(`SELECT ARRAY[${VALUES[table]}]::text AS row FROM ${table}`);
  return rows.map(({ row }) => row).sort();
}

/** Returns the rows of today as the kept differences of a plan say that the backup has them. */
async function putBack(database: TestDatabase, { kept }: Comparison, table: keyof typeof VALUES): Promise<string[]> {
  const rows = await textsOf(database, table);
  const place = kept?.tables.find(({ name }) => name === table)?.kept;
  if (place === undefined) return rows;
  const changes = await database.admin<{ before: string | null; after: string | null }>(
    `SELECT before::text AS before, after::text AS after FROM ${place.schema}.${place.name} ORDER BY place`,
  );
  for (const { before, after } of changes) {
    if (before !== null) rows.splice(rows.indexOf(before), 1);
    if (after !== null) rows.push(after);
  }
  return rows.sort();
}

interface Row {
  a: number;
  b: string;
  x: string | null;
  n: string;
}

const ROWS = fc.array(
  fc.record({
    a: fc.integer({ min: 0, max: 3 }),
    b: fc.constantFrom('', 'b', 'NULL'),
    x: fc.constantFrom(null, '', 'NULL', '\\N', '\\.', 'long '.repeat(2000)),
    n: fc.constantFrom('1.0', '1.00', '0'),
  }),
  { maxLength: 12 },
);

/** Compares the rows by their key in plain TypeScript. The first of several with one key counts, as in the table. */
function expectedByKey(before: Row[], after: Row[]) {
  const byKey = (rows: Row[]) => new Map(rows.toReversed().map((row) => [JSON.stringify([row.a, row.b]), row]));
  const [then, now] = [byKey(before), byKey(after)];
  const both = [...then].flatMap(([key, row]) => {
    const today = now.get(key);
    return today ? [{ row, today }] : [];
  });
  const of = (name: 'x' | 'n') => both.filter(({ row, today }) => row[name] !== today[name]).length;
  const changed = both.filter(({ row, today }) => row.x !== today.x || row.n !== today.n).length;
  return {
    added: then.size - both.length,
    removed: now.size - both.length,
    changed,
    unchanged: both.length - changed,
    columns: { ...(of('x') > 0 && { 'x, y': of('x') }), ...(of('n') > 0 && { n: of('n') }) },
  };
}
