import { expect, test } from 'bun:test';
import { pgTable } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { quoteIdent } from '../../db/model/quote.ts';
import { contentOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

const OWNER = 'palace_tablespaces';
const MODEL = modelFromSchema({ t: pgTable('t', {}), far: pgTable('far', {}), parted: pgTable('parted', {}) });

/** Returns the tablespace of each relation of the application; empty for the database's default. */
async function tablespacesOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.admin<{ place: string }>(
    `SELECT concat_ws(' ', c.relname, c.relkind, coalesce(s.spcname, 'default')) AS place
       FROM pg_class c LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
      WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  return rows.map(({ place }) => place);
}

for (const server of testServers())
  test(`promise 2: a default_tablespace that database or role have later moves nothing, nor is a table in another one moved, on server ${server}`, async () => {
    const space = `palace_space_${crypto.randomUUID().slice(0, 8)}`;
    {
      await using database = await testDatabase({ server, owner: OWNER });
      // In the server's own folder: its user may not be able to write to another one.
      await database.admin('SET allow_in_place_tablespaces = on');
      await database.admin(`CREATE TABLESPACE ${space} LOCATION ''`);
      await database.admin(`GRANT CREATE ON TABLESPACE ${space} TO ${OWNER}`);
      await database.query(`
        CREATE TABLE t (id int PRIMARY KEY, v text UNIQUE); CREATE INDEX t_v ON t (v); CREATE INDEX t_far ON t (v, id) TABLESPACE ${space};
        CREATE TABLE far (id int PRIMARY KEY USING INDEX TABLESPACE ${space}, v text) TABLESPACE ${space}; CREATE INDEX far_near ON far (v);
        CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id) TABLESPACE ${space};
        CREATE TABLE parted_far PARTITION OF parted FOR VALUES FROM (0) TO (10);
        CREATE TABLE parted_near PARTITION OF parted FOR VALUES FROM (10) TO (20) TABLESPACE pg_default;
        INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 50) n; INSERT INTO far SELECT n, 'f' || n FROM generate_series(1, 50) n;
        INSERT INTO parted SELECT generate_series(0, 19)`);
      const made = await backupOf(database, MODEL);
      const [rows, tablespaces] = [await contentOf(database), await tablespacesOf(database)];
      expect(tablespaces).toEqual(expect.arrayContaining([`far r ${space}`, 't r default', `parted_far r ${space}`]));
      for (const whose of [
        `DATABASE ${database.name}`,
        `ROLE ${OWNER}`,
        `ROLE ${OWNER} IN DATABASE ${database.name}`,
      ]) {
        await database.admin(`ALTER ${whose} SET default_tablespace = ${quoteIdent(space)}`);
        await database.query('DELETE FROM t; UPDATE far SET v = NULL; DELETE FROM parted');
        await restoreInto(database, made);
        await database.admin(`ALTER ${whose} RESET default_tablespace`);
        expect(await contentOf(database)).toEqual(rows);
        expect(await tablespacesOf(database)).toEqual(tablespaces);
      }
    }
    await using other = await testDatabase({ server });
    await other.admin(`DROP TABLESPACE ${space}`);
  });
