import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { catalogOf } from '../../db/testing/catalog.fixture.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, chunksOf, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';

const MODEL = modelFromSchema({
  log: pgTable('log', { y: integer('y').notNull(), region: text('region'), v: text('v') }),
  bases: pgTable('bases', { id: integer('id'), v: text('v') }),
});

/**
 * SQL of the tables. `log_2020` and `log_rest_south` are on another server; the latter is two levels down, and the default of its parent.
 */
const SETUP = `
  CREATE TABLE log (y integer NOT NULL, region text, v text) PARTITION BY LIST (y);
  CREATE TABLE log_2026 PARTITION OF log FOR VALUES IN (2026);
  CREATE FOREIGN TABLE log_2020 PARTITION OF log FOR VALUES IN (2020) SERVER far OPTIONS (table_name 'far_2020');
  CREATE TABLE log_rest PARTITION OF log DEFAULT PARTITION BY LIST (region);
  CREATE TABLE log_rest_north PARTITION OF log_rest FOR VALUES IN ('north');
  CREATE FOREIGN TABLE log_rest_south PARTITION OF log_rest DEFAULT SERVER far OPTIONS (table_name 'far_south');
  CREATE INDEX log_v ON log (v);
  ALTER TABLE log ADD CONSTRAINT log_v_short CHECK (length(v) < 100) NOT VALID;
  CREATE TABLE bases (id integer, v text);
  CREATE FOREIGN TABLE bases_far () INHERITS (bases) SERVER far OPTIONS (table_name 'far_bases');
  INSERT INTO log VALUES (2026, 'north', 'here'), (2001, 'north', 'here too');
  INSERT INTO bases VALUES (1, 'here');`;
const LOCAL = `SELECT 'log ' || t::text AS row FROM (SELECT * FROM ONLY log_2026 UNION ALL SELECT * FROM ONLY log_rest_north) t UNION ALL SELECT 'bases ' || b::text FROM ONLY bases b ORDER BY 1`;
const FAR = `SELECT v FROM (SELECT v FROM far_2020 UNION ALL SELECT v FROM far_south UNION ALL SELECT v FROM far_bases) f ORDER BY 1`;

for (const server of testServers()) {
  describe(`partitions on another server, seen from server ${server}`, () => {
    let database: TestDatabase;
    let far: TestDatabase;
    let made: MadeBackup;
    const local = () => database.query(LOCAL);
    const remote = () => far.query(FAR);
    const reach = (name: string) => database.admin(`ALTER SERVER far OPTIONS (SET dbname '${name}')`);
    beforeAll(async () => {
      [database, far] = [await testDatabase({ server }), await testDatabase({ server })];
      await far.query(`
        CREATE TABLE far_2020 (y integer, region text, v text); CREATE TABLE far_south (y integer, region text, v text); CREATE TABLE far_bases (id integer, v text);
        INSERT INTO far_2020 VALUES (2020, 'x', 'over there'); INSERT INTO far_south VALUES (1, 'south', 'down there'); INSERT INTO far_bases VALUES (9, 'a child')`);
      const { hostname, port, username, password } = new URL(far.url);
      await database.admin(`
        CREATE EXTENSION postgres_fdw;
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${hostname}', port '${port}', dbname '${far.name}', keep_connections 'off');
        CREATE USER MAPPING FOR ${username} SERVER far OPTIONS (user '${username}', password '${password}');
        GRANT USAGE ON FOREIGN SERVER far TO ${username}`);
      await database.query(SETUP);
      made = await backupOf(database, MODEL);
    });
    beforeEach(() => reach(far.name));
    afterAll(async () => {
      await database[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
    });

    test('promise 6: a backup leaves them out by name, and reads no row of theirs', async () => {
      expect(made.result.tables).toEqual({ log: 2, bases: 1 });
      expect(await chunksOf(made, 'public', 'log')).not.toContain('there');
      const reasons = new Map(made.result.leftOut.map(({ table, reason }) => [table, reason]));
      expect(reasons.get('log_2020')).toStartWith('a foreign partition of public.log');
      expect(reasons.get('log_rest_south')).toStartWith('a foreign partition of public.log');
      expect(reasons.get('bases_far')).toStartWith('a foreign table');
    });

    test('promise 2: a restore brings back the local rows and definitions, and writes nothing on the other server', async () => {
      const [rows, catalog] = [await local(), await catalogOf(database)];
      await far.query(`INSERT INTO far_2020 VALUES (2020, 'x', 'written since')`);
      const there = await remote();
      await database.query(
        `UPDATE log_2026 SET v = 'changed'; DELETE FROM log_rest_north; INSERT INTO log_2026 VALUES (2026, 'x', 'new'); UPDATE ONLY bases SET v = 'changed'`,
      );
      await restoreInto(database, made);
      expect(await local()).toEqual(rows);
      expect(await remote()).toEqual(there);
      expect(await catalogOf(database)).toEqual(catalog);
    });

    test('backup and restore work while the other server cannot be reached', async () => {
      const rows = await local();
      await reach('not there');
      await database.query(`DELETE FROM log_2026; DELETE FROM ONLY bases`);
      await restoreInto(database, made);
      expect(await local()).toEqual(rows);
      expect((await backupOf(database, MODEL)).result.tables).toEqual({ log: 2, bases: 1 });
    });

    for (const { row, name } of [
      { row: `2020, 'x', 'was local'`, name: 'log_2020' },
      { row: `3, 'east', 'was local'`, name: 'log_rest_south' },
    ])
      test(`promise 5: rows that belong to ${name} today are refused by its name, and nothing changes anywhere`, async () => {
        await using other = await testDatabase({ server });
        await other.query(`
          CREATE TABLE log (y integer NOT NULL, region text, v text); CREATE TABLE bases (id integer, v text);
          INSERT INTO log VALUES (2026, 'north', 'fits'), (${row})`);
        const older = await backupOf(other, MODEL);
        const before = [await local(), await remote(), await catalogOf(database)];
        const error = await rejection(restoreInto(database, older));
        expect(error.code).toBe('RESTORE_REFUSED');
        expect(error.message).toContain(`1 row belongs to public.${name}, a foreign partition of public.log`);
        expect([await local(), await remote(), await catalogOf(database)]).toEqual(before);
        expect(await database.admin(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore%'`)).toEqual([]);
      });

    test('promise 9: restore.sql loads and counts the local partitions while the other server cannot be reached', async () => {
      const rows = await local();
      const cwd = await mkdtemp(join(tmpdir(), 'foreign-'));
      await Bun.write(join(cwd, 'backup.zip'), made.bytes);
      expect(Bun.spawnSync(['unzip', '-q', 'backup.zip'], { cwd }).exitCode).toBe(0);
      await reach('not there');
      await database.query('TRUNCATE ONLY log_2026, ONLY log_rest_north, ONLY bases');
      const run = await Bun.$`psql -X -q -f restore.sql ${database.url}`.cwd(cwd).quiet().nothrow();
      expect(`${run.exitCode} ${run.stderr}`).toBe('0 ');
      expect(await local()).toEqual(rows);
      await rm(cwd, { recursive: true });
    });
  });
}
