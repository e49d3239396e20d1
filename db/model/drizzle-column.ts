import { is, SQL } from 'drizzle-orm';
import {
  makePgArray,
  PgArray,
  PgBigSerial53,
  PgBigSerial64,
  type PgColumn,
  PgDialect,
  PgEnumColumn,
  PgEnumObjectColumn,
  PgSerial,
  PgSmallSerial,
} from 'drizzle-orm/pg-core';
import { type Casing, columnName, takesCasing } from './drizzle/casing.ts';
import type { ColumnModel, EnumModel, ObjectName } from './model.ts';
import { chosenName, storedName } from './pg-names.ts';
import { quoteLiteral } from './quote.ts';
import { canonicalType, readName, typeName, withoutModifier } from './sql-type.ts';

/** Facts read from a Drizzle column, and the enum and the sequence that come with it. */
export interface ColumnFacts {
  column: ColumnModel;
  enum: EnumModel | null;
  sequence: ObjectName | null;
}

/** Reads one Drizzle column of `table`. `primary` is true also for columns of a composite key, which PostgreSQL makes NOT NULL. */
export function columnFacts(
  table: ObjectName,
  key: string,
  source: PgColumn,
  { primary, casing }: { primary: boolean; casing: Casing | null },
): ColumnFacts {
  const name = storedName(columnName(source, casing));
  const element = elementOf(source);
  const enumModel = enumOf(element);
  const serial = serialType(element);
  const sqlType =
    (enumModel ? typeName(enumModel) : (serial ?? canonicalType(element.getSQLType()))) + (isArray(source) ? '[]' : '');
  const identity = source.generatedIdentity
    ? source.generatedIdentity.type === 'always'
      ? 'always'
      : 'by default'
    : null;
  const generated = generatedOf(source, casing);
  const ownSequence = {
    schema: table.schema,
    name: storedName(source.generatedIdentity?.sequenceName ?? chosenName(table.name, name, 'seq')),
  };
  const defaultSql = serial
    ? `nextval(${quoteLiteral(typeName(ownSequence))}::regclass)`
    : generated
      ? null
      : defaultOf(source, sqlType, casing);
  return {
    column: {
      name,
      key,
      sqlType,
      notNull: source.notNull || primary || identity !== null || serial !== null,
      defaultSql,
      generated,
      identity,
      ...(takesCasing(source) && { namedByKey: true }),
    },
    enum: enumModel,
    sequence: serial || identity ? ownSequence : sequenceOfDefault(defaultSql),
  };
}

/** Renders a Drizzle expression as SQL text, with its parameters as literals. */
function renderSql(expression: SQL, casing: Casing | null): string {
  return new PgDialect(casing === null ? {} : { casing }).sqlToQuery(expression.inlineParams()).sql;
}

/**
 * Returns true for an array. Up to 0.45 it is a column around its element's; since 1.0 it is the element's column with its dimensions
 * counted.
 */
function isArray(column: PgColumn): boolean {
  return is(column, PgArray) || ('isAlias' in column && 'dimensions' in column && Number(column.dimensions) > 0);
}

function elementOf(column: PgColumn): PgColumn {
  return is(column, PgArray) ? elementOf(column.baseColumn) : column;
}

function enumOf(column: PgColumn): EnumModel | null {
  if (!is(column, PgEnumColumn) && !is(column, PgEnumObjectColumn)) return null;
  const { enumName, enumValues, schema } = column.enum;
  return { schema: schema ?? 'public', name: storedName(enumName), labels: [...enumValues] };
}

function serialType(column: PgColumn): string | null {
  if (is(column, PgSmallSerial)) return 'smallint';
  if (is(column, PgSerial)) return 'integer';
  if (is(column, PgBigSerial53) || is(column, PgBigSerial64)) return 'bigint';
  return null;
}

function generatedOf(column: PgColumn, casing: Casing | null): ColumnModel['generated'] {
  if (!column.generated) return null;
  const given: unknown = typeof column.generated.as === 'function' ? column.generated.as() : column.generated.as;
  const expression = is(given, SQL) ? renderSql(given, casing) : literal(given);
  // Drizzle writes STORED for PostgreSQL whatever the mode says, unless it says virtual.
  return { expression, kind: column.generated.mode === 'virtual' ? 'virtual' : 'stored' };
}

/** Returns the SQL of the database's default, or null. Values computed in JavaScript (`$default`) are no defaults of the database. */
function defaultOf(column: PgColumn, sqlType: string, casing: Casing | null): string | null {
  const value: unknown = column.default;
  if (value === undefined) return null;
  if (is(value, SQL)) return renderSql(value, casing);
  const encoded = encode(column, value);
  if (is(encoded, SQL)) return renderSql(encoded, casing);
  if (encoded === null || typeof encoded === 'number' || typeof encoded === 'boolean') return literal(encoded);
  return `${literal(encoded)}::${withoutModifier(sqlType)}`;
}

/** Encodes a value as the column does. Since 1.0 lists and JSON are encoded by the driver's codec, no longer by the column. */
function encode(column: PgColumn, value: unknown): unknown {
  const encoded: unknown = value === null ? null : column.mapToDriverValue(value);
  const isJson = /^jsonb?$/.test(elementOf(column).getSQLType());
  if (Array.isArray(encoded) && isArray(column))
    return makePgArray(isJson ? encoded.map((item: unknown) => asJson(item)) : encoded);
  return encoded === value && value !== null && isJson && !isArray(column) ? JSON.stringify(value) : encoded;
}

function asJson(item: unknown): unknown {
  return item === null ? null : JSON.stringify(item);
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  if (value instanceof Date) return quoteLiteral(value.toISOString());
  if (value instanceof Uint8Array) return quoteLiteral(`\\x${Buffer.from(value).toString('hex')}`).trim();
  return quoteLiteral(typeof value === 'object' ? JSON.stringify(value) : String(value)).trim();
}

/** Returns the sequence of a hand-written default `nextval('…')`, or null. */
function sequenceOfDefault(defaultSql: string | null): ObjectName | null {
  const argument = /^\(?\s*nextval\(\s*'((?:[^']|'')+)'/i.exec(defaultSql ?? '')?.[1];
  const name = argument === undefined ? null : readName(argument.replaceAll("''", "'"));
  return name && { schema: name.schema ?? 'public', name: name.name };
}
