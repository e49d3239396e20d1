import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pgSchema } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { catalogOf } from '../../db/testing/catalog.fixture.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { type Content, contentOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { checkEnvironment } from '../backup/checks/check.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { psql } from '../testing/by-hand.fixture.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

const MANY = Array.from({ length: 1600 }, (_, n) => `c${n + 1}`);

/** A table of an odd form. `change` runs between backup and restore; afterwards the rows must be as before. */
interface Form {
  what: string;
  sql: string;
  tables?: string[];
  change: string;
  since?: '18';
}

const FORMS: Form[] = [
  {
    what: 'columns dropped in front, between and at the end',
    sql: `CREATE TABLE t (gone1 int, a int, gone2 text NOT NULL DEFAULT 'x', b text, c text DEFAULT 'd', gone3 int);
          INSERT INTO t VALUES (1, 2, 'y', 'z', 'c', 3); ALTER TABLE t DROP gone1, DROP gone2, DROP gone3; INSERT INTO t VALUES (4, 'w', NULL)`,
    change: `UPDATE t SET a = 9, b = 'changed'; ALTER TABLE t ADD late int; ALTER TABLE t DROP late`,
  },
  {
    what: 'a column dropped and made again with its name and another type',
    sql: `CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 2); ALTER TABLE t DROP a; ALTER TABLE t ADD a text; UPDATE t SET a = 'x'`,
    change: `DELETE FROM t`,
  },
  {
    what: '1600 columns',
    sql: `CREATE TABLE t (${MANY.map((name) => `${name} int2`).join(', ')}); INSERT INTO t VALUES (${MANY.map((_, n) => n % 32_000).join(', ')}); INSERT INTO t (c1600) VALUES (7)`,
    change: 'UPDATE t SET c800 = 5',
  },
  {
    what: '1599 columns of a text type that are NULL, and one of a domain with a check',
    sql: `CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TABLE t (${MANY.slice(1)
      .map((name) => `${name} text`)
      .join(', ')}, c1 positive); INSERT INTO t (c2, c1) VALUES ('x', 1)`,
    change: 'DELETE FROM t',
  },
  {
    what: 'only generated columns and no row',
    sql: `CREATE TABLE t (a int GENERATED ALWAYS AS (1 + 1) STORED)`,
    change: 'INSERT INTO t DEFAULT VALUES',
  },
  {
    what: 'generated columns in front of and between stored ones',
    sql: `CREATE TABLE t (g1 int GENERATED ALWAYS AS (a * 2) STORED, a int, g2 text GENERATED ALWAYS AS (upper(b)) STORED, b text); INSERT INTO t (a, b) VALUES (1, 'x'), (NULL, NULL)`,
    change: 'UPDATE t SET a = 5',
  },
  {
    what: 'virtual generated columns around one that is stored',
    sql: `CREATE TABLE t (g1 int GENERATED ALWAYS AS (a * 2) VIRTUAL, a int, g2 int GENERATED ALWAYS AS (a * 3) VIRTUAL); INSERT INTO t (a) VALUES (1), (NULL)`,
    change: 'UPDATE t SET a = 5',
    since: '18',
  },
  {
    what: 'one column whose values are NULL and empty',
    sql: `CREATE TABLE t (a text); INSERT INTO t VALUES (NULL), (''), ('\\.'), ('NULL'), (E'\\n')`,
    change: 'DELETE FROM t',
  },
  {
    what: 'partitions attached with other orders of columns and dropped ones',
    sql: `CREATE TABLE t (id int, a text, b text) PARTITION BY LIST (id); CREATE TABLE t1 (b text, gone int, a text, id int); INSERT INTO t1 VALUES ('b', 1, 'a', 1);
          ALTER TABLE t1 DROP gone; ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1); CREATE TABLE t2 (a text, id int, b text); INSERT INTO t2 VALUES ('a2', 2, 'b2');
          ALTER TABLE t ATTACH PARTITION t2 FOR VALUES IN (2)`,
    change: `UPDATE t SET a = b, b = 'changed'; DELETE FROM t2`,
  },
  {
    what: 'a parent and a child with more columns, in another order',
    sql: `CREATE TABLE t (a int, b text); CREATE TABLE child (more text, b text, a int); INSERT INTO child VALUES ('more', 'b', 1); ALTER TABLE child INHERIT t; INSERT INTO t VALUES (2, 'own')`,
    tables: ['t', 'child'],
    change: `UPDATE t SET b = 'changed'; DELETE FROM ONLY t`,
  },
  {
    what: 'a child of two parents',
    sql: `CREATE TABLE t (a int); CREATE TABLE other (b int); CREATE TABLE child (c int) INHERITS (t, other); INSERT INTO child VALUES (1, 2, 3); INSERT INTO other VALUES (4)`,
    tables: ['t', 'other', 'child'],
    change: 'DELETE FROM child',
  },
];

