import { afterAll, beforeAll, expect, test } from 'bun:test';
import { modelFromSchema } from '../model/drizzle-model.ts';
import { migrate } from '../system/migrate.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { HRMS_COLUMNS, HRMS_ENUMS, HRMS_FOREIGN_KEYS, HRMS_UNIQUE_INDEXES } from './schema.fixture.ts';
import * as hrms from './schema.ts';
import { HRMS } from './tables.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase({ template: 'empty' });
  await migrate(db.url, { application: HRMS });
  await db.query(`SET search_path = ''`);
});
afterAll(() => db[Symbol.asyncDispose]());

/** Returns `table → column lines`, as the documented model spells them. */
function documentedColumns(): Record<string, string[]> {
  const expand = (line: string) =>
    line.replace(/ ts\b/, ' timestamp(3) without time zone').replace(/ default now$/, ' default CURRENT_TIMESTAMP');
  return Object.fromEntries(
    Object.entries(HRMS_COLUMNS).map(([table, text]) => [
      table,
      text
        .trim()
        .split(/\s*(?:\||\n)\s*/)
        .map(expand),
    ]),
  );
}

test('an empty database gets exactly the documented tables and columns: order, types, nullability, defaults', async () => {
  const rows = await db.query<{ table: string; line: string }>(
    `SELECT c.relname AS table, a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum`,
  );
  const byTable = [...Map.groupBy(rows, (row) => row.table)];
  const found = Object.fromEntries(byTable.map(([table, lines]) => [table, lines.map((row) => row.line)]));
  expect(found).toEqual(documentedColumns());
});

test('an empty database gets exactly the documented primary and foreign keys, under Prisma’s names', async () => {
  const rows = await db.query<{ table: string; name: string; definition: string }>(
    `SELECT c.relname AS table, k.conname AS name, pg_get_constraintdef(k.oid) AS definition FROM pg_constraint k
      JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'public' AND k.contype <> 'n' ORDER BY 1, 2`,
  );
  const quoted = (name: string) => (/[A-Z]/.test(name) ? `"${name}"` : name);
  const expected = [
    ...Object.keys(HRMS_COLUMNS).map((table) => ({ table, name: `${table}_pkey`, definition: 'PRIMARY KEY (id)' })),
    ...HRMS_FOREIGN_KEYS.map(([table, column, target, onDelete]) => ({
      table,
      name: `${table}_${column}_fkey`,
      definition: `FOREIGN KEY (${quoted(column)}) REFERENCES public.${target}(id) ON UPDATE CASCADE ON DELETE ${onDelete}`,
    })),
  ];
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  expect(rows.sort(byName)).toEqual(expected.sort(byName));
});

test('an empty database gets exactly the documented unique indexes and no other index', async () => {
  const rows = await db.query<{ name: string; definition: string }>(
    `SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND NOT i.indisprimary`,
  );
  const quoted = (name: string) => (/[A-Z]/.test(name) ? `"${name}"` : name);
  const expected = Object.entries(HRMS_UNIQUE_INDEXES).map(([name, on]) => [
    name,
    `CREATE UNIQUE INDEX ${quoted(name)} ON ${on}`,
  ]);
  expect(Object.fromEntries(rows.map((row) => [row.name, row.definition]))).toEqual(Object.fromEntries(expected));
});

test('an empty database gets exactly the documented enums, labels in order', async () => {
  const rows = await db.query<{ name: string; labels: string }>(
    `SELECT t.typname AS name, string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder) AS labels FROM pg_enum e
      JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'public' GROUP BY t.typname`,
  );
  expect(Object.fromEntries(rows.map((row) => [row.name, row.labels]))).toEqual(HRMS_ENUMS);
});

test('modelFromSchema() spells every HRMS column as the catalog does, defaults included', () => {
  const model = modelFromSchema(hrms);
  const spelled = model.tables.map((table) => [
    table.name,
    table.columns.map(
      (c) =>
        `${c.name} ${c.sqlType}${c.notNull ? ' not null' : ''}${c.defaultSql === null ? '' : ` default ${c.defaultSql}`}`,
    ),
  ]);
  expect(Object.fromEntries(spelled)).toEqual(documentedColumns());
});

test('the HRMS schema exports each table under its BackupData key', () => {
  const keys = Object.fromEntries(modelFromSchema(hrms).tables.map((table) => [table.key, table.name]));
  expect(keys).toEqual({
    admins: 'admins',
    staff: 'staff',
    categories: 'categories',
    salaryStructures: 'salary_structures',
    loans: 'loans',
    issues: 'issues',
    files: 'documents',
    shareableLinks: 'shareable_links',
    loanRepayments: 'loan_repayments',
    issueComments: 'issue_comments',
    auditTrails: 'audit_trails',
    payrollSchedules: 'payroll_schedules',
    systemSettings: 'system_settings',
  });
});
