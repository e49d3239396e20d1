import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { shownKey } from '../key-text.ts';

/** Length in bytes of the longest text PostgreSQL can make, a whole row of COPY included. */
export const MOST_TEXT_BYTES = 2 ** 30 - 1;

/** One of the longest rows of a table. */
export interface LongRow {
  /** Its primary key, or its ctid where it has none. */
  key: string;
  /** Bytes as text, as far as they are known without reading the values. */
  bytes: number;
  /** Its longest columns. */
  columns: { name: string; bytes: number }[];
}

const NAMED_COLUMNS = 5;

/**
 * Returns the longest rows of a table that have a quarter of a gigabyte or more, the longest first. The sizes are read without the
 * values: exact for text and bytea, the stored size for other types. Throws CANCELLED after `ms`.
 */
export async function findLongRows(
  session: Session,
  table: ObjectName & { oid: number },
  ms: number,
): Promise<LongRow[]> {
  const columns = await session.query<{ name: string; measure: string; key: number | null }>(COLUMNS_SQL, [table.oid]);
  if (!columns.some(({ measure }) => measure !== '')) return [];
  const quoted = (name: string) => `t.${quoteIdent(name)}`;
  const measured = columns.filter(({ measure }) => measure !== '');
  const sizes = measured.map(
    ({ name, measure }) => `COALESCE(${measure.replaceAll('$', () => quoted(name))}, 0)::int8`,
  );
  const keys = columns.filter(({ key }) => key !== null).sort((a, b) => Number(a.key) - Number(b.key));
  const key =
    keys.length > 0
      ? `pg_catalog.concat_ws(', ', ${keys.map(({ name }) => `${quoted(name)}::text`).join(', ')})`
      : `'ctid ' || t.ctid::text`;
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY');
  try {
    await session.query(`SET LOCAL statement_timeout = ${ms}`);
    const rows = await session.query<{ key: string; bytes: number; sizes: number[] }>(
      `SELECT ${shownKey(key)} AS key, s.bytes::float8 AS bytes, s.sizes::float8[] AS sizes
         FROM ${quoteName(table)} AS t, LATERAL (SELECT a.sizes, (SELECT sum(one) FROM unnest(a.sizes) AS u(one)) AS bytes FROM (SELECT ARRAY[${sizes.join(', ')}] AS sizes) AS a) AS s
        WHERE s.bytes > ${Math.floor(MOST_TEXT_BYTES / 4)} ORDER BY s.bytes DESC LIMIT 3`,
    );
    return rows.map((row) => ({
      key: row.key,
      bytes: row.bytes,
      columns: measured
        .map(({ name }, at) => ({ name, bytes: row.sizes[at] ?? 0 }))
        .filter(({ bytes }) => bytes > 1_000_000)
        .sort((a, b) => b.bytes - a.bytes)
        .slice(0, NAMED_COLUMNS),
    }));
  } finally {
    await session.query('ROLLBACK');
  }
}

/** Returns those tables and partitions whose TOAST data is large enough to hold, compressed, a row of a gigabyte. */
export async function mayHoldLongRows(
  session: Session,
  tableOids: number[],
): Promise<(ObjectName & { oid: number })[]> {
  return session.query(
    `SELECT n.nspname AS schema, c.relname AS name, c.oid::int8::float8 AS oid
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = ANY ($1::int8[]::oid[]) AND c.reltoastrelid <> 0 AND pg_catalog.pg_relation_size(c.reltoastrelid) > 2000000
      ORDER BY 1, 2`,
    [tableOids],
  );
}

// The length of a text or bytea is stored beside it. bytea is written as two digits a byte.
const COLUMNS_SQL = `
  SELECT a.attname AS name, array_position(i.indkey::int2[], a.attnum) AS key,
         CASE WHEN a.attgenerated <> '' OR a.attlen <> -1 THEN ''
              WHEN b.oid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) THEN 'pg_catalog.octet_length($::text)'
              WHEN b.oid = 'bytea'::regtype THEN '(pg_catalog.octet_length($)::int8 * 2 + 2)'
              ELSE 'pg_catalog.pg_column_size($)' END AS measure
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_type b ON b.oid = COALESCE(NULLIF(t.typbasetype, 0), t.oid)
    LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
   WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attnum`;
