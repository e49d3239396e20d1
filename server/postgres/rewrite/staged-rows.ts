import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import type { Substitute } from '../preflight/broken-rows.ts';
import { selectList } from '../staging/staging.ts';
import type { TableLoad } from './table-load.ts';

/**
 * Returns the staged rows as a stand-in for each of these tables and for each of its partitions, as they would be in live. Columns that
 * the backup lacks have their default there, generated ones their expression; those that would draw a number or change with each row are
 * missing.
 */
export async function stagedRows(
  session: Session,
  loads: Pick<TableLoad, 'live' | 'staging' | 'columns'>[],
): Promise<Substitute> {
  const sources = new Map<string, string>();
  const oids = [loads.map(({ live }) => live.oid)];
  const parts = await session.query<ObjectName & { root: number; bounds: string }>(PARTS_SQL, oids);
  const all = await session.query<OtherColumn>(OTHER_COLUMNS_SQL, oids);
  for (const { live, staging, columns } of loads) {
    const others = all.filter(({ relation, name }) => relation === live.oid && !columns.includes(name));
    const given = others.filter(({ generated }) => !generated);
    const generated = others.filter((other) => other.generated);
    const list = [selectList(staging, columns), ...given.map(computedValue)].filter((part) => part !== '');
    const staged = `SELECT ${list.join(', ')} FROM ${quoteName(staging)}`;
    const rows =
      generated.length === 0
        ? staged
        : `SELECT *, ${generated.map(computedValue).join(', ')} FROM (${staged}) AS staged`;
    sources.set(qualifiedName(live), rows);
    for (const part of parts.filter(({ root }) => root === live.oid))
      sources.set(qualifiedName(part), `SELECT * FROM (${rows}) AS whole WHERE ${part.bounds}`);
  }
  return (table: ObjectName) => {
    const rows = sources.get(qualifiedName(table));
    return rows === undefined ? null : `(${rows}) AS ${quoteIdent(table.name)}`;
  };
}

interface OtherColumn {
  relation: number;
  name: string;
  sqlType: string;
  expression: string | null;
  generated: boolean;
}

function computedValue({ name, sqlType, expression }: OtherColumn): string {
  return `(${expression ?? 'NULL'})::${sqlType} AS ${quoteIdent(name)}`;
}

// Node trees are read as text, because pg_depend does not list the server's own functions.
const OTHER_COLUMNS_SQL = `
  SELECT a.attrelid::int8::float8 AS relation, a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS "sqlType",
         pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression, a.attgenerated <> '' AS generated
    FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
     AND (d.adbin IS NULL OR d.adbin::text !~ '\\{NEXTVALUEEXPR' AND NOT EXISTS (
       SELECT 1 FROM pg_catalog.regexp_matches(d.adbin::text, ':(?:funcid|opfuncid) (\\d+)', 'g') AS m(found)
         JOIN pg_catalog.pg_proc p ON p.oid = (m.found)[1]::int8::oid WHERE p.provolatile = 'v'))
   ORDER BY a.attrelid, a.attnum`;

const PARTS_SQL = `
  WITH RECURSIVE part(root, oid) AS (
    SELECT i.inhparent, i.inhrelid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
     WHERE i.inhparent = ANY ($1::int8[]::oid[])
    UNION
    SELECT part.root, i.inhrelid FROM part JOIN pg_catalog.pg_inherits i ON i.inhparent = part.oid)
  SELECT part.root::int8::float8 AS root, n.nspname AS schema, c.relname AS name, COALESCE(pg_catalog.pg_get_partition_constraintdef(c.oid), 'true') AS bounds
    FROM part JOIN pg_catalog.pg_class c ON c.oid = part.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;
