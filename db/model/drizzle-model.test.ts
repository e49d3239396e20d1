import { afterAll, beforeAll, expect, test } from 'bun:test';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { bigint, integer, jsonb, pgEnum, pgTable, text } from 'drizzle-orm/pg-core';
import { codeThrown } from '../testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import * as wide from '../testing/wide.fixture.ts';
import { modelFromSchema } from './drizzle-model.ts';
import { qualifiedName } from './model.ts';

const model = modelFromSchema(wide);
let db: TestDatabase;

/** Creates the tables by drizzle-kit and reads them from PostgreSQL: both know nothing of the model. */
beforeAll(async () => {
  db = await testDatabase({ template: 'empty' });
  await db.query('CREATE SCHEMA "Shop"; CREATE DOMAIN "Shop".positive AS integer CHECK (value > 0)');
  // drizzle-kit would make a second table of the alias.
  const { boss: _, ...declared } = wide;
  const statements = await generateMigration(generateDrizzleJson({}), generateDrizzleJson(declared));
  for (const statement of statements) {
    // Three statements that drizzle-kit 0.31 quotes wrongly or places too early.
    const right = statement
      .replace('CREATE SCHEMA "Shop"', 'SELECT')
      .replace('"smallserial"', 'smallserial')
      .replace('""Shop".positive"', '"Shop".positive');
    await db.query(right);
  }
  await db.query(`SET search_path = ''`);
});
afterAll(() => db[Symbol.asyncDispose]());

const named = <T extends { name: string }>(items: T[]) => items.toSorted((a, b) => (a.name < b.name ? -1 : 1));

test('modelFromSchema() spells types, NOT NULL, identity and generation of every column as PostgreSQL does', async () => {
  const rows = await db.query<{ table: string; line: string }>(
    `SELECT n.nspname || '.' || c.relname AS table, a.attname || ': ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        || CASE a.attidentity WHEN 'a' THEN ' always' WHEN 'd' THEN ' by default' ELSE '' END || CASE a.attgenerated WHEN 's' THEN ' stored' ELSE '' END AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN ('public', 'Shop') AND c.relkind = 'r' AND a.attnum > 0 ORDER BY a.attnum`,
  );
  const byTable = [...Map.groupBy(rows, (row) => row.table)];
  const found = Object.fromEntries(byTable.map(([table, lines]) => [table, lines.map((row) => row.line)]));
  const spelled = model.tables.map((table) => [
    qualifiedName(table),
    table.columns.map((c) =>
      [`${c.name}: ${c.sqlType}`, c.notNull ? 'not null' : '', c.identity ?? '', c.generated?.kind ?? '']
        .filter(Boolean)
        .join(' '),
    ),
  ]);
  expect(Object.fromEntries(spelled)).toEqual(found);
});

