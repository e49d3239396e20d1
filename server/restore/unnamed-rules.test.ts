import { expect, test } from 'bun:test';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

/** A refusal of a row in which the server names no constraint of the table. Each has a table of its own, where `v` is 0 in the only row. */
interface Refusal {
  /** SQL that makes the table, `(v int)` when absent. */
  made?: (table: string) => string;
  /** Runs after the backup. */
  since: (table: string) => string;
  message: RegExp;
  hint: RegExp;
}

const NO_PARTITION = /^No partition of public\.\w+ takes some rows of the backup\. Nothing was changed\.$/;
const REFUSALS: Record<string, Refusal> = {
  by_range: {
    made: (table) =>
      `CREATE TABLE ${table} (v int) PARTITION BY RANGE (v); CREATE TABLE ${table}_1 PARTITION OF ${table} FOR VALUES FROM (0) TO (9)`,
    since: (table) => `DROP TABLE ${table}_1`,
    message: NO_PARTITION,
    hint: /or a default one/,
  },
  below_range: {
    made: (table) =>
      `CREATE TABLE ${table} (v int) PARTITION BY RANGE (v); CREATE TABLE ${table}_1 PARTITION OF ${table} FOR VALUES FROM (0) TO (9) PARTITION BY LIST (v);
       CREATE TABLE ${table}_1_0 PARTITION OF ${table}_1 FOR VALUES IN (0)`,
    since: (table) => `DROP TABLE ${table}_1_0`,
    message: /^No partition of public\.below_range_1 takes some rows/,
    hint: /or a default one/,
  },
  by_hash: {
    made: (table) =>
      `CREATE TABLE ${table} (v int) PARTITION BY HASH (v); CREATE TABLE ${table}_0 PARTITION OF ${table} FOR VALUES WITH (MODULUS 1, REMAINDER 0)`,
    since: (table) => `DROP TABLE ${table}_0`,
    message: NO_PARTITION,
    hint: /^(?!.*default).*partitioned by hash/,
  },
  by_function: {
    since: (table) =>
      `CREATE FUNCTION picky(v int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE check_violation; END $$;
       TRUNCATE ${table}; ALTER TABLE ${table} ADD CHECK (picky(v))`,
    message: /an expression of today's tables .* fails for a row \(SQLSTATE 23514\)\. Nothing was changed\.$/,
    hint: /--verbose/,
  },
  by_division: {
    since: (table) => `TRUNCATE ${table}; CREATE INDEX ON ${table} ((1 / v))`,
    message: /an expression of today's tables .* fails for a row \(SQLSTATE 22012\)\. Nothing was changed\.$/,
    hint: /--verbose/,
  },
  by_domain: {
    since: (table) =>
      `CREATE DOMAIN something AS int NOT NULL; TRUNCATE ${table}; ALTER TABLE ${table} ADD w something DEFAULT NULL::int`,
    message: /a value breaks NOT NULL of the domain public\.something\. Nothing was changed\.$/,
    hint: /ALTER DOMAIN "public"\."something" DROP NOT NULL; restore/,
  },
  by_domain_check: {
    since: (table) =>
      `CREATE DOMAIN positive AS int CONSTRAINT above CHECK (VALUE > 0); TRUNCATE ${table}; ALTER TABLE ${table} ADD w positive GENERATED ALWAYS AS (v * 2) STORED`,
    message: /a value breaks the check above of the domain public\.positive\. Nothing was changed\.$/,
    hint: /ALTER DOMAIN "public"\."positive" DROP CONSTRAINT "above"; restore/,
  },
};

const MODEL = modelFromSchema(
  Object.fromEntries(Object.keys(REFUSALS).map((name) => [name, pgTable(name, { v: integer('v') })])),
);

for (const server of testServers())
  test(`what refuses a row without a name is told for what it is, and rows fit no partition only where there are some, on server ${server}`, async () => {
    await using database = await testDatabase({ server });
    for (const [table, { made = (name: string) => `CREATE TABLE ${name} (v int)` }] of Object.entries(REFUSALS))
      await database.query(`${made(table)}; INSERT INTO ${table} VALUES (0)`);
    const backup = await backupOf(database, MODEL);
    for (const [table, { since, message, hint }] of Object.entries(REFUSALS)) {
      await database.query(since(table));
      const error = await rejection(restoreInto(database, backup, { tables: [table] }));
      expect([table, error.code, error.message, error.hint]).toEqual([
        table,
        'RESTORE_REFUSED',
        expect.stringMatching(message),
        expect.stringMatching(hint),
      ]);
    }
  });
