import type { ObjectName } from '../../db/model/model.ts';

/** Runs one statement on any connection. */
export type Ask = (text: string, params: unknown[]) => Promise<Record<string, unknown>[]>;

export interface DatabaseStatus {
  name: string;
  version: string;
  size: number;
  /**
   * Estimates of the server, never counts; null when the table does not exist or was never counted. Bytes are those of the rows with long
   * values, without indexes, as of the last vacuum or analyze.
   */
  tables: { schema: string; name: string; estimatedRows: number | null; estimatedBytes: number | null }[];
}

/**
 * Reads what the server knows of itself and of these tables. Locks no table, so that it answers while a restore holds them all. Row
 * numbers come from the planner and the statistics collector.
 */
export async function readDatabaseStatus(ask: Ask, tables: readonly ObjectName[]): Promise<DatabaseStatus> {
  const [server] = await ask(
    `SELECT pg_catalog.current_database() AS name, pg_catalog.current_setting('server_version') AS version,
            pg_catalog.pg_database_size(pg_catalog.current_database())::text AS size`,
    [],
  );
  const rows = await ask(
    `WITH RECURSIVE asked AS (
       SELECT a.schema, a.name, a.place, c.oid
         FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS a(schema text, name text, place int)
         LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND c.relkind IN ('r', 'p'))
           ON n.nspname = a.schema AND c.relname = a.name),
     leaves AS (
       SELECT place, oid FROM asked
       UNION ALL
       SELECT leaves.place, i.inhrelid FROM leaves JOIN pg_catalog.pg_inherits i ON i.inhparent = leaves.oid
         JOIN pg_catalog.pg_class p ON p.oid = i.inhparent AND p.relkind = 'p'),
     counted AS (
       SELECT leaves.place,
              -- As counted last, or fewer when the statistics saw rows go since: a table that was emptied a minute ago is empty.
              -- They are not believed when they say more: what was written just before it was counted they have twice.
              -- Nor when they were reset, as after a crash: they know nothing before then.
              sum(CASE WHEN c.reltuples < 0 THEN s.n_live_tup
                       WHEN COALESCE(s.last_analyze, s.last_autoanalyze, s.last_vacuum, s.last_autovacuum) IS NULL THEN c.reltuples
                       ELSE LEAST(c.reltuples, s.n_live_tup) END)::bigint::text AS rows,
              (sum(CASE WHEN c.reltuples >= 0 THEN c.relpages::bigint + COALESCE(t.relpages, 0) END)
                * pg_catalog.current_setting('block_size')::bigint)::bigint::text AS bytes
         FROM leaves JOIN pg_catalog.pg_class c ON c.oid = leaves.oid AND c.relkind = 'r'
         LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
         LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
        GROUP BY leaves.place)
     SELECT asked.schema, asked.name, counted.rows, counted.bytes FROM asked LEFT JOIN counted USING (place) ORDER BY asked.place`,
    [JSON.stringify(tables.map(({ schema, name }, place) => ({ schema, name, place })))],
  );
  return {
    name: String(server?.['name'] ?? ''),
    version: String(server?.['version'] ?? ''),
    size: Number(server?.['size'] ?? 0),
    tables: rows.map(({ schema, name, rows: estimate, bytes }) => ({
      schema: String(schema),
      name: String(name),
      estimatedRows: estimate === null ? null : Number(estimate),
      estimatedBytes: bytes === null ? null : Number(bytes),
    })),
  };
}

/** Reads the database's own name, which a connection string need not hold. */
export async function readDatabaseName(ask: Ask): Promise<string> {
  const [row] = await ask('SELECT pg_catalog.current_database() AS name', []);
  return String(row?.['name'] ?? '');
}
