import { AppError } from '../../../server/core/errors.ts';
import type { OnProgress } from '../../../server/core/progress.ts';
import { openSession, type Session } from '../../connect/session.ts';
import { configureTransaction } from '../../connect/working-session.ts';
import { quoteIdent } from '../../model/quote.ts';
import { categoryRows } from './categories.ts';
import { auditRows, documentRows, payrollRows, settingRows, shareRows } from './office.ts';
import { adminRows, staffRows } from './people.ts';
import { commentRows, issueRows, loanRows, repaymentRows, salaryRows } from './records.ts';
import { type DemoSql, type DemoTable, demoSql } from './sql.ts';

export interface DemoOptions {
  /** Number of people, 0 to 5 000 000. Everything else follows in believable ratios, about eleven rows for each. */
  staff: number;
  /** A whole number. The same seed and size give the same rows, byte for byte. */
  seed: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** Rows per statement: enough to be fast, few enough to cancel soon and to keep the server's queue of pending foreign key checks short. */
const SLICE = 100_000;
const MOST_STAFF = 5_000_000;

/**
 * Fills the HRMS's empty tables with invented people, in one transaction, and returns the rows per table. Rows precede the rows they refer
 * to, texts hold what breaks careless formats, and nothing depends on the clock. Throws ALREADY_EXISTS when a table holds rows,
 * UNKNOWN_TABLE when one is missing, USAGE for an impossible size.
 */
export async function fillDemo(url: string, options: DemoOptions): Promise<Record<string, number>> {
  const { staff, seed, onProgress } = options;
  if (!Number.isSafeInteger(staff) || staff < 0 || staff > MOST_STAFF || !Number.isSafeInteger(seed)) {
    throw new AppError('USAGE', `Demo data cannot be made for ${staff} people with seed ${seed}.`, {
      hint: `Give a whole number of people up to ${MOST_STAFF} and a whole number as seed.`,
    });
  }
  const tables = demoTables(demoSql(seed), staff);
  await using session = await openSession(url, {
    applicationName: 'palace-backup demo',
    signal: options.signal ?? new AbortController().signal,
  });

  await session.query('BEGIN');
  await configureTransaction(session);
  await session.query('SET LOCAL search_path = public');
  await refuseUnlessEmpty(session, tables);
  const rows: Record<string, number> = {};
  let total = 0;
  for (const table of tables) {
    rows[table.table] = 0;
    for (const [from, to] of slices(table)) {
      const inserted = (await session.query<{ rows: number }>(insertStatement(table, from, to)))[0]?.rows ?? 0;
      rows[table.table] = (rows[table.table] ?? 0) + inserted;
      total += inserted;
      onProgress?.({ stage: 'copy', rows: total, bytes: 0, totalBytes: 0, table: `public.${table.table}` });
    }
  }
  // Inside the transaction: analysed after it, the server's statistics would count the rows twice.
  await session.query(`ANALYZE ${tables.map((table) => `public.${quoteIdent(table.table)}`).join(', ')}`);
  await session.query('COMMIT');
  return rows;
}

/** Returns the tables in load order, in the ratios of an HRMS some years in use. */
function demoTables(sql: DemoSql, staff: number): DemoTable[] {
  const admins = 5 + Math.min(55, Math.floor(staff / 1000));
  const share = (ratio: number) => Math.round(staff * ratio);
  return [
    adminRows(sql, admins),
    categoryRows(sql),
    staffRows(sql, staff),
    salaryRows(sql, share(1.3), staff),
    loanRows(sql, share(0.4), staff, admins),
    repaymentRows(sql, share(0.4)),
    issueRows(sql, share(0.5), staff, admins),
    commentRows(sql, share(0.5), admins),
    documentRows(sql, staff * 2),
    auditRows(sql, staff * 3, staff, admins),
    payrollRows(sql, staff, admins),
    shareRows(sql, admins),
    settingRows(sql, admins),
  ];
}

/** Throws when a table holds rows. The lock comes first, so that nobody fills a table between the check and the first row. */
async function refuseUnlessEmpty(session: Session, tables: DemoTable[]): Promise<void> {
  const names = tables.map((table) => table.table);
  const found = await session.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname = ANY ($1)`,
    [names],
  );
  const missing = names.filter((name) => !found.some((table) => table.name === name));
  if (missing.length > 0) {
    throw new AppError('UNKNOWN_TABLE', `The database lacks tables of the HRMS: ${missing.join(', ')}.`, {
      hint: 'Run `bun run scripts/migrate.ts` on an empty database first.',
      details: { missing },
    });
  }
  await session.query(`LOCK TABLE ${names.map(quoteIdent).join(', ')} IN SHARE ROW EXCLUSIVE MODE`);
  for (const name of names) {
    const [row] = await session.query<{ filled: boolean }>(`SELECT EXISTS (SELECT FROM ${quoteIdent(name)}) AS filled`);
    if (row?.filled) {
      throw new AppError('ALREADY_EXISTS', `The table public.${name} already holds rows.`, {
        hint: 'Demo data goes into empty tables only. Make a new database and run `bun run scripts/migrate.ts` on it.',
        details: { table: `public.${name}` },
      });
    }
  }
}

function slices({ series, whole }: DemoTable): [from: number, to: number][] {
  if (whole) return [[1, series]];
  return Array.from({ length: Math.ceil(series / SLICE) }, (_, at) => [
    at * SLICE + 1,
    Math.min(series, (at + 1) * SLICE),
  ]);
}

function insertStatement(table: DemoTable, from: number, to: number): string {
  const names = Object.keys(table.columns).map(quoteIdent).join(', ');
  const source = `generate_series(${from}::bigint, ${to}) AS i${table.from ? ` CROSS JOIN LATERAL ${table.from}` : ''}`;
  return `WITH made AS (INSERT INTO ${quoteIdent(table.table)} (${names}) SELECT ${Object.values(table.columns).join(', ')} FROM ${source} RETURNING 1)
    SELECT count(*)::int AS rows FROM made`;
}
