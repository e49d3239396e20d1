import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storedColumns } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { type TestServer, testServers } from '../../../db/testing/servers.ts';
import type { Manifest, ManifestTable } from '../manifest/manifest.ts';
import { csvToCopyText, hasEndMarkerLine } from '../rows/records.ts';
import { forever, memorySink, SAMPLE_TIME } from '../sample.fixture.ts';
import { createArchiveWriter } from '../writer.ts';
import { AWKWARD_ROWS, awkwardManifest, NASTY_TABLE, SPACED_TABLE } from './recovery.fixture.ts';
import { readmeText, restoreSql } from './recovery.ts';
import { schemaSql } from './schema-sql.ts';

/** Milliseconds for many psql processes, the duration of which is not tested. */
const TIMEOUT_MS = 60_000;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recovery-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  code: number;
  said: string;
}

/** Runs `psql -f` as the README says, in the unzipped folder. */
async function psqlFile(database: TestDatabase, cwd: string, file: string): Promise<Outcome> {
  const { exitCode, stderr, stdout } = await Bun.$`psql -X -q -v ON_ERROR_STOP=1 -f ${file} ${database.url}`
    .cwd(cwd)
    .quiet()
    .nothrow();
  return { code: exitCode, said: `${stdout}${stderr}` };
}

async function copyOut(database: TestDatabase, table: ManifestTable, format: 'csv' | 'text'): Promise<Uint8Array> {
  const columns = storedColumns(table)
    .map(({ name }) => quoteIdent(name))
    .join(', ');
  const sql = `COPY (SELECT ${columns} FROM ${quoteName(table)} ORDER BY 1) TO STDOUT (FORMAT ${format})`;
  return new Uint8Array(
    await Bun.$`psql -X -q -v ON_ERROR_STOP=1 -c ${sql} ${database.url}`
      .env({ ...process.env, PGOPTIONS: '-c timezone=UTC -c datestyle=ISO' })
      .quiet()
      .arrayBuffer(),
  );
}

const filled = new Map<TestServer, Promise<TestDatabase>>();
afterAll(async () => {
  for (const database of filled.values()) await (await database)[Symbol.asyncDispose]();
});

/** Returns a database made from the manifest's own DDL and filled, one for each server. */
function sourceOn(server: TestServer): Promise<TestDatabase> {
  const made = filled.get(server) ?? fill(server, awkwardManifest());
  filled.set(server, made);
  return made;
}

async function fill(server: TestServer, manifest: Manifest): Promise<TestDatabase> {
  const cwd = await mkdtemp(join(folder, 'source-'));
  const database = await testDatabase({ server });
  for (const [index, sql] of schemaSql(manifest).entries()) {
    await Bun.write(join(cwd, `source${index}.sql`), sql);
    expect(await psqlFile(database, cwd, `source${index}.sql`)).toEqual({ code: 0, said: '' });
  }
  await database.query(AWKWARD_ROWS);
  const other = `INSERT INTO "Other Schema".${quoteIdent(NASTY_TABLE)} OVERRIDING SYSTEM VALUE VALUES (E'\\\\.', 5, NULL), ('', 6, 'x')`;
  await database.query(
    `${other}; INSERT INTO public.${quoteIdent(SPACED_TABLE)} VALUES (':AUTOCOMMIT', 5), (NULL, NULL)`,
  );
  return database;
}

