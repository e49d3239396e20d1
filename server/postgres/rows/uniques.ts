import type { Session } from '../../../db/connect/session.ts';
import { quoteIdent } from '../../../db/model/quote.ts';

/** Something that keeps two rows of a table from having the same values, other than a check at the end of the transaction. */
export interface Unique {
  name: string;
  oid: number;
  /** Its columns; null for expressions, parts of a table, exclusion, or NULLs that count as equal. */
  columns: string[] | null;
  /** By column, the equality of the index: `OPERATOR(pg_catalog.=)`. */
  equals: string[];
}

/** Returns the unique indexes and exclusion constraints of these tables and their partitions that are checked row by row. */
export async function readUniques(session: Session, oids: number[]): Promise<Unique[]> {
  const rows = await session.query<Omit<Unique, 'equals'> & { plain: boolean; operators: string[]; schemas: string[] }>(
    UNIQUES_SQL,
    [oids],
  );
  return rows.map(({ name, oid, columns, plain, operators, schemas }) => ({
    name,
    oid,
    columns: plain ? columns : null,
    equals: operators.map((operator, at) => `OPERATOR(${quoteIdent(schemas[at] ?? 'pg_catalog')}.${operator})`),
  }));
}

// Access method strategy 3 of a btree is equality. indnullsnotdistinct came with 15; to_jsonb lets one text serve every version.
const UNIQUES_SQL = `
  WITH RECURSIVE tree(root, oid) AS (
    SELECT oid, oid FROM unnest($1::int8[]::oid[]) AS wanted(oid)
    UNION SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition),
  key AS (
    SELECT i.indexrelid AS oid, pg_catalog.array_agg(a.attname::text ORDER BY k.place) AS columns,
           pg_catalog.array_agg(o.oprname::text ORDER BY k.place) AS operators, pg_catalog.array_agg(n.nspname::text ORDER BY k.place) AS schemas
      FROM pg_catalog.pg_index i
      CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY AS k(attnum, opclass, place)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      JOIN pg_catalog.pg_opclass oc ON oc.oid = k.opclass
      JOIN pg_catalog.pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 3
           AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
      JOIN pg_catalog.pg_operator o ON o.oid = ao.amopopr
      JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
     WHERE i.indrelid IN (SELECT oid FROM tree) AND i.indisunique AND k.place <= i.indnkeyatts
     GROUP BY i.indexrelid, i.indnkeyatts HAVING count(*) = i.indnkeyatts)
  SELECT c.relname AS name, tree.root::int8::float8 AS oid, key.columns,
         i.indisunique AND key.oid IS NOT NULL AND i.indpred IS NULL AND i.indexprs IS NULL
           AND NOT COALESCE((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS plain,
         COALESCE(key.operators, '{}') AS operators, COALESCE(key.schemas, '{}') AS schemas
    FROM tree JOIN pg_catalog.pg_index i ON i.indrelid = tree.oid AND (i.indisunique OR i.indisexclusion) AND i.indimmediate AND i.indisready
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid LEFT JOIN key ON key.oid = i.indexrelid
   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = i.indexrelid)
   ORDER BY tree.root, c.relname`;
