import type { Session } from '../../../db/connect/session.ts';
import { quoteIdent } from '../../../db/model/quote.ts';

/** One column of a key, with the equality operator of the key's index, written so that no search path is needed. */
export interface KeyColumn {
  name: string;
  /** `OPERATOR(pg_catalog.=)`. */
  equals: string;
}

/**
 * Returns by table the columns that tell its rows apart: its primary key, or else its smallest unique key over NOT NULL columns. Tables
 * without one are missing from the result.
 */
export async function readRowKeys(session: Session, oids: number[]): Promise<Map<number, KeyColumn[]>> {
  const rows = await session.query<{ table: number; columns: string[]; operators: string[]; schemas: string[] }>(
    KEYS_SQL,
    [oids],
  );
  return new Map(
    rows.map(({ table, columns, operators, schemas }) => [
      table,
      columns.map((name, index) => ({
        name,
        // An operator's name is made of symbols and is never quoted.
        equals: `OPERATOR(${quoteIdent(schemas[index] ?? 'pg_catalog')}.${operators[index] ?? '='})`,
      })),
    ]),
  );
}

// Access method strategy 3 of a btree is equality, PostgreSQL documentation, "Index Method Strategies".
const KEYS_SQL = `
  SELECT DISTINCT ON (i.indrelid) i.indrelid::int4 AS table,
         pg_catalog.array_agg(a.attname::text ORDER BY k.place) AS columns,
         pg_catalog.array_agg(o.oprname::text ORDER BY k.place) AS operators,
         pg_catalog.array_agg(n.nspname::text ORDER BY k.place) AS schemas
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree'
    CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY AS k(attnum, opclass, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnotnull AND a.attgenerated = ''
    JOIN pg_catalog.pg_opclass oc ON oc.oid = k.opclass
    JOIN pg_catalog.pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 3
         AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
    JOIN pg_catalog.pg_operator o ON o.oid = ao.amopopr
    JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
   WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indisvalid
     AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
   GROUP BY i.indrelid, i.indexrelid, i.indisprimary, i.indnkeyatts
  HAVING count(*) = i.indnkeyatts
   ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, i.indexrelid`;