test('modelFromSchema() gives defaults that PostgreSQL reads as the very defaults the tables have', async () => {
  for (const table of model.tables) {
    for (const column of table.columns) {
      const [live] = await db.query<{ text: string | null }>(
        `SELECT pg_get_expr(d.adbin, d.adrelid) AS text FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE a.attname = $1 AND a.attrelid = (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $2 AND c.relname = $3)`,
        [column.name, table.schema, table.name],
      );
      const where = `${qualifiedName(table)}.${column.name}`;
      if (column.generated) continue;
      expect([where, column.defaultSql === null]).toEqual([where, live?.text === null]);
      if (column.defaultSql === null || live?.text == null || /gen_random_uuid|now\(|nextval/.test(live.text)) continue;
      const [same] = await db.query<{ same: boolean }>(
        `SELECT (${column.defaultSql})::${column.sqlType}::text = (${live.text})::${column.sqlType}::text AS same`,
      );
      expect([where, same?.same]).toEqual([where, true]);
    }
  }
});

test('modelFromSchema() writes JavaScript defaults as literals PostgreSQL reads back as the same value', async () => {
  const hostile = pgTable('t', {
    words: text().default(`it's \\ "so"\n\\.`),
    list: text().array().default(['a "b"', "it's", 'c\\d', 'NULL', '{}']),
    doc: jsonb().default({ quote: `it's "x" \\ y`, none: null }),
    big: bigint({ mode: 'bigint' }).default(9007199254740993n),
  });
  const [table] = modelFromSchema({ hostile }).tables;
  const values = table?.columns
    .map((column) => `(${column.defaultSql})::${column.sqlType} AS ${column.name}`)
    .join(', ');
  const [row] = await db.query(`SELECT ${values}`);
  expect(row).toEqual({
    words: `it's \\ "so"\n\\.`,
    list: ['a "b"', "it's", 'c\\d', 'NULL', '{}'],
    doc: { quote: `it's "x" \\ y`, none: null },
    big: '9007199254740993',
  });
});

test('modelFromSchema() names and orders primary keys, unique constraints and plain unique indexes as PostgreSQL has them', async () => {
  const rows = await db.query<{ table: string; name: string; kind: string; columns: string[]; loose: boolean }>(
    `SELECT n.nspname || '.' || t.relname AS table, c.relname AS name, i.indnullsnotdistinct AS loose,
        CASE WHEN i.indisprimary THEN 'primary' WHEN k.oid IS NULL THEN 'index' ELSE 'constraint' END AS kind,
        (SELECT array_agg(a.attname::text ORDER BY at.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS at(num, place)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = at.num) AS columns
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
      LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
      WHERE n.nspname IN ('public', 'Shop') AND i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL`,
  );
  const expected = model.tables.flatMap((table) => [
    ...(table.primaryKey
      ? [
          {
            table: qualifiedName(table),
            name: table.primaryKey.name,
            kind: 'primary',
            columns: table.primaryKey.columns,
            loose: false,
          },
        ]
      : []),
    ...table.uniques.map((u) => ({
      table: qualifiedName(table),
      name: u.name,
      kind: u.kind as string,
      columns: u.columns,
      loose: u.nullsNotDistinct,
    })),
  ]);
  expect(named(expected)).toEqual(named(rows));
});

test('modelFromSchema() names foreign keys, their actions and their targets as PostgreSQL has them', async () => {
  const rows = await db.query<{ name: string; definition: string }>(
    `SELECT k.conname AS name, n.nspname || '.' || c.relname || ' -> ' || fn.nspname || '.' || f.relname || ' ' || k.conkey::text || k.confkey::text || k.confupdtype::text || k.confdeltype::text AS definition
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace WHERE k.contype = 'f'`,
  );
  const letters = { 'no action': 'a', restrict: 'r', cascade: 'c', 'set null': 'n', 'set default': 'd' };
  const places = (table: string, names: string[]) => {
    const columns =
      model.tables.find((one) => qualifiedName(one) === table)?.columns.map((column) => column.name) ?? [];
    return `{${names.map((name) => columns.indexOf(name) + 1).join(',')}}`;
  };
  const expected = model.tables.flatMap((table) =>
    table.foreignKeys.map((foreignKey) => ({
      name: foreignKey.name,
      definition: `${qualifiedName(table)} -> ${qualifiedName(foreignKey.target)} ${places(qualifiedName(table), foreignKey.columns)}${places(qualifiedName(foreignKey.target), foreignKey.targetColumns)}${letters[foreignKey.onUpdate]}${letters[foreignKey.onDelete]}`,
    })),
  );
  expect(named(expected)).toEqual(named(rows));
});

test('modelFromSchema() names every sequence PostgreSQL has, with the column that draws from it', async () => {
  const rows = await db.query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND n.nspname IN ('public', 'Shop')`,
  );
  expect(model.sequences.map(qualifiedName).toSorted()).toEqual(rows.map((row) => row.name).toSorted());
  expect(model.sequences.find((sequence) => sequence.name === 'Ticket Numbers')?.ownedBy).toEqual({
    schema: 'public',
    name: 'People',
    column: 'ticket',
  });
  expect(model.sequences.find((sequence) => sequence.name === 'people_codes')?.ownedBy).toEqual({
    schema: 'public',
    name: 'People',
    column: 'Code',
  });
});

test('modelFromSchema() takes enums of every schema, and neither views nor aliases for tables', () => {
  expect(model.enums.map((one) => [qualifiedName(one), one.labels])).toEqual([
    ['Shop.order', ['open', 'closed']],
    ['public.Odd Mood', ['a,b', '']],
    ['public.mood', ['sad', "so 'so'", 'happy']],
  ]);
  expect(model.tables.map((table) => table.key).toSorted()).toEqual(['everything', 'notes', 'orders', 'people']);
});

test('modelFromSchema() knows an enum that is used and not exported', () => {
  const hidden = pgEnum('hidden', ['x']);
  expect(modelFromSchema({ t: pgTable('t', { c: hidden() }) }).enums).toEqual([
    { schema: 'public', name: 'hidden', labels: ['x'] },
  ]);
});

test('the fingerprint ignores the order of exports and the names of properties', () => {
  const reversed = Object.fromEntries(Object.entries(wide).reverse());
  expect(modelFromSchema(reversed)).toEqual(model);
  const a = modelFromSchema({ a: pgTable('t', { x: text('one'), y: integer('two') }) });
  const b = modelFromSchema({ b: pgTable('t', { q: integer('two'), p: text('one') }) });
  expect(b.fingerprint).toBe(a.fingerprint);
});

test('the fingerprint changes with a type, a null, a default, a label or a foreign key', () => {
  const target = pgTable('target', { id: text().primaryKey() });
  const prints = [
    { t: pgTable('t', { c: text() }), target },
    { t: pgTable('t', { c: integer() }), target },
    { t: pgTable('t', { c: text().notNull() }), target },
    { t: pgTable('t', { c: text().default('') }), target },
    { t: pgTable('t', { c: text().references(() => target.id) }), target },
    { t: pgTable('t', { c: text().references(() => target.id, { onDelete: 'cascade' }) }), target },
    { t: pgTable('t', { c: text() }), target, e: pgEnum('e', ['a', 'b']) },
    { t: pgTable('t', { c: text() }), target, e: pgEnum('e', ['b', 'a']) },
  ].map((module) => modelFromSchema(module).fingerprint);
  expect(new Set(prints).size).toBe(prints.length);
});

test('modelFromSchema() takes one table under several names, or declared twice with one meaning, for one, under the first name', () => {
  const t = pgTable('t', { c: text() });
  const same = () => pgTable('t', { c: text() });
  for (const module of [
    { t, again: t },
    { again: t, t },
    { t, again: same() },
    { default: t, again: t },
    { t, again: pgTable('t', { otherwise: text('c') }) },
  ]) {
    const { tables } = modelFromSchema(module);
    expect(tables.map(({ name, key }) => [name, key])).toEqual([['t', 'again']]);
  }
});

test('modelFromSchema() refuses two different tables of one name and says both names, two columns of one name, and one enum with two meanings', () => {
  const t = pgTable('t', { c: text() });
  const refused = () => modelFromSchema({ t, other: pgTable('t', { d: text() }) });
  expect(codeThrown(refused)).toBe('MODEL_INVALID');
  expect(refused).toThrow(/public\.t .*"other" and as "t"/);
  expect(codeThrown(() => modelFromSchema({ t: pgTable('t', { a: text('x'), b: text('x') }) }))).toBe('MODEL_INVALID');
  expect(codeThrown(() => modelFromSchema({ a: pgEnum('e', ['x']), b: pgEnum('e', ['y']) }))).toBe('MODEL_INVALID');
});
