import { afterAll, beforeAll, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { canonicalType, quoteWhereNeeded, readName, typeName } from './sql-type.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase({ template: 'empty' });
  await db.query(
    'SET search_path = \'\'; CREATE SCHEMA "Odd ""schema"""; CREATE TYPE "Odd ""schema"""."select" AS ENUM (\'x\')',
  );
});
afterAll(() => db[Symbol.asyncDispose]());

const SPELLINGS = [
  'int',
  'INTEGER',
  'int2',
  'int4',
  'int8',
  'smallint',
  'bool',
  'float',
  'float(24)',
  'float(25)',
  'float4',
  'float8',
  'double precision',
  'real',
  'decimal',
  'decimal(5)',
  'numeric(10, 2)',
  'numeric( 10 ,2 )',
  'dec(3,1)',
  'varchar',
  'varchar(40)',
  'CHARACTER VARYING (40)',
  'char',
  'char(3)',
  'character(3)',
  'bpchar',
  '"char"',
  'text',
  'bit',
  'bit(3)',
  'bit varying',
  'varbit(9)',
  'timestamp',
  'timestamp (3)',
  'timestamp(3) with time zone',
  'timestamp with time zone',
  'timestamptz(2)',
  'timestamp  without   time zone',
  'time',
  'time(3)',
  'timetz',
  'time(2) with time zone',
  'interval',
  'interval(3)',
  'interval day to second(3)',
  'interval year to month',
  'interval second (2)',
  'date',
  'bytea',
  'uuid',
  'json',
  'jsonb',
  'jsonpath',
  'xml',
  'money',
  'inet',
  'cidr',
  'macaddr',
  'macaddr8',
  'point',
  'line',
  'lseg',
  'box',
  'path',
  'polygon',
  'circle',
  'tsvector',
  'tsquery',
  'int4range',
  'int8multirange',
  'nummultirange',
  'daterange',
  'tstzmultirange',
  'oid',
  'regclass',
  'name',
  'xid8',
  'pg_lsn',
  'text[]',
  'text[][]',
  'int[3]',
  'integer[3][4]',
  'varchar(5)[3]',
  'timestamp(3) with time zone[]',
  'integer ARRAY',
  'pg_catalog.int4',
  'pg_catalog.text[]',
  '"Odd ""schema"""."select"',
  '"Odd ""schema""".select[]',
];

test('canonicalType() spells every built-in type, modifier and array as format_type does', async () => {
  for (const spelling of SPELLINGS) {
    // A cast shows what PostgreSQL understands: the catalog of a temporary table keeps type and modifier.
    const column = spelling.replace(/^"Odd ""schema"""\.select/, '"Odd ""schema"""."select"');
    await db.query(`DROP TABLE IF EXISTS pg_temp.t; CREATE TEMPORARY TABLE t (c ${column})`);
    const [row] = await db.query<{ type: string }>(
      `SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 'pg_temp.t'::regclass AND attnum = 1`,
    );
    expect([spelling, canonicalType(spelling)]).toEqual([spelling, row?.type ?? '']);
  }
});

test('canonicalType() leaves a canonical spelling as it is', () => {
  for (const spelling of SPELLINGS) expect(canonicalType(canonicalType(spelling))).toBe(canonicalType(spelling));
});

test('canonicalType() takes a type PostgreSQL does not have itself to be in public, capitals kept', () => {
  expect(canonicalType('citext')).toBe('public.citext');
  expect(canonicalType('AdminRole')).toBe('public."AdminRole"');
  expect(canonicalType('vector(3)')).toBe('public.vector(3)');
  expect(canonicalType('geometry(point, 4326)')).toBe('public.geometry(Point,4326)');
  expect(canonicalType('extensions.halfvec(3)[]')).toBe('extensions.halfvec(3)[]');
});

test('canonicalType() never throws, whatever a custom type calls itself', () => {
  const unit = fc.constantFrom(...' "().,[]0a_Zé\n'.split(''), 'int', 'with time zone');
  fc.assert(fc.property(fc.string({ unit, maxLength: 30 }), (text) => void canonicalType(text)));
});

test('quoteWhereNeeded() quotes exactly as quote_ident does', async () => {
  const names = [
    'plain',
    'Capital',
    'with space',
    '1st',
    'a$b',
    '_x',
    'é',
    'select',
    'user',
    'name',
    'order',
    'value',
    'timestamp',
    'text',
    'int',
    'quote"d',
    'json',
  ];
  const rows = await db.query<{ quoted: string }>(
    'SELECT quote_ident(n) AS quoted FROM unnest($1::text[]) WITH ORDINALITY AS t(n, at) ORDER BY at',
    [names],
  );
  expect(names.map(quoteWhereNeeded)).toEqual(rows.map((row) => row.quoted));
});

test('readName() reads what typeName() writes', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(name, name, (schema, type) =>
      expect(readName(typeName({ schema, name: type }))).toEqual({ schema, name: type }),
    ),
  );
});
