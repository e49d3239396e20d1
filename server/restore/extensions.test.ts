import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { geometry, integer, pgTable, vector } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { type Content, contentOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { typed } from '../../db/testing/fixtures/typed.ts';
import { type TestServer, testServers } from '../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

/** Extensions, each with a table of its types, rows that are hard to write, and an index of its own kind. */
const EXTENSIONS = {
  citext: {
    table: pgTable('of_citext', { id: typed('citext')().primaryKey(), words: typed('citext[]')() }),
    sql: `CREATE TABLE of_citext (id citext PRIMARY KEY, words citext[]);
          INSERT INTO of_citext VALUES ('Ann', '{A,NULL,"NULL","b\\""}'), ('BOB', '{}'), ('', NULL)`,
  },
  hstore: {
    table: pgTable('of_hstore', { id: integer().primaryKey(), facts: typed('hstore')() }),
    sql: `CREATE TABLE of_hstore (id integer PRIMARY KEY, facts hstore); CREATE INDEX ON of_hstore USING gin (facts);
          INSERT INTO of_hstore VALUES (1, '"a b"=>"1", c=>NULL, "NULL"=>"NULL", "\\"q\\""=>""'), (2, ''), (3, NULL)`,
  },
  ltree: {
    table: pgTable('of_ltree', { path: typed('ltree')(), ask: typed('lquery')(), paths: typed('ltree[]')() }),
    sql: `CREATE TABLE of_ltree (path ltree, ask lquery, paths ltree[]); CREATE INDEX ON of_ltree USING gist (path);
          INSERT INTO of_ltree VALUES ('Top.Staff.Lagos', '*.Staff{1}.*', ARRAY['a.b', NULL]::ltree[]), ('', NULL, '{}')`,
  },
  postgis: {
    table: pgTable('of_postgis', {
      id: integer().primaryKey(),
      at: geometry({ type: 'point', srid: 4326 }),
      shape: typed('geometry')(),
      place: typed('geography(Point,4326)')(),
      around: typed('box2d')(),
    }),
    sql: `CREATE TABLE of_postgis (id integer PRIMARY KEY, at geometry(Point,4326), shape geometry, place geography(Point,4326), around box2d);
          CREATE INDEX ON of_postgis USING gist (shape);
          INSERT INTO of_postgis VALUES
            (1, 'SRID=4326;POINT(3.3792 6.5244)', 'SRID=3857;POLYGON((0 0,0 1.1,1.3 1,0 0),(0.1 0.2,0.1 0.3,0.2 0.3,0.1 0.2))', 'POINT(-0.1 51.5)', 'BOX(1 2,3 4)'),
            (2, 'SRID=4326;POINT EMPTY', 'GEOMETRYCOLLECTION Z (POINT Z (1 2 3), LINESTRING Z (0 0 0, 0.1 0.2 0.3))', NULL, NULL),
            (3, NULL, 'CIRCULARSTRING(0 0, 1 1, 2 0)', NULL, NULL)`,
  },
  vector: {
    table: pgTable('of_vector', {
      id: integer().primaryKey(),
      embedding: vector({ dimensions: 3 }),
      any: typed('vector')(),
    }),
    sql: `CREATE TABLE of_vector (id integer PRIMARY KEY, embedding vector(3), "any" vector); CREATE INDEX ON of_vector USING hnsw (embedding vector_l2_ops);
          INSERT INTO of_vector VALUES (1, '[1,2.5,-3e-7]', '[0.1]'), (2, NULL, '[1,2,3,4]')`,
  },
} as const;

async function available(server: TestServer): Promise<(keyof typeof EXTENSIONS)[]> {
  await using database = await testDatabase({ server });
  const names = Object.keys(EXTENSIONS) as (keyof typeof EXTENSIONS)[];
  const rows = await database.query<{ name: string }>(
    'SELECT name FROM pg_available_extensions WHERE name = ANY ($1)',
    [names],
  );
  return names.filter((name) => rows.some((row) => row.name === name));
}

async function byHand(target: TestDatabase, bytes: Uint8Array): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'extensions-'));
  try {
    await Bun.write(join(cwd, 'backup.zip'), bytes);
    Bun.spawnSync(['unzip', '-q', 'backup.zip'], { cwd });
    for (const file of ['schema/0001.sql', 'schema/0002.sql', 'restore.sql']) {
      const run = await Bun.$`psql -X -q -v ON_ERROR_STOP=1 -f ${file} ${target.url}`.cwd(cwd).quiet().nothrow();
      if (run.exitCode !== 0 || run.stderr.length > 0) return `${file}: ${run.stderr}`;
    }
    return '';
  } finally {
    await rm(cwd, { recursive: true });
  }
}

for (const server of testServers()) {
  const here = await available(server);
  describe(`columns of extensions on server ${server}`, () => {
    const model = modelFromSchema(Object.fromEntries(here.map((name) => [name, EXTENSIONS[name].table])));
    const databases: TestDatabase[] = [];
    let before: Content;
    let after: Record<'over changed rows' | 'into another database' | 'by psql', Content>;
    const withExtensions = async () => {
      const database = await testDatabase({ server });
      databases.push(database);
      // A superuser creates the untrusted ones, as the top of the file says.
      for (const name of here) await database.admin(`CREATE EXTENSION ${name}`);
      return database;
    };
    beforeAll(async () => {
      const source = await withExtensions();
      for (const name of here) await source.query(EXTENSIONS[name].sql);
      before = await contentOf(source, model.tables);
      const made = await backupOf(source, model);
      await source.query(here.map((name) => `DELETE FROM of_${name}`).join('; '));
      await restoreInto(source, made);

      const elsewhere = await withExtensions();
      for (const name of here) await elsewhere.query(EXTENSIONS[name].sql.replace(/INSERT.*/s, ''));
      await restoreInto(elsewhere, made);

      const fresh = await withExtensions();
      expect(await byHand(fresh, made.bytes)).toBe('');
      after = {
        'over changed rows': await contentOf(source, model.tables),
        'into another database': await contentOf(elsewhere, model.tables),
        'by psql': await contentOf(fresh, model.tables),
      };
    });
    afterAll(async () => {
      for (const database of databases) await database[Symbol.asyncDispose]();
    });

    for (const name of Object.keys(EXTENSIONS) as (keyof typeof EXTENSIONS)[]) {
      if (!here.includes(name)) console.log(`NOT TESTED: server ${server} has no extension ${name}.`);
      test.skipIf(!here.includes(name))(
        `promise 2: values of ${name} come back exactly, over changed rows, into another database and by psql`,
        () => {
          const rows = before[`public.of_${name}`];
          expect(rows?.length).toBeGreaterThan(1);
          for (const [how, content] of Object.entries(after))
            expect({ how, rows: content[`public.of_${name}`] }).toEqual({ how, rows });
        },
      );
    }
  });
}
