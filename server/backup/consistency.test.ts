import { describe, expect, test } from 'bun:test';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { connected } from '../../db/testing/client.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { AppError } from '../core/errors.ts';
import { backupOf, chunksOf, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';

const BACKUPS = campaign(6, 50);
const ACCOUNTS = 40;
const TOTAL = ACCOUNTS * 100;

const staff = pgTable('staff', { id: integer().primaryKey(), name: text() });
const salaries = pgTable('salaries', { id: integer().primaryKey(), staffId: integer('staff_id').notNull() });
const accounts = pgTable('accounts', { id: integer().primaryKey(), balance: integer().notNull() });
const refilled = pgTable('refilled', { id: integer().primaryKey(), round: integer().notNull() });
const altered = pgTable('altered', { id: integer().primaryKey() });
const model = modelFromSchema({ staff, salaries, accounts, refilled, altered });

const DDL = `
  CREATE TABLE staff (id integer PRIMARY KEY, name text);
  CREATE TABLE salaries (id integer PRIMARY KEY, staff_id integer NOT NULL REFERENCES staff DEFERRABLE);
  CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL);
  CREATE TABLE refilled (id integer PRIMARY KEY, round integer NOT NULL);
  CREATE TABLE altered (id integer PRIMARY KEY);
  INSERT INTO staff SELECT n, 'first' FROM generate_series(1, 30) AS n;
  INSERT INTO salaries SELECT n, n FROM generate_series(1, 30) AS n;
  INSERT INTO accounts SELECT n, 100 FROM generate_series(1, ${ACCOUNTS}) AS n;
  INSERT INTO refilled SELECT n, 0 FROM generate_series(1, 500) AS n;
  INSERT INTO altered SELECT generate_series(1, 500);`;

/** Runs the statements of one client again and again until the test has what it wants. */
async function writers(
  database: TestDatabase,
  rounds: ((round: number) => string)[],
  work: () => Promise<void>,
): Promise<number> {
  let done = false;
  let written = 0;
  const write = async (statements: (round: number) => string) => {
    const client = await connected(database.url, 'writer');
    try {
      for (let round = 1; !done; round++, written++) {
        for (const statement of statements(round).split(';\n')) await client.query(statement);
        // Leaves time to the backup under test, which shares the machine.
        await Bun.sleep(1);
      }
    } finally {
      await client.end();
    }
  };
  const all = rounds.map(write);
  try {
    await work();
  } finally {
    done = true;
    await Promise.all(all);
  }
  return written;
}

/** Returns the rows as numbers; a text becomes NaN. */
async function rowsOf(made: MadeBackup, table: string): Promise<number[][]> {
  const csv = await chunksOf(made, 'public', table);
  return csv
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(',').map(Number));
}

for (const server of testServers()) {
  describe(`one moment on server ${server}`, () => {
    test(`promise 1: ${BACKUPS} backups under writers hold no broken foreign key and no sum that was never true`, async () => {
      await using database = await testDatabase({ server });
      await database.query(DDL);
      const hire = (round: number) =>
        `INSERT INTO staff VALUES (${1000 + round}, 'new');\nINSERT INTO salaries VALUES (${1000 + round}, ${1000 + round});\n` +
        `BEGIN;\nDELETE FROM salaries WHERE staff_id = ${990 + round};\nDELETE FROM staff WHERE id = ${990 + round};\nCOMMIT`;
      const move = (round: number) => `UPDATE salaries SET staff_id = ${1 + (round % 30)} WHERE id <= 30`;
      const pay = (round: number) => {
        const [from, to] = [1 + (round % ACCOUNTS), 1 + ((round * 7) % ACCOUNTS)];
        return `BEGIN;\nUPDATE accounts SET balance = balance - 5 WHERE id = ${from};\nUPDATE accounts SET balance = balance + 5 WHERE id = ${to};\nCOMMIT`;
      };
      const payBack = (round: number) =>
        `UPDATE accounts SET balance = balance + CASE id WHEN 1 THEN ${round} ELSE -${round} END WHERE id IN (1, 2)`;

      let last: MadeBackup | undefined;
      const seen = new Set<string>();
      const written = await writers(database, [hire, move, pay, payBack], async () => {
        for (let backup = 0; backup < BACKUPS; backup++) {
          const made = await backupOf(database, model, { verify: false, jobs: 1 + (backup % 3) });
          const known = new Set((await rowsOf(made, 'staff')).map(([id]) => id ?? 0));
          for (const [salary, staffId] of await rowsOf(made, 'salaries'))
            expect({ salary, known: known.has(staffId ?? 0) }).toEqual({ salary: salary ?? 0, known: true });
          const balances = await rowsOf(made, 'accounts');
          expect(balances.reduce((sum, [, balance]) => sum + (balance ?? 0), 0)).toBe(TOTAL);
          seen.add(JSON.stringify(balances));
          last = made;
        }
      });
      expect(written).toBeGreaterThan(BACKUPS);
      expect(seen.size).toBeGreaterThan(1);
      // The restore makes the server itself check the foreign keys.
      await restoreInto(database, last as MadeBackup);
      expect(
        await database.query(
          `SELECT count(*)::int AS unvalidated FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT convalidated`,
        ),
      ).toEqual([{ unvalidated: 0 }]);
    });

    test(`promise 1: ${BACKUPS} backups while tables are truncated and refilled, rewritten and vacuumed are right or TABLE_BUSY, never short of a row`, async () => {
      await using database = await testDatabase({ server });
      await database.query(DDL);
      const refill = (round: number) =>
        `BEGIN;\nTRUNCATE refilled;\nINSERT INTO refilled SELECT n, ${round} FROM generate_series(1, 500) AS n;\nCOMMIT`;
      const rewrite = (round: number) => `ALTER TABLE altered ALTER id TYPE ${round % 2 ? 'bigint' : 'integer'}`;
      const vacuum = () =>
        'VACUUM FULL accounts;\nVACUUM FULL altered;\nREINDEX TABLE staff;\nCLUSTER salaries USING salaries_pkey';

      const outcomes = { right: 0, busy: 0 };
      await writers(database, [refill, rewrite, vacuum], async () => {
        for (let backup = 0; backup < BACKUPS; backup++) {
          try {
            const made = await backupOf(database, model, { verify: false, lockGiveUpMs: 500, jobs: 1 + (backup % 3) });
            expect(made.result.tables).toEqual({
              staff: 30,
              salaries: 30,
              accounts: ACCOUNTS,
              refilled: 500,
              altered: 500,
            });
            expect(new Set((await rowsOf(made, 'refilled')).map(([, round]) => round)).size).toBe(1);
            outcomes.right++;
          } catch (error) {
            if (!(error instanceof AppError) || error.code !== 'TABLE_BUSY') throw error;
            outcomes.busy++;
          }
        }
      });
      expect(outcomes.right + outcomes.busy).toBe(BACKUPS);
      expect(outcomes.right).toBeGreaterThan(0);
    });
  });
}