/** Archives that database and unzips the archive into `cwd` with a stock tool. */
async function backUp(database: TestDatabase, manifest: Manifest, cwd: string): Promise<Manifest> {
  const sink = memorySink();
  const writer = createArchiveWriter({
    sink,
    compression: { method: 'deflate' },
    time: SAMPLE_TIME,
    signal: forever(),
  });
  for (const table of manifest.tables) {
    const csv = await copyOut(database, table, 'csv');
    const rows = (await copyOut(database, table, 'text')).filter((byte) => byte === 10).length;
    const header = Buffer.from(
      `${storedColumns(table)
        .map(({ name }) => `"${name.replaceAll('"', '""')}"`)
        .join(',')}\n`,
    );
    const content = hasEndMarkerLine(csv)
      ? csvToCopyText(csv, storedColumns(table).length)
      : Buffer.concat([header, csv]);
    await writer.addChunk({ table, format: hasEndMarkerLine(csv) ? 'copy' : 'csv', rows, content });
  }
  const tables = manifest.tables.map((table) => {
    const chunk = writer.entries.find((entry) => entry.table?.name === table.name);
    return { ...table, rows: chunk?.rows ?? 0, bytes: chunk?.size ?? 0 };
  });
  const totalRecords = tables.reduce((sum, table) => sum + table.rows, 0);
  const whole = { ...manifest, tables, metadata: { ...manifest.metadata, totalRecords }, entries: writer.entries };
  await writer.addText('README.txt', readmeText(whole));
  await writer.addText('restore.sql', restoreSql(whole));
  for (const [index, sql] of schemaSql(whole).entries()) await writer.addText(`schema/000${index + 1}.sql`, sql);
  const finished = { ...whole, entries: writer.entries };
  await writer.finish(finished);
  await Bun.write(join(cwd, 'backup.zip'), sink.bytes());
  expect(Bun.spawnSync(['unzip', '-q', 'backup.zip'], { cwd }).exitCode).toBe(0);
  return finished;
}

async function everything(database: TestDatabase, manifest: Manifest): Promise<string[]> {
  return await Promise.all(
    manifest.tables.map(async (table) => new TextDecoder().decode(await copyOut(database, table, 'text'))),
  );
}

for (const server of testServers()) {
  test(
    `an archive restores into an empty PostgreSQL ${server} with unzip and psql alone, whatever its names and values are`,
    async () => {
      const cwd = await mkdtemp(join(folder, server));
      const source = await sourceOn(server);
      const manifest = await backUp(source, awkwardManifest(), cwd);
      expect(manifest.entries.map((entry) => entry.format)).toContain('copy');

      await using target = await testDatabase({ server });
      expect(await psqlFile(target, cwd, 'schema/0001.sql')).toEqual({ code: 0, said: '' });
      expect(await psqlFile(target, cwd, 'schema/0002.sql')).toEqual({ code: 0, said: '' });
      expect((await psqlFile(target, cwd, 'restore.sql')).said).not.toMatch(/ERROR|FATAL/);
      expect(await everything(target, manifest)).toEqual(await everything(source, manifest));
      expect(await target.query(FOREIGN_KEYS)).toEqual(await source.query(FOREIGN_KEYS));
      expect(await target.query(SEQUENCES)).toEqual([
        { name: 'Owners_Id_seq', last: '9007199254740993' },
        { name: 'free\nseq', last: '100' },
        { name: 'nasty seq', last: null },
        { name: 'nodes_id_seq', last: '41' },
      ]);
      await target.query(`INSERT INTO public.nodes (body) VALUES ('after')`);
      expect(await target.query('SELECT id FROM public.nodes WHERE body = $1', ['after'])).toEqual([{ id: 42 }]);
    },
    TIMEOUT_MS,
  );

  test(
    `schemaSql() builds on PostgreSQL ${server} the columns the manifest describes`,
    async () => {
      const manifest = awkwardManifest();
      const cwd = await mkdtemp(join(folder, 'columns-'));
      await using database = await testDatabase({ server });
      await Bun.write(join(cwd, '1.sql'), schemaSql(manifest)[0] ?? '');
      expect((await psqlFile(database, cwd, '1.sql')).said).toBe('');
      const described = manifest.tables.flatMap((table) =>
        table.columns.map(({ name, sqlType, notNull, defaultSql, identity, generated }) => ({
          table: table.name,
          name,
          sqlType,
          notNull,
          expression: generated?.expression ?? defaultSql,
          identity,
        })),
      );
      const found = await database.query<(typeof described)[number]>(COLUMNS);
      expect(found.toSorted(byName)).toEqual(described.toSorted(byName));
    },
    TIMEOUT_MS,
  );

  test(
    `promise 9: restore.sql on PostgreSQL ${server} refuses a table with rows, and files that lack rows, and changes nothing`,
    async () => {
      const cwd = await mkdtemp(join(folder, 'refuse-'));
      const manifest = await backUp(await sourceOn(server), awkwardManifest(), cwd);
      await using target = await testDatabase({ server });
      for (const file of ['schema/0001.sql', 'schema/0002.sql']) await psqlFile(target, cwd, file);
      await target.query(`INSERT INTO public.empty VALUES ('here already')`);
      const refused = await psqlFile(target, cwd, 'restore.sql');
      expect(refused.code).toBe(3);
      expect(refused.said).toContain('Table public.empty is not empty');
      const rows = await everything(target, manifest);
      expect(rows).toEqual(manifest.tables.map((table) => (table.name === 'empty' ? 'here already\n' : '')));

      await target.query('DELETE FROM public.empty');
      const nodes = manifest.entries.find(({ table }) => table?.name === 'nodes');
      expect(nodes?.format).toBe('copy');
      await Bun.write(join(cwd, nodes?.name ?? ''), '');
      const lacking = await psqlFile(target, cwd, 'restore.sql');
      expect(lacking.code).toBe(3);
      expect(lacking.said).toContain(
        `Table public.nodes has 0 rows, the backup has ${nodes?.rows}; nothing was changed.`,
      );
      expect((await everything(target, manifest)).join('')).toBe('');
    },
    TIMEOUT_MS,
  );

  test(
    `restore.sql on PostgreSQL ${server} fires no trigger and leaves triggers and foreign keys as it found them`,
    async () => {
      const cwd = await mkdtemp(join(folder, 'triggers-'));
      await backUp(await sourceOn(server), awkwardManifest(), cwd);
      await using target = await testDatabase({ server });
      for (const file of ['schema/0001.sql', 'schema/0002.sql']) await psqlFile(target, cwd, file);
      await target.query(`
      CREATE FUNCTION public.never() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''a trigger fired''; END';
      CREATE TRIGGER one BEFORE INSERT ON public.nodes FOR EACH ROW EXECUTE FUNCTION public.never();
      CREATE TRIGGER "two ""x""" BEFORE INSERT ON public.nodes FOR EACH ROW EXECUTE FUNCTION public.never();
      CREATE TRIGGER three BEFORE INSERT ON public.nodes FOR EACH ROW EXECUTE FUNCTION public.never();
      ALTER TABLE public.nodes ENABLE ALWAYS TRIGGER "two ""x""", DISABLE TRIGGER three;
      ALTER TABLE public.nodes ALTER CONSTRAINT nodes_parent DEFERRABLE INITIALLY DEFERRED;`);
      const before = [await target.query(TRIGGERS), await target.query(FOREIGN_KEYS)];
      expect((await psqlFile(target, cwd, 'restore.sql')).code).toBe(0);
      expect([await target.query(TRIGGERS), await target.query(FOREIGN_KEYS)]).toEqual(before);
    },
    TIMEOUT_MS,
  );
}

test('readmeText() says how to restore, and no name can forge a line of it', () => {
  const text = readmeText({
    ...awkwardManifest(),
    leftOut: [{ schema: 'public', name: 'x\n- forged', reason: 'r\u202E' }],
  });
  expect(text).toContain('psql -X -d restored -f restore.sql');
  expect(text).toContain('a warning\\u{a}with a forged line');
  expect(text).toContain('public.x\\u{a}- forged: r\\u{202e}');
});

function byName(a: { table: string; name: string }, b: { table: string; name: string }): number {
  return JSON.stringify([a.table, a.name]) < JSON.stringify([b.table, b.name]) ? -1 : 1;
}

const USER = `n.nspname IN ('public', 'Other Schema')`;
const FOREIGN_KEYS = `SELECT c.conname, c.conrelid::regclass::text AS "from", pg_get_constraintdef(c.oid) AS definition, c.convalidated, c.condeferred
  FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE ${USER} AND c.contype = 'f' ORDER BY 1, 2`;
const TRIGGERS = 'SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1';
const SEQUENCES = `SELECT sequencename AS name, last_value::text AS last FROM pg_sequences WHERE schemaname IN ('public', 'Other Schema') ORDER BY sequencename COLLATE "C"`;
const COLUMNS = `SELECT t.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS "sqlType", a.attnotnull AS "notNull",
    pg_get_expr(d.adbin, d.adrelid) AS expression, CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity
  FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid JOIN pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum, set_config('search_path', '', false)
  WHERE ${USER} AND t.relkind = 'r' AND a.attnum > 0`;
