import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { ProgressEvent } from '../../../server/core/progress.ts';
import { modelFromSchema } from '../../model/drizzle-model.ts';
import { quoteIdent } from '../../model/quote.ts';
import { migrate } from '../../system/migrate.ts';
import { rejection } from '../../testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../../testing/database.ts';
import * as hrms from '../schema.ts';
import { HRMS } from '../tables.ts';
import { fillDemo } from './demo.ts';
import { DEMO_PASSWORD } from './people.ts';
import { demoSignIn } from './sign-in.ts';
import { HOSTILE_TEXTS } from './words.ts';

const TABLES = modelFromSchema(hrms).tables.map((table) => table.name);
const SIZE = { staff: 1000, seed: 7 };
let db: TestDatabase;
let filled: Record<string, number>;
const progress: ProgressEvent[] = [];

async function migrated(): Promise<TestDatabase> {
  const made = await testDatabase({ template: 'empty' });
  await migrate(made.url, { application: HRMS });
  return made;
}

beforeAll(async () => {
  db = await migrated();
  filled = await fillDemo(db.url, { ...SIZE, onProgress: (event) => progress.push(event) });
});
afterAll(() => db[Symbol.asyncDispose]());

/** Returns every row as text, with nulls distinct from empty strings, in the order of the table's pages. */
async function rowsAsText(database: TestDatabase): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const table of TABLES) {
    const [row] = await database.query<{ text: string }>(
      `SELECT string_agg(t::text, E'\\n' ORDER BY t.ctid) AS text FROM ${quoteIdent(table)} t`,
    );
    texts[table] = row?.text ?? '';
  }
  return texts;
}

test('fillDemo() gives byte for byte the same tables for the same seed, and others for another', async () => {
  const first = await rowsAsText(db);
  await using again = await migrated();
  await fillDemo(again.url, SIZE);
  const second = await rowsAsText(again);
  for (const table of TABLES) expect([table, second[table] === first[table]]).toEqual([table, true]);
  await using other = await migrated();
  await fillDemo(other.url, { ...SIZE, seed: 8 });
  const third = await rowsAsText(other);
  for (const table of ['staff', 'loans', 'audit_trails', 'admins'])
    expect([table, third[table] === first[table]]).toEqual([table, false]);
});

