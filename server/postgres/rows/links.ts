import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteIdent } from '../../../db/model/quote.ts';

/** A foreign key from or to one of the tables, as far as changing single rows has to do with it. */
export interface Link {
  name: string;
  oid: number;
  table: ObjectName;
  targetOid: number;
  columns: string[];
  targetColumns: string[];
  /** The equality of each pair, a target's value on its left: `OPERATOR(pg_catalog.=)`. */
  equals: string[];
  /** True when the server can check it at the end of the transaction, and does nothing of its own when a row goes. */
  deferred: boolean;
  /** True when it is one of a partition alone. */
  ofPartition: boolean;
  /** True when an index finds the rows that refer to a given one. */
  indexed: boolean;
  /** Estimated rows of the referring table. */
  rows: number;
}

/** Returns the enforced foreign keys from or to these tables and their partitions, whole tables' ones once. */
export async function readLinks(session: Session, oids: number[]): Promise<Link[]> {
  const rows = await session.query<Omit<Link, 'equals'> & { operators: string[]; schemas: string[] }>(LINKS_SQL, [
    oids,
  ]);
  return rows.map(({ operators, schemas, ...link }) => ({
    ...link,
    // An operator's name is made of symbols and is never quoted.
    equals: operators.map((name, at) => `OPERATOR(${quoteIdent(schemas[at] ?? 'pg_catalog')}.${name})`),
  }));
}

const names = (relation: string, numbers: string) =>
  `ARRAY(SELECT a.attname::text FROM unnest(${numbers}) WITH ORDINALITY AS k(attnum, place)
           JOIN pg_catalog.pg_attribute a ON a.attrelid = ${relation} AND a.attnum = k.attnum ORDER BY k.place)`;
const operators = (what: string) =>
  `ARRAY(SELECT ${what} FROM unnest(con.conpfeqop) WITH ORDINALITY AS k(oid, place)
           JOIN pg_catalog.pg_operator o ON o.oid = k.oid JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace ORDER BY k.place)`;

// conenforced came with 18; to_jsonb lets one text serve every version.
const LINKS_SQL = `
  WITH RECURSIVE tree(oid) AS (
    SELECT oid FROM unnest($1::int8[]::oid[]) AS wanted(oid)
    UNION SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid)
  SELECT con.conname AS name, con.conrelid::int8::float8 AS oid, pg_catalog.json_build_object('schema', tn.nspname, 'name', t.relname) AS "table",
         con.confrelid::int8::float8 AS "targetOid",
         ${names('con.conrelid', 'con.conkey')} AS columns, ${names('con.confrelid', 'con.confkey')} AS "targetColumns",
         ${operators('o.oprname::text')} AS operators, ${operators('n.nspname::text')} AS schemas,
         con.condeferrable AND con.confdeltype = 'a' AS deferred,
         con.conrelid <> ALL ($1::int8[]::oid[]) AND con.conrelid IN (SELECT oid FROM tree)
           OR con.confrelid <> ALL ($1::int8[]::oid[]) AND con.confrelid IN (SELECT oid FROM tree) AS "ofPartition",
         EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = con.conrelid AND i.indisvalid AND i.indpred IS NULL AND (i.indkey::int2[])[0] = ANY (con.conkey)) AS indexed,
         (SELECT COALESCE(sum(greatest(c.reltuples, pg_catalog.pg_relation_size(c.oid) / 200.0)), 0)::float8
            FROM pg_catalog.pg_class c
           WHERE c.relkind = 'r' AND (c.oid = con.conrelid OR c.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(con.conrelid) AS p))) AS rows
    FROM pg_catalog.pg_constraint con JOIN pg_catalog.pg_class t ON t.oid = con.conrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
   WHERE con.contype = 'f' AND con.conparentid = 0 AND COALESCE((to_jsonb(con) ->> 'conenforced')::bool, true)
     AND (con.conrelid IN (SELECT oid FROM tree) OR con.confrelid IN (SELECT oid FROM tree))
   ORDER BY con.conrelid, con.conname`;
