import { expect, test } from 'bun:test';
import { bigint, integer, pgTable } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { testDatabase } from '../../../db/testing/database.ts';
import { typed } from '../../../db/testing/fixtures/typed.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { mustExist } from '../../archive/manifest/must-exist.ts';
import { schemaSql } from '../../archive/recovery/schema-sql.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { backupOf } from '../../testing/verbs.fixture.ts';
import { checkEnvironment } from './check.ts';

const t = pgTable('t', {
  id: integer('id').primaryKey(),
  span: typed('span')('span'),
  code: typed('code')('code'),
  pair: typed('pair')('pair'),
  bytes: typed('text')('bytes'),
  words: typed('text')('words'),
  loose: typed('text')('loose'),
  over: typed('code')('over'),
});
const handmade = pgTable('handmade', { id: bigint('id', { mode: 'number' }).primaryKey(), v: typed('odd')('v') });

for (const server of testServers()) {
  test(`promise 9: schema/*.sql makes types, collations and columns whose definitions are those of the backup, on server ${server}`, async () => {
    await using source = await testDatabase({ server });
    await using target = await testDatabase({ server });
    await source.query(`
      CREATE TYPE span AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = text_pattern_ops, COLLATION = "C");
      CREATE DOMAIN code AS text COLLATE "C" CHECK (VALUE <> '');
      CREATE TYPE pair AS (a text COLLATE "C", b span);
      CREATE SCHEMA sorts; CREATE COLLATION sorts."Any case" (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
      CREATE COLLATION plain FROM "C"; CREATE DOMAIN sorted AS text COLLATE plain; CREATE TYPE line AS RANGE (SUBTYPE = text, COLLATION = plain);
      CREATE TABLE t (id int PRIMARY KEY, span span, code code, pair pair, bytes text COLLATE "C" UNIQUE, words text COLLATE "en-x-icu" DEFAULT 'x' NOT NULL,
        loose text COLLATE sorts."Any case" UNIQUE, over code COLLATE plain, sorted sorted, line line)`);
    const { manifest } = await backupOf(source, modelFromSchema({ t }));
    for (const sql of schemaSql(manifest))
      await Bun.$`psql -X -q -v ON_ERROR_STOP=1 -f - ${target.url} < ${new Response(sql)}`.quiet();
    const again = await backupOf(target, modelFromSchema({ t }));
    const made = ({ types, collations, tables, defaultCollation }: typeof manifest) => ({
      types,
      collations,
      columns: tables[0]?.columns,
      uniques: tables[0]?.uniques,
      defaultCollation,
    });
    expect(made(again.manifest)).toEqual(made(manifest));
    expect(manifest.collations).toHaveLength(2);
    expect(manifest.defaultCollation).toMatchObject({ provider: server === '18' ? 'b' : 'c' });
    expect(mustExist(manifest)).toEqual([
      'the collation en-x-icu of the server',
      'a server with ICU, for the collation "sorts"."Any case"',
    ]);
    await target.query(`INSERT INTO t (id, loose) VALUES (1, 'a')`);
    await expect(target.query(`INSERT INTO t (id, loose) VALUES (2, 'A')`)).rejects.toThrow('t_loose_key');
  });

  test(`promise 11: types that no schema/*.sql can make are named on the day of the backup, on server ${server}`, async () => {
    await using database = await testDatabase({ server });
    await database.admin(`
      CREATE TYPE odd; CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'textin';
      CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
      CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out)`);
    await database.query(`
      CREATE TABLE handmade (id int PRIMARY KEY, v odd)`);
    const model = modelFromSchema({ handmade });
    const { result, manifest } = await backupOf(database, model);
    const report = await checkEnvironment(
      { databaseUrl: database.url, storage: createMemoryStorage(() => new Date()), model },
      new AbortController().signal,
    );
    const notes = report.findings.flatMap(({ message }) => (message.startsWith('note: ') ? [message.slice(6)] : []));
    expect(notes).toEqual(result.warnings);
    expect(manifest.otherTypes).toEqual([
      { kind: 'base', schema: 'public', name: 'odd', input: 'public.odd_in', output: 'public.odd_out' },
    ]);
    expect(result.warnings).toEqual([
      expect.stringContaining('public.handmade.id is integer in the database and bigint in the schema'),
      expect.stringContaining('The type public.odd is made of functions (public.odd_in, …)'),
    ]);
  });
}
