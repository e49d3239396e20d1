import { describe, expect, test } from 'bun:test';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { contentOf } from '../../db/testing/content.fixture.ts';
import { testDatabase } from '../../db/testing/database.ts';
import { typed } from '../../db/testing/fixtures/typed.ts';
import { testServers } from '../../db/testing/servers.ts';
import type { AppError } from '../core/errors.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

const account = pgTable('account', { id: integer('id').primaryKey(), name: text('name'), plan: text('plan') });
const history = pgTable('history', {
  id: integer('id').primaryKey(),
  before: typed('account')('before'),
  home: typed('addr')('home'),
  amount: typed('amount')('amount'),
  code: typed('code')('code'),
});
const model = modelFromSchema({ account, history });

const MADE = `
  CREATE TABLE account (id int PRIMARY KEY, name text, plan text);
  CREATE TYPE addr AS (city text, street text);
  CREATE DOMAIN amount AS numeric(12,2);
  CREATE DOMAIN code AS text;
  CREATE TABLE history (id int PRIMARY KEY, before account, home addr, amount amount, code code);
  INSERT INTO account VALUES (1, 'Ann', 'free');
  INSERT INTO history SELECT 1, a, ROW('Berlin', 'Main St')::addr, 12.34, '007' FROM account a`;

const OTHER_BEHIND_THE_NAMES = `
  ALTER TABLE history DROP before, DROP home, DROP amount, DROP code;
  ALTER TABLE account DROP name; ALTER TABLE account ADD name text;
  DROP TYPE addr; CREATE TYPE addr AS (street text, city text);
  DROP DOMAIN amount; CREATE DOMAIN amount AS numeric(12,0);
  DROP DOMAIN code; CREATE DOMAIN code AS integer;
  ALTER TABLE history ADD before account, ADD home addr, ADD amount amount, ADD code code`;

for (const server of testServers()) {
  describe(`types behind their names on server ${server}`, () => {
    test('promise 2: types that mean something else under the same name are refused, all of them at once, each with what changed', async () => {
      await using database = await testDatabase({ server });
      await database.query(MADE);
      const made = await backupOf(database, model);
      await database.query(OTHER_BEHIND_THE_NAMES);
      const before = await contentOf(database);
      const refusal = await restoreInto(database, made).catch((error: unknown) => error);
      expect(refusal).toMatchObject({
        code: 'SCHEMA_MISMATCH',
        details: {
          faults: [
            'public.account (behind public.history.before): its attributes name, plan changed places',
            'public.addr (behind public.history.home): its attributes city, street changed places',
            'public.amount (behind public.history.amount): was over numeric(12,2) and is over numeric(12,0) today',
            'public.code (behind public.history.code): was over text and is over integer today',
          ],
        },
      });
      expect(await contentOf(database)).toEqual(before);
    });

    test('what a value names, and what functions of its type and of rules need, is asked for when it is gone', async () => {
      await using database = await testDatabase({ server });
      await database.query(`
        CREATE TABLE known (id int); INSERT INTO known VALUES (1);
        CREATE FUNCTION is_known(int) RETURNS bool STABLE LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM known WHERE id = $1); END';
        CREATE FUNCTION is_half(int) RETURNS bool STABLE LANGUAGE plpgsql AS 'BEGIN RETURN is_known($1 / 2); END';
        CREATE DOMAIN one AS int CHECK (is_known(VALUE));
        CREATE TABLE places (id regclass); INSERT INTO places VALUES ('known');
        CREATE TABLE ones (id one); INSERT INTO ones VALUES (1);
        CREATE TABLE halves (id int CHECK (is_half(id))); INSERT INTO halves VALUES (2)`);
      const names = ['places', 'ones', 'halves'];
      const tables = names.map((name) => [name, pgTable(name, { id: integer('id') })] as const);
      const made = await backupOf(database, modelFromSchema(Object.fromEntries(tables)));
      await database.query('ALTER TABLE known RENAME TO gone');
      const refusals: AppError[] = [];
      for (const name of names) refusals.push(await rejection(restoreInto(database, made, { tables: [name] })));
      expect(refusals.map(({ code, message, hint }) => [code, message, hint])).toEqual([
        [
          'RESTORE_REFUSED',
          expect.stringMatching(/^data\/public\.places\/00001\.csv, line 2, column id: .*\(SQLSTATE 42P01\)/),
          expect.stringContaining('a table, view, index or sequence) that this database lacks today'),
        ],
        [
          'RESTORE_REFUSED',
          expect.stringMatching(/^data\/public\.ones\/00001\.csv, line 2, column id: .*\(SQLSTATE 42P01\)/),
          expect.stringContaining('ALTER FUNCTION public.is_known(integer) SET search_path'),
        ],
        [
          'RESTORE_REFUSED',
          expect.stringContaining('the function public.is_half(integer) does not find what it names (SQLSTATE 42883)'),
          expect.stringContaining('ALTER FUNCTION public.is_half(integer) SET search_path'),
        ],
      ]);
    });

    test('promise 2: the row of a table means the same when a column of it was dropped and made again at the end, where it had been', async () => {
      await using database = await testDatabase({ server });
      await database.query(MADE);
      const before = await contentOf(database);
      const made = await backupOf(database, model);
      await database.query(`ALTER TABLE account DROP plan; ALTER TABLE account ADD plan text`);
      await database.query('TRUNCATE history, account');
      await restoreInto(database, made);
      expect(await contentOf(database)).toEqual(before);
    });
  });
}
