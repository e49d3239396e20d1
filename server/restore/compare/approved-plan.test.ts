import { describe, expect, test } from 'bun:test';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { contentOf } from '../../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { backupOf, compareWith, type MadeBackup, restoreInto } from '../../testing/verbs.fixture.ts';
import { planDigest } from './approved-plan.ts';

const keyed = pgTable('keyed', { id: integer('id').primaryKey(), v: text('v') });
const loose = pgTable('loose', { v: text('v').primaryKey() });
const MODEL = modelFromSchema({ keyed, loose });

async function prepared(server: ReturnType<typeof testServers>[number]): Promise<[TestDatabase, MadeBackup]> {
  const database = await testDatabase({ server });
  await database.query(`
    CREATE TABLE keyed (id int PRIMARY KEY, v text); CREATE TABLE loose (v text PRIMARY KEY);
    INSERT INTO keyed SELECT n, 'v' FROM generate_series(1, 20) AS n; INSERT INTO loose VALUES ('a'), ('b')`);
  const made = await backupOf(database, MODEL);
  await database.query(
    `UPDATE keyed SET v = 'w' WHERE id < 4; INSERT INTO keyed VALUES (30, 'new'); DELETE FROM loose`,
  );
  return [database, made];
}

for (const server of testServers())
  for (const apply of ['rows', 'rewrite'] as const)
    describe(`a restore with a plan by the way ${apply} on server ${server}`, () => {
      test('does what the plan says when nothing has changed since', async () => {
        const [database, made] = await prepared(server);
        await using _ = database;
        const plan = await compareWith(database, made);
        expect(planDigest(JSON.parse(JSON.stringify(plan)))).toBe(plan.digest);
        await restoreInto(database, made, { plan, apply });
        const { tables } = await compareWith(database, made);
        expect(tables.filter(({ added, changed, removed }) => added + changed + removed > 0)).toEqual([]);
      });

      test('goes on after writes that leave no more rows to lose, and is refused with the numbers when there are more', async () => {
        const [database, made] = await prepared(server);
        await using _ = database;
        const plan = await compareWith(database, made);
        await database.query(`DELETE FROM keyed WHERE id = 30; UPDATE keyed SET v = 'x' WHERE id = 1`);
        await database.query(`UPDATE keyed SET v = 'x' WHERE id = 5; INSERT INTO loose VALUES ('written since')`);
        const now = await contentOf(database);
        const error = await rejection(restoreInto(database, made, { plan, apply }));
        expect(error.code).toBe('RESTORE_REFUSED');
        expect(error.message).toContain(
          'public.loose would lose 1 rows and 0 would be overwritten, where the plan says 0 and 0',
        );
        expect(error.message).not.toContain('public.keyed');
        expect(await contentOf(database)).toEqual(now);
        await database.query('DELETE FROM loose');
        await restoreInto(database, made, { plan, apply });
      });

      test('is refused for another backup, other tables, another definition and another treatment of rules', async () => {
        const [database, made] = await prepared(server);
        await using _ = database;
        const plan = await compareWith(database, made);
        const refused = async (archive: MadeBackup, input: Parameters<typeof restoreInto>[2]) =>
          (await rejection(restoreInto(database, archive, { plan, apply, ...input }))).message;
        expect(await refused(made, { tables: ['keyed'] })).toContain('other tables are chosen');
        expect(await refused(made, { keepBrokenRules: true })).toContain(
          'rules that rows break are to be treated otherwise',
        );
        expect(await refused(await backupOf(database, MODEL), {})).toContain('it is another backup');
        await database.query('CREATE INDEX since ON keyed (v)');
        expect(await refused(made, {})).toContain('the definition of a table has changed');
      });
    });