/** Tables that no archive can hold. */
const REFUSED: { what: string; sql: string; says: string }[] = [
  { what: 'no column', sql: 'CREATE TABLE t ()', says: 'has no column' },
  {
    what: 'no column and rows',
    sql: 'CREATE TABLE t (); INSERT INTO t DEFAULT VALUES',
    says: 'has no column',
  },
  {
    what: 'nothing but dropped columns',
    sql: 'CREATE TABLE t (a int); INSERT INTO t VALUES (1); ALTER TABLE t DROP a',
    says: 'has no column',
  },
  {
    what: 'rows and only generated columns',
    sql: 'CREATE TABLE t (a int GENERATED ALWAYS AS (1 + 1) STORED); INSERT INTO t DEFAULT VALUES',
    says: 'has rows, and each of its columns is generated',
  },
];

/** Returns a model that describes little of them: a backup includes whatever else the database has. */
const modelOf = (forms: { schema: string; tables?: string[] }[]) =>
  modelFromSchema(
    Object.fromEntries(
      forms.flatMap(({ schema, tables = ['t'] }) =>
        tables.map((name) => [`${schema}_${name}`, pgSchema(schema).table(name, {})]),
      ),
    ),
  );

/** Puts each form into a schema named after it, so that one backup holds all, and an error names the form. */
const placed = <Form extends { what: string }>(forms: Form[]) =>
  forms.map((form) => ({ ...form, schema: `of_${form.what.toLowerCase().replaceAll(/\W+/g, '_').slice(0, 60)}` }));

async function make(database: TestDatabase, forms: { schema: string; sql: string }[]): Promise<void> {
  for (const { schema, sql } of forms)
    await database.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${sql}; RESET search_path`);
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'odd-tables-'));
});
afterAll(() => rm(folder, { recursive: true }));

for (const server of testServers()) {
  describe(`tables of odd forms on server ${server}`, () => {
    const forms = placed(FORMS.filter(({ since }) => since === undefined || since === server));
    let database: TestDatabase;
    let empty: TestDatabase;
    let rows: Content;
    let afterRestore: { content: Content; catalog: unknown };
    let catalog: unknown;
    let byScript: Content;
    beforeAll(async () => {
      database = await testDatabase({ server });
      empty = await testDatabase({ server });
      await make(database, forms);
      rows = await contentOf(database);
      const made = await backupOf(database, modelOf(forms));
      for (const { schema, change } of forms)
        await database.query(`SET search_path = ${schema}; ${change}; RESET search_path`);
      catalog = await catalogOf(database);
      await restoreInto(database, made);
      afterRestore = { content: await contentOf(database), catalog: await catalogOf(database) };

      const cwd = await mkdtemp(join(folder, 'archive-'));
      await Bun.write(join(cwd, 'backup.zip'), made.bytes);
      await Bun.$`unzip -q backup.zip`.cwd(cwd);
      for (const { schema, tables = ['t'] } of forms)
        await database.query(`TRUNCATE ${tables.map((name) => `${schema}.${name}`).join(', ')}`);
      expect(await psql(database, cwd, 'restore.sql')).toBe('');
      byScript = await contentOf(database);
      expect(await psql(empty, cwd, 'schema/0001.sql', 'schema/0002.sql', 'restore.sql')).toBe('');
    });
    afterAll(async () => {
      await database?.[Symbol.asyncDispose]();
      await empty?.[Symbol.asyncDispose]();
    });

    test('promise 2: a restore leaves every definition as it was', () => {
      expect(afterRestore.catalog).toEqual(catalog);
    });

    for (const { schema, what, tables = ['t'] } of forms)
      test(`promise 2, promise 9: ${what} come back exactly, by a restore and by psql`, async () => {
        const ours = (content: Content) =>
          Object.fromEntries(Object.entries(content).filter(([name]) => name.startsWith(`${schema}.`)));
        expect(Object.keys(ours(rows))).toContain(`${schema}.t`);
        expect(ours(afterRestore.content)).toEqual(ours(rows));
        expect(ours(byScript)).toEqual(ours(rows));
        for (const name of tables) {
          // Partitions are not created again by hand: their table holds all rows.
          const from = what.startsWith('partitions') ? `${schema}.${name}` : `ONLY ${schema}.${name}`;
          const sorted = async (one: TestDatabase) =>
            (await one.query(`SELECT * FROM ${from}`)).map((row) => JSON.stringify(row)).sort();
          expect(await sorted(empty)).toEqual(await sorted(database));
        }
      });
  });

  describe(`tables that no archive can hold, on server ${server}`, () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await testDatabase({ server });
      await make(database, placed(REFUSED));
    });
    afterAll(() => database?.[Symbol.asyncDispose]());

    for (const { schema, what, says } of placed(REFUSED))
      test(`promise 6: a table with ${what} is refused by a backup with its name, and --check says so`, async () => {
        const model = modelOf([{ schema }]);
        const named = `${schema}.t ${says}`;
        const error = await rejection(backupOf(database, model));
        expect([error.code, error.message]).toEqual(['SCHEMA_MISMATCH', expect.stringContaining(named)]);
        const report = await checkEnvironment(
          { databaseUrl: database.url, storage: createMemoryStorage(() => new Date()), model },
          new AbortController().signal,
        );
        expect(report.ok).toBe(false);
        expect(report.findings.map(({ message }) => message).join()).toContain(named);
      });
  });
}
