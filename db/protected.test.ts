import { expect, test } from 'bun:test';
import { modelFromSchema } from './drizzle-model.ts';
import { classifyTables, HRMS_POLICY, sensitivityOf } from './protected.ts';
import * as hrms from './schema/hrms.ts';

const model = modelFromSchema(hrms);

test('HRMS_POLICY classifies every table and column of the HRMS schema, and nothing that is gone', () => {
  const inSchema = Object.fromEntries(
    model.tables.map((table) => [
      table.key,
      { table: table.name, columns: table.columns.map((column) => column.name).sort() },
    ]),
  );
  const inPolicy = Object.fromEntries(
    Object.entries(HRMS_POLICY).map(([key, { table, columns }]) => [
      key,
      { table, columns: Object.keys(columns).sort() },
    ]),
  );
  expect(inPolicy).toEqual(inSchema);
});

test('HRMS_POLICY names the columns that hold file paths', () => {
  const paths = Object.values(HRMS_POLICY).flatMap(({ table, filePaths }) =>
    filePaths.map((column) => `${table}.${column}`),
  );
  expect(paths.sort()).toEqual([
    'documents.filePath',
    'payroll_schedules.csvFilePath',
    'payroll_schedules.pdfFilePath',
    'staff.photo',
  ]);
  for (const { columns, filePaths } of Object.values(HRMS_POLICY))
    for (const column of filePaths) expect(columns).toHaveProperty(column);
});

test('HRMS_POLICY calls password hashes, settings and share ids secret', () => {
  const secret = Object.values(HRMS_POLICY).flatMap(({ table, columns }) =>
    Object.keys(columns).flatMap((column) => (columns[column] === 'secret' ? [`${table}.${column}`] : [])),
  );
  expect(secret.sort()).toEqual(['admins.password', 'shareable_links.shareId', 'system_settings.value']);
});

test('sensitivityOf() answers by table and column, and knows nothing of other schemas, tables, columns and what every object has', () => {
  const of = (schema: string, name: string, column: string) => sensitivityOf({ schema, name }, column);
  expect(of('public', 'admins', 'password')).toBe('secret');
  expect(of('public', 'staff', 'fullName')).toBe('personal');
  expect(of('public', 'salary_structures', 'basicSalary')).toBe('financial');
  expect(of('public', 'staff', 'id')).toBe('ordinary');
  for (const column of ['added_since', 'constructor', '__proto__', 'toString'])
    expect(of('public', 'staff', column)).toBeNull();
  expect(of('hr', 'staff', 'id')).toBeNull();
  expect(of('public', 'salaryStructures', 'basicSalary')).toBeNull();
  expect(of('public', 'constructor', 'name')).toBeNull();
});

test('classifyTables() puts each table of a database into exactly one class and says why one is left out', () => {
  const others = [
    { schema: 'public', name: '_prisma_migrations' },
    { schema: 'backup_system', name: 'operations' },
    { schema: 'backup_queue', name: 'job' },
    { schema: 'restore_0190', name: 'staff' },
    { schema: 'drizzle', name: '__drizzle_migrations' },
    { schema: 'public', name: 'leave_requests' },
    { schema: 'public.staff', name: 'x' },
  ];
  const there = model.tables.filter((table) => table.name !== 'issues');
  const classes = classifyTables([...others, ...there], model);
  expect(classes.protected.map((table) => table.name)).toEqual(there.map((table) => table.name));
  expect(classes.missing.map((table) => table.name)).toEqual(['issues']);
  expect(classes.unknown).toEqual([
    { schema: 'public', name: 'leave_requests' },
    { schema: 'public.staff', name: 'x' },
  ]);
  expect(classes.leftOut.map((table) => `${table.schema}.${table.name}`)).toEqual([
    'backup_queue.job',
    'backup_system.operations',
    'drizzle.__drizzle_migrations',
    'public._prisma_migrations',
    'restore_0190.staff',
  ]);
  for (const table of classes.leftOut) expect(table.reason).not.toBe('');
});

test('classifyTables() never protects our own records, even when a schema declares them, but follows a schema that declares a journal', () => {
  const [table] = model.tables;
  if (!table) throw new Error('the model is empty');
  const own = { ...table, schema: 'backup_system', name: 'operations' };
  const journal = { ...table, schema: 'public', name: '_prisma_migrations' };
  const classes = classifyTables([own, journal], { tables: [own, journal] });
  expect(classes.protected).toEqual([journal]);
  expect(classes.missing).toEqual([]);
  expect(classes.leftOut.map((left) => left.schema)).toEqual(['backup_system']);
});
