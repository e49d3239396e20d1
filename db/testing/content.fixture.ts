import { type ObjectName, qualifiedName } from '../model/model.ts';
import { quoteName } from '../model/quote.ts';
import { onConnection } from './client.fixture.ts';

/** Rows of each table, each as the text of the whole row, sorted. */
export type Content = Record<string, string[]>;

const ROWS_ARE_SHOWN_ALIKE = `SET search_path = ''; SET timezone = 'UTC'; SET datestyle = 'ISO'; SET extra_float_digits = 3; SET lc_monetary = 'C'; SET intervalstyle = 'postgres'`;

/**
 * Returns the rows of all tables of a database, read as the superuser and without COPY, except our own schemas. Inheritance children are
 * separate tables; a partitioned table appears as a whole and again by partition.
 */
export async function contentOf(database: { adminUrl: string }, only?: ObjectName[]): Promise<Content> {
  return await onConnection(database.adminUrl, async (client) => {
    await client.query(ROWS_ARE_SHOWN_ALIKE);
    const found = await client.query<ObjectName & { partitioned: boolean }>(
      `SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|restore_)' AND n.nspname NOT IN ('information_schema', 'backup_system', 'backup_queue')
        ORDER BY 1, 2`,
    );
    const wanted = only && new Set(only.map(qualifiedName));
    const content: Content = {};
    for (const table of found.rows) {
      if (wanted && !wanted.has(qualifiedName(table))) continue;
      const rows = await client.query<{ row: string }>(
        `SELECT t::text AS row FROM ${table.partitioned ? '' : 'ONLY '}${quoteName(table)} AS t`,
      );
      content[qualifiedName(table)] = rows.rows.map(({ row }) => row).sort();
    }
    return content;
  });
}

/** Returns the state of every sequence. */
export async function sequencesOf(database: { adminUrl: string }): Promise<Record<string, string>> {
  return await onConnection(database.adminUrl, async (client) => {
    const found = await client.query<ObjectName>(
      `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'S' AND n.nspname NOT IN ('backup_system', 'backup_queue') ORDER BY 1, 2`,
    );
    const positions: Record<string, string> = {};
    for (const sequence of found.rows) {
      const position = await client.query<{ at: string }>(
        `SELECT last_value || ' ' || is_called AS at FROM ${quoteName(sequence)}`,
      );
      positions[qualifiedName(sequence)] = position.rows[0]?.at ?? '';
    }
    return positions;
  });
}
