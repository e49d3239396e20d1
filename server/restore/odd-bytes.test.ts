import { expect, test } from 'bun:test';
import { customType, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, chunksOf, restoreInto } from '../testing/verbs.fixture.ts';

const char = customType<{ data: string }>({ dataType: () => '"char"' });
const MODEL = modelFromSchema({
  bytes: pgTable('bytes', { n: integer().primaryKey(), c: char('c'), all: char('all') }),
});
const WORDS = modelFromSchema({ words: pgTable('words', { id: integer('id').primaryKey(), v: text('v') }) });

for (const server of testServers()) {
  test(`promise 2: every byte of a "char", alone and in arrays, comes back, on server ${server}`, async () => {
    await using database = await testDatabase({ server });
    await database.query(`CREATE TABLE bytes (n int PRIMARY KEY, c "char" UNIQUE, "all" "char"[])`);
    await database.query(
      `INSERT INTO bytes SELECT n, n::"char", ARRAY[n::"char", NULL, (-n)::"char"] FROM generate_series(-127, 127) AS n`,
    );
    await database.query(`INSERT INTO bytes VALUES (-128, (-128)::"char", '{}'), (1000, NULL, NULL)`);
    const all = () =>
      database.query(
        `SELECT n, c::int AS c, ARRAY(SELECT x::int FROM unnest("all") AS x) AS every FROM bytes ORDER BY n`,
      );
    const before = await all();
    expect(before.filter(({ n, c }) => n === c)).toHaveLength(256);
    const made = await backupOf(database, MODEL);
    await database.query(`UPDATE bytes SET c = NULL, "all" = NULL`);
    await restoreInto(database, made);
    expect(await all()).toEqual(before);
  });

  test(`promise 11: text that is not UTF-8 in a UTF8 database is refused by the backup, with table, column and key, on server ${server}`, async () => {
    await using database = await testDatabase({ server });
    await database.query(`CREATE TABLE words (id int PRIMARY KEY, v text); INSERT INTO words VALUES (1, 'schön')`);
    expect(await chunksOf(await backupOf(database, WORDS), 'public', 'words')).toContain('schön');
    // Only a path around the server's own checks can put such bytes there.
    await database.admin(
      `CREATE CAST (bytea AS text) WITHOUT FUNCTION; INSERT INTO words VALUES (7, ('private '::bytea || '\\xe9'::bytea)::text); DROP CAST (bytea AS text)`,
    );
    const error = await rejection(backupOf(database, WORDS));
    expect(error.message).toBe(
      'public.words holds text that is not UTF-8, in the column v of the row with the key id = 7: the server would not take it back. No backup was made.',
    );
    expect(JSON.stringify([error.hint, error.details])).not.toContain('private');
  });
}
