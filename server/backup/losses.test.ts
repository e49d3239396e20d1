import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { openWorkingSession } from '../../db/connect/working-session.ts';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { sequencesOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { lossesOf, lossText } from '../archive/manifest/losses.ts';
import { openArchive } from '../archive/reader.ts';
import { readInventory } from '../postgres/catalog/inventory.ts';
import { bytesSource } from '../storage/memory.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';
import { parseExclusions } from './exclusions.ts';
import { judge } from './judge.ts';

const named = (name: string) => pgTable(name, { id: integer().primaryKey(), note: text() });
const model = modelFromSchema({ kept: named('kept'), big: named('big') });

const DDL = `
  CREATE SCHEMA other;
  CREATE TABLE kept (id int PRIMARY KEY, note text); CREATE TABLE big (id serial PRIMARY KEY, note text);
  INSERT INTO kept VALUES (1, 'a'), (2, 'b'); INSERT INTO big (note) VALUES ('x'), ('y');`;

/** Everything that can hold data, with the SQL that makes it and its class. */
const EVERYTHING: [name: string, made: string, stands: string][] = [
  ['public.kept', '', 'protected'],
  ['public.big_id_seq', '', 'protected'],
  ['other.plain', 'CREATE TABLE other.plain (id serial)', 'lost'],
  ['other.plain_id_seq', '', 'protected'],
  ['public.unlogged', 'CREATE UNLOGGED TABLE unlogged (id int)', 'lost'],
  ['public.child', 'CREATE TABLE child () INHERITS (kept)', 'lost'],
  ['public.parted', 'CREATE TABLE parted (id int) PARTITION BY LIST (id)', 'lost'],
  ['other.part', 'CREATE TABLE other.part PARTITION OF parted DEFAULT', 'lost'],
  ['public.derived', 'CREATE MATERIALIZED VIEW derived AS SELECT * FROM kept', 'left out'],
  ['public.looks', 'CREATE VIEW looks AS SELECT * FROM kept', 'dataless'],
  ['public.free_seq', 'CREATE SEQUENCE free_seq', 'protected'],
  ['other.far_seq', 'CREATE SEQUENCE other.far_seq INCREMENT -3', 'protected'],
  ['drizzle.journal', 'CREATE SCHEMA drizzle; CREATE TABLE drizzle.journal (id serial)', 'left out'],
  ['drizzle.journal_id_seq', '', 'left out'],
  ['backup_queue.job', 'CREATE SCHEMA backup_queue; CREATE TABLE backup_queue.job (id serial)', 'left out'],
  ['backup_queue.job_id_seq', '', 'left out'],
  ['restore_points.pins', 'CREATE SCHEMA restore_points; CREATE TABLE restore_points.pins (id int)', 'lost'],
];
/** The same for objects made by the superuser. */
const FOREIGN: typeof EVERYTHING = [
  [
    'public.far',
    'CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE far (id int) SERVER s',
    'left out',
  ],
  ['public.far_part', 'CREATE FOREIGN TABLE far_part PARTITION OF parted FOR VALUES IN (9) SERVER s', 'left out'],
  [
    'public.of_ext',
    'CREATE EXTENSION hstore; CREATE TABLE of_ext (id int); ALTER EXTENSION hstore ADD TABLE of_ext',
    'left out',
  ],
  [
    'public.ext_rows',
    `CREATE TABLE ext_rows (id int); INSERT INTO ext_rows VALUES (1), (2), (3); ALTER EXTENSION hstore ADD TABLE ext_rows;
     UPDATE pg_extension SET extconfig = ARRAY['ext_rows'::regclass::oid], extcondition = ARRAY['WHERE id > 1'] WHERE extname = 'hstore'`,
    'lost',
  ],
  ['public.ext_seq', 'CREATE SEQUENCE ext_seq; ALTER EXTENSION hstore ADD SEQUENCE ext_seq', 'left out'],
  ['public.hidden_seq', 'CREATE SEQUENCE hidden_seq', 'lost'],
];

for (const server of testServers()) {
  describe(`what a backup lacks on server ${server}`, () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await testDatabase({ server });
      await database.query(DDL);
      for (const [, made] of EVERYTHING) if (made !== '') await database.query(made);
      for (const [, made] of FOREIGN)
        await database.admin(`${made}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC`);
      await database.query(`SELECT lo_from_bytea(0, '\\xdeadbeef')`);
    });
    afterAll(() => database[Symbol.asyncDispose]());
    const refusal = (work: Promise<unknown>) =>
      work.then(
        () => null,
        (error: unknown) => error,
      );

    test('promise 6: every relation that can hold data stands in exactly one class', async () => {
      await using session = await openWorkingSession(database.url, {
        applicationName: 'testing',
        signal: new AbortController().signal,
      });
      const inventory = await readInventory(session);
      const extensionRows = new Map(
        inventory.relations.map(({ oid, name }) => [oid, name === 'ext_rows' ? 2 : 0] as const),
      );
      const declares = ({ schema, name }: { schema: string; name: string }) =>
        schema === 'public' && ['kept', 'big'].includes(name);
      const verdicts = judge({ inventory, extensionRows, exclusions: [], declares });
      const classes = Object.fromEntries(
        [...verdicts].map(([{ schema, name }, verdict]) => [`${schema}.${name}`, verdict.class] as const),
      );
      for (const [name, , stands] of [...EVERYTHING, ...FOREIGN]) expect([name, classes[name]]).toEqual([name, stands]);
      expect(verdicts.size).toBe(inventory.relations.length);
    });

    test('promise 6: what is lost stands in result, manifest and README.txt, and --strict names each', async () => {
      const made = await backupOf(database, model);
      const lost = ['other.plain', 'child', 'ext_rows', 'hidden_seq', 'parted', 'restore_points.pins', 'unlogged', ''];
      expect(made.result.outcome).toBe('partial');
      expect(made.result.losses.map(({ name }) => name).sort()).toEqual(lost.sort());
      expect(made.manifest.losses).toHaveLength(lost.length);
      const reasonOf = (name: string) => made.result.losses.find((loss) => loss.name === name)?.reason;
      expect(reasonOf('ext_rows')).toContain('belongs to the extension hstore, which takes 2 rows in it for your own');
      expect(reasonOf('hidden_seq')).toContain('GRANT SELECT ON SEQUENCE "public"."hidden_seq" TO');
      expect(reasonOf('')).toContain('the database holds 1 of them');
      const archive = await openArchive(bytesSource(made.bytes));
      const entry = archive.manifest.entries.find(({ name }) => name === 'README.txt');
      const readme = entry && new TextDecoder().decode(await archive.readEntry(entry));
      const missing = readme?.slice(readme.indexOf('Not in this backup')) ?? '';
      for (const loss of lossesOf(made.manifest)) expect(missing).toContain(lossText(loss));
      const strict = await refusal(backupOf(database, model, { strict: true }));
      expect(strict).toMatchObject({ code: 'UNKNOWN_OBJECTS' });
      for (const name of lost) if (name !== '') expect(String((strict as Error).message)).toContain(name);
      const restored = await restoreInto(database, made);
      expect(restored.warnings.filter((warning) => warning.includes('NOT in this backup'))).toHaveLength(lost.length);
    });

    test('promise 6: sequences that nobody declares come back exactly, and those of tables that stay never go back', async () => {
      await database.query(
        `SELECT setval('free_seq', 42), setval('other.far_seq', -33, false), setval('other.plain_id_seq', 7)`,
      );
      const made = await backupOf(database, model);
      expect(made.result.unknown.sequences).toEqual(['other.far_seq', 'other.plain_id_seq', 'free_seq']);
      const before = await sequencesOf(database);
      await database.query(
        `SELECT setval('free_seq', 1, false), setval('other.far_seq', -300), setval('other.plain_id_seq', 3), setval('big_id_seq', 99)`,
      );
      await restoreInto(database, made);
      expect(await sequencesOf(database)).toEqual(before);
      await database.query(`SELECT setval('other.plain_id_seq', 1000), setval('free_seq', 50)`);
      await restoreInto(database, made);
      expect(await sequencesOf(database)).toEqual({ ...before, 'other.plain_id_seq': '1000 true' });
      await database.query(`SELECT setval('free_seq', 50)`);
      await restoreInto(database, made, { tables: ['kept'] });
      expect((await sequencesOf(database))['public.free_seq']).toBe('50 true');
    });

    test('promise 6: a sequence of somebody else is left where it stands, with the statement for its owner', async () => {
      await database.admin('GRANT SELECT ON SEQUENCE hidden_seq TO PUBLIC');
      const made = await backupOf(database, model);
      const { warnings } = await restoreInto(database, made);
      expect(warnings.filter((warning) => warning.includes('hidden_seq'))).toEqual([
        expect.stringContaining('SELECT pg_catalog.setval('),
      ]);
      await database.admin('REVOKE SELECT ON SEQUENCE hidden_seq FROM PUBLIC');
    });

    test('what the file says is left out is left out with its reason, rows alone with the definition kept, and a restore leaves both alone', async () => {
      const exclusions = parseExclusions(
        'rows of big = too large\n*.p* = not ours\nunlogged = cache\nchild = copy\next_rows = rebuilt\nsequence hidden_* = theirs\nlarge objects = thumbnails\nnothing = a slip\nother.part = old',
        'exclude.txt',
      );
      const made = await backupOf(database, model, { exclusions });
      expect(made.result).toMatchObject({ outcome: 'success', losses: [], tables: { kept: 2 } });
      const reasons = Object.fromEntries(made.result.leftOut.map(({ table, reason }) => [table, reason]));
      expect(reasons).toMatchObject({ 'rows of big': 'too large', parted: 'not ours', ext_rows: 'rebuilt' });
      expect(reasons['pg_catalog.pg_largeobject']).toContain('thumbnails');
      expect(made.result.warnings.filter((warning) => warning.startsWith('exclude.txt:'))).toEqual([
        'exclude.txt:8: `nothing` fits nothing in this database.',
        expect.stringContaining('exclude.txt:9: `other.part` fits nothing in this database but a partition'),
      ]);
      expect(made.manifest.withoutRows).toMatchObject([{ name: 'big', rows: 0, reason: 'too large' }]);
      await database.query(`INSERT INTO big (note) VALUES ('later'); DELETE FROM kept`);
      await restoreInto(database, made);
      expect(
        await database.query('SELECT (SELECT count(*)::int FROM big) AS big, (SELECT count(*)::int FROM kept) AS kept'),
      ).toEqual([{ big: 3, kept: 2 }]);
      await database.query(`INSERT INTO big (note) VALUES ('after')`);
      expect(await refusal(backupOf(database, model, { exclusions, tables: ['big'] }))).toMatchObject({
        code: 'UNKNOWN_TABLE',
        message: 'The rows of public.big are left out on purpose: too large.',
      });
      for (const [name, said] of [
        ['big', /^The backup holds the definition of public\.big without its rows: .* on purpose \(too large\)\.$/],
        ['public.parted', /^public\.parted is not in the backup: not ours\.$/],
        ['no_such', /^The backup has no table named "no_such"\.$/],
      ] as const)
        expect(await refusal(restoreInto(database, made, { tables: ['kept', name] }))).toMatchObject({
          code: 'UNKNOWN_TABLE',
          message: expect.stringMatching(said),
        });
    });

    for (const [name, reason] of [
      ['of_ext', /extension hstore/],
      ['looks', /a view/],
      ['derived', /materialised view/],
      ['far', /another server/],
      ['far_part', /foreign partition of public\.parted/],
    ] as const)
      test(`promise 6: a pgTable over ${name} is told for what it is, and the backup goes on`, async () => {
        const declared = modelFromSchema({ kept: named('kept'), big: named('big'), odd: named(name) });
        const { result } = await backupOf(database, declared);
        expect(result.tables).toEqual({ kept: 2, big: result.tables['big'] ?? -1 });
        expect(result.leftOut.find(({ table }) => table === name)?.reason).toMatch(reason);
        const error = await refusal(backupOf(database, declared, { tables: [name] }));
        expect((error as { code?: string }).code).toBe('UNKNOWN_TABLE');
        expect((error as Error).message).toMatch(reason);
      });
  });
}