test('fillDemo() fills all thirteen tables in believable ratios and counts what it made', async () => {
  expect(Object.keys(filled).toSorted()).toEqual(TABLES.toSorted());
  for (const table of TABLES) {
    const [row] = await db.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${quoteIdent(table)}`);
    expect([table, row?.count]).toEqual([table, filled[table]]);
  }
  expect(filled).toMatchObject({
    staff: 1000,
    salary_structures: 1300,
    loans: 400,
    issues: 500,
    documents: 2000,
    audit_trails: 3000,
    payroll_schedules: 24,
  });
  expect(filled.loan_repayments).toBeGreaterThan(800);
  expect(filled.issue_comments).toBeGreaterThan(500);
  expect(progress.at(-1)?.rows).toBe(Object.values(filled).reduce((sum, rows) => sum + rows, 0));
});

test('fillDemo() puts people before their managers, two in a ring and one under herself', async () => {
  const [row] = await db.query<{ later: number; self: number; ring: number }>(
    `SELECT count(*) FILTER (WHERE m.ctid > s.ctid)::int AS later, count(*) FILTER (WHERE m.id = s.id)::int AS self,
        count(*) FILTER (WHERE m."reportingManagerId" = s.id AND m.id <> s.id)::int AS ring
      FROM staff s JOIN staff m ON m.id = s."reportingManagerId"`,
  );
  expect(row?.later).toBeGreaterThan(900);
  expect(row).toMatchObject({ self: 1, ring: 2 });
});

test('fillDemo() holds every hostile text, nulls beside empty strings, empty arrays beside null ones, and jsonb null', async () => {
  const texts = await db.query<{ text: string }>(
    'SELECT content AS text FROM issue_comments UNION SELECT address FROM staff UNION SELECT description FROM issues UNION SELECT reason FROM loans UNION SELECT "fullName" FROM staff',
  );
  const found = new Set(texts.map((row) => row.text));
  expect(HOSTILE_TEXTS.filter((text) => !found.has(text))).toEqual([]);
  const [row] = await db.query<Record<string, boolean>>(
    `SELECT bool_or(address IS NULL) AS no_address, bool_or(address = '') AS empty_address, bool_or("phoneNumbers" IS NULL) AS no_phones,
        bool_or("phoneNumbers" = '{}') AS empty_phones, bool_or(array_position("phoneNumbers", NULL) > 0) AS null_phone,
        bool_or("dateOfBirth" < '0001-01-01') AS before_christ,
        (SELECT bool_or("organogramData" = 'null') FROM shareable_links) AS json_null,
        (SELECT bool_or("otherAllowances" = 'null') FROM salary_structures) AS allowance_null,
        (SELECT bool_or("basicSalary"::text LIKE '%.00') FROM salary_structures) AS trailing_zeros FROM staff`,
  );
  for (const [what, there] of Object.entries(row ?? {})) expect([what, there]).toEqual([what, true]);
});

test('fillDemo() makes loans whose instalments, repayments and balances agree', async () => {
  const wrong = await db.query(
    `SELECT l.id FROM loans l LEFT JOIN loan_repayments r ON r."loanId" = l.id GROUP BY l.id
      HAVING count(r.id) <> l."installmentsPaid" OR l.amount - coalesce(sum(r.amount), 0) <> l."outstandingBalance" OR l.amount <> l."monthlyDeduction" * l."repaymentTerms"`,
  );
  expect(wrong).toEqual([]);
});

test('fillDemo() makes a super administrator who signs in with the documented password', async () => {
  const [admin] = await db.query<{ password: string; role: string }>(
    `SELECT password, role FROM admins WHERE email = 'superadmin@owu.example'`,
  );
  expect(admin?.role).toBe('SUPER_ADMIN');
  expect(await Bun.password.verify(DEMO_PASSWORD, admin?.password ?? '')).toBe(true);
});

test('demoSignIn() tells of that administrator, and of nobody once he is gone, has another password, or the tables are lost', async () => {
  await using own = await migrated();
  expect(await demoSignIn(own.url)).toBeNull();
  await fillDemo(own.url, { staff: 3, seed: 1 });
  expect(await demoSignIn(own.url)).toEqual({ email: 'superadmin@owu.example', password: DEMO_PASSWORD });
  await own.query(`UPDATE admins SET password = 'another' WHERE email = 'superadmin@owu.example'`);
  expect(await demoSignIn(own.url)).toBeNull();
  await own.query('DROP TABLE admins CASCADE');
  expect(await demoSignIn(own.url)).toBeNull();
});

test('fillDemo() refuses tables that hold rows, and a database without them', async () => {
  expect((await rejection(fillDemo(db.url, SIZE))).code).toBe('ALREADY_EXISTS');
  await using bare = await testDatabase({ template: 'empty' });
  expect((await rejection(fillDemo(bare.url, SIZE))).code).toBe('UNKNOWN_TABLE');
});

test('fillDemo() takes any small size, and refuses one that cannot be meant', async () => {
  await using small = await migrated();
  for (const staff of [0, 1, 2, 3, 11]) {
    expect((await fillDemo(small.url, { staff, seed: 1 })).staff).toBe(staff);
    await small.query(`TRUNCATE ${TABLES.map(quoteIdent).join(', ')}`);
  }
  for (const staff of [-1, 1.5, Number.NaN, 6_000_000])
    expect((await rejection(fillDemo(db.url, { staff, seed: 1 }))).code).toBe('USAGE');
});

test('fillDemo() leaves nothing behind when it is cancelled', async () => {
  await using target = await migrated();
  const stop = new AbortController();
  const onProgress = (event: ProgressEvent) => event.table === 'public.loans' && stop.abort();
  expect((await rejection(fillDemo(target.url, { ...SIZE, signal: stop.signal, onProgress }))).code).toBe('CANCELLED');
  expect(await target.query('SELECT id FROM staff')).toEqual([]);
});
