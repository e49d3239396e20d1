import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, shortName } from '../../../db/model/model.ts';

/**
 * Returns in words why the differing tables, among those chosen, cannot be restored row by row; null when nothing in the catalogs forbids
 * it. Waits for no lock.
 */
export async function whyNotByRows(session: Session, oids: number[], chosen: number[]): Promise<string | null> {
  const [counts] = await session.query<{ on: boolean }>(`SELECT current_setting('track_counts')::bool AS on`);
  if (counts?.on !== true) return 'the server does not count what is written (track_counts is off)';
  const [found] = await session.query<{ kind: keyof typeof REASONS; item: string; table: ObjectName }>(FORBIDDEN_SQL, [
    oids,
    chosen,
  ]);
  return found ? REASONS[found.kind](shortName(found.table), found.item) : null;
}

const REASONS = {
  foreign: (table: string, item: string) => `${item}, a partition of ${table}, is on another server`,
  storage: (table: string) => `${table} is not stored as a heap`,
  forced: (table: string) => `policies of ${table} are forced on its owner`,
  rule: (table: string, item: string) => `the rule ${item} of ${table} rewrites statements`,
  right: (table: string) => `this role may not update and delete rows of ${table}`,
  published: (table: string, item: string) => `the publication ${item} needs a replica identity, and ${table} has none`,
} as const;

const FORBIDDEN_SQL = `
  WITH RECURSIVE tree(root, oid) AS (
    SELECT oid, oid FROM unnest($1::int8[]::oid[]) AS wanted(oid)
    UNION SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition),
  looked(oid) AS (
    SELECT oid FROM unnest($2::int8[]::oid[]) AS wanted(oid) UNION SELECT i.inhrelid FROM looked JOIN pg_catalog.pg_inherits i ON i.inhparent = looked.oid),
  found(kind, root, item, place) AS (
    SELECT 'foreign', tree.root, c.relname::text, 1 FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid WHERE c.relkind = 'f'
    UNION ALL
    SELECT 'storage', tree.root, '', 2 FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid JOIN pg_catalog.pg_am am ON am.oid = c.relam
     WHERE c.relkind = 'r' AND am.amname <> 'heap'
    UNION ALL
    SELECT 'forced', c.oid, '', 3 FROM pg_catalog.pg_class c WHERE c.oid IN (SELECT oid FROM looked) AND c.relforcerowsecurity
    UNION ALL
    SELECT 'rule', tree.root, r.rulename::text, 4 FROM tree JOIN pg_catalog.pg_rewrite r ON r.ev_class = tree.oid WHERE r.ev_type <> '1' AND r.ev_enabled <> 'D'
    UNION ALL
    SELECT 'right', root, '', 5 FROM tree WHERE root = oid AND NOT (pg_catalog.has_table_privilege(oid, 'UPDATE') AND pg_catalog.has_table_privilege(oid, 'DELETE'))
    UNION ALL
    SELECT 'published', tree.root, p.pubname::text, 6
      FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid AND c.relkind = 'r'
      JOIN pg_catalog.pg_publication p ON p.pubupdate OR p.pubdelete
     WHERE (c.relreplident = 'n' OR c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate))
       AND EXISTS (SELECT FROM pg_catalog.pg_get_publication_tables(p.pubname::text) AS t WHERE t.relid IN (tree.root, tree.oid)))
  SELECT found.kind, found.item, pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname) AS "table"
    FROM found JOIN pg_catalog.pg_class c ON c.oid = found.root JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   ORDER BY found.place, n.nspname, c.relname, found.item LIMIT 1`;

/** Returns by table the columns whose values decide to which partition a row belongs; `null` among them stands for an expression. */
export async function readPartitionColumns(session: Session, oids: number[]): Promise<Map<number, (string | null)[]>> {
  const rows = await session.query<{ root: number; columns: (string | null)[] }>(
    `WITH RECURSIVE tree(root, oid) AS (
       SELECT oid, oid FROM unnest($1::int8[]::oid[]) AS wanted(oid)
       UNION SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid)
     SELECT tree.root::int8::float8 AS root, pg_catalog.array_agg(a.attname::text) AS columns
       FROM tree JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = tree.oid CROSS JOIN LATERAL unnest(p.partattrs::int2[]) AS k(attnum)
       LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = k.attnum GROUP BY tree.root`,
    [oids],
  );
  return new Map(rows.map(({ root, columns }) => [root, columns]));
}
