import type { Session } from '../../../db/connect/session.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import type { LiveTable } from '../catalog/catalog.ts';
import type { StagingTable } from '../staging/staging.ts';
import type { KeyColumn } from './row-key.ts';

/** A table whose rows of the backup are in staging, and its rows of today. */
export interface ComparedTable {
  live: Pick<LiveTable, 'schema' | 'name' | 'partitioned' | 'leaves'>;
  staging: StagingTable;
  /** Columns that come from the backup; no others are compared. */
  columns: string[];
  /** Columns that tell rows apart; null when rows can only be compared as a whole. */
  key: KeyColumn[] | null;
  /** Number of staged rows. */
  rows: number;
}

/** Number of rows of a table by what a restore does with them. */
export interface Differences {
  /** Rows of the backup that live lacks. */
  added: number;
  /** Rows with other values in live. Always 0 where rows are compared as a whole. */
  changed: number;
  /** Rows of live that the backup lacks. */
  removed: number;
  unchanged: number;
  /** `key`: rows matched by key; `row`: rows compared as a whole. */
  by: 'key' | 'row';
  /** By column, in how many of the changed rows it differs; columns without a difference are missing. */
  columns: Record<string, number>;
}

/**
 * Counts how staging and live differ, in the transaction of the session. Values differ when their text does, as in an archive. Rows are
 * matched by key, or as a whole where there is none or where rows do not keep it.
 */
export async function countDifferences(session: Session, table: ComparedTable): Promise<Differences> {
  const rows = new RowSource(table);
  if (table.key !== null) {
    const live = await countLive(session, rows);
    const found = await byKey(session, rows, table);
    const unchanged = table.rows - found.added - found.changed;
    // Unequal when the key is not one after all: twice in the backup, which may be older than the key, or NULL.
    if (unchanged === live - found.removed - found.changed) return { ...found, unchanged, by: 'key' };
  }
  const { added, removed } = await byWholeRow(session, rows);
  return { added, changed: 0, removed, unchanged: table.rows - added, by: 'row', columns: {} };
}

/** SQL for the rows on either side, with their columns called c1, c2 and so on. */
class RowSource {
  readonly staged: string;
  readonly live: string;
  readonly columns: string[];

  constructor({ live, staging, columns }: ComparedTable) {
    this.columns = columns.map((_, index) => `c${index + 1}`);
    const asText = new Set(staging.columns.filter(({ becomes }) => becomes !== undefined).map(({ name }) => name));
    const staged = columns.map(quoteIdent);
    const today = columns.map((name) => (asText.has(name) ? textOf(quoteIdent(name)) : quoteIdent(name)));
    // A foreign partition is outside every backup, and no restore writes to it.
    const local = live.leaves.filter(({ foreign }) => !foreign);
    const whole = live.partitioned && local.length === live.leaves.length;
    const from = whole ? [quoteName(live)] : local.map((leaf) => `ONLY ${quoteName(leaf)}`);
    this.staged = `(SELECT true, ${staged.join(', ')} FROM ${quoteName(staging)})`;
    this.live =
      from.length === 0
        ? `(SELECT true, ${today.join(', ')} FROM ONLY ${quoteName(live)})`
        : `(${from.map((relation) => `SELECT true, ${today.join(', ')} FROM ${relation}`).join(' UNION ALL ')})`;
  }

  /** Returns SQL for the SHA-256 of a row's text, which as an array's keeps NULL apart from any word, and one value from the next. */
  hashOf(alias: string): string {
    const texts = this.columns.map((column) => textOf(`${alias}.${column}`));
    return `pg_catalog.sha256(pg_catalog.convert_to(ARRAY[${texts.join(', ')}]::text, pg_catalog.getdatabaseencoding()))`;
  }

  as(alias: string): string {
    return `${alias}(present, ${this.columns.join(', ')})`;
  }
}

async function countLive(session: Session, rows: RowSource): Promise<number> {
  const [row] = await session.query<{ rows: number }>(
    `SELECT count(*)::float8 AS rows FROM ${rows.live} AS ${rows.as('l')}`,
  );
  return row?.rows ?? 0;
}

async function byKey(
  session: Session,
  source: RowSource,
  { columns, key, staging }: ComparedTable,
): Promise<Omit<Differences, 'unchanged' | 'by'>> {
  const asText = new Set(staging.columns.filter(({ becomes }) => becomes !== undefined).map(({ name }) => name));
  const on = (key ?? []).map(({ name, equals }) => {
    const column = `c${columns.indexOf(name) + 1}`;
    return `s.${column} ${asText.has(name) ? 'OPERATOR(pg_catalog.=)' : equals} l.${column}`;
  });
  const differing = source.columns.map(
    (column, index) =>
      `CASE WHEN ${textOf(`s.${column}`)} COLLATE "C" IS DISTINCT FROM ${textOf(`l.${column}`)} COLLATE "C" THEN ${index + 1} END`,
  );
  // Bytes are compared first, which is cheap. Equal values may have unequal bytes, so the text decides.
  const found = await session.query<{ change: 'added' | 'changed' | 'removed'; place: number; rows: number }>(`
    SELECT change, place::int4 AS place, count(*)::float8 AS rows
      FROM (SELECT CASE WHEN l.present IS NULL THEN 'added' WHEN s.present IS NULL THEN 'removed' ELSE 'changed' END AS change,
                   CASE WHEN s.present AND l.present THEN pg_catalog.array_remove(ARRAY[${differing.join(', ')}]::int2[], NULL) END AS columns
              FROM ${source.staged} AS ${source.as('s')}
              FULL JOIN ${source.live} AS ${source.as('l')} ON ${on.join(' AND ')}
             WHERE s.present IS NULL OR l.present IS NULL OR s OPERATOR(pg_catalog.*<>) l) AS d
           CROSS JOIN LATERAL unnest(ARRAY[0::int2] || COALESCE(d.columns, '{}'::int2[])) AS place
     WHERE d.columns IS NULL OR d.columns <> '{}'
     GROUP BY change, place`);
  const count = (change: string, place: number) =>
    found.find((row) => row.change === change && row.place === place)?.rows ?? 0;
  const changed = columns.map((name, index): [string, number] => [name, count('changed', index + 1)]);
  return {
    added: count('added', 0),
    changed: count('changed', 0),
    removed: count('removed', 0),
    columns: Object.fromEntries(changed.filter(([, rows]) => rows > 0)),
  };
}

/** Compares rows without regard to their order; equal rows count as often as they stand on either side. */
async function byWholeRow(session: Session, rows: RowSource): Promise<Pick<Differences, 'added' | 'removed'>> {
  const hashed = (source: string, staged: 0 | 1) =>
    `SELECT ${rows.hashOf('r')} AS hash, ${staged} AS staged, ${1 - staged} AS live FROM ${source} AS ${rows.as('r')}`;
  const [found] = await session.query<Pick<Differences, 'added' | 'removed'>>(`
    SELECT COALESCE(sum(greatest(staged - live, 0)), 0)::float8 AS added, COALESCE(sum(greatest(live - staged, 0)), 0)::float8 AS removed
      FROM (SELECT sum(staged) AS staged, sum(live) AS live
              FROM (${hashed(rows.staged, 1)} UNION ALL ${hashed(rows.live, 0)}) AS sides GROUP BY hash) AS counted`);
  return { added: found?.added ?? 0, removed: found?.removed ?? 0 };
}

/** Returns SQL for a value's text as its type writes it, NULL for NULL. A cast to text would take the spaces off `character(n)`. */
function textOf(value: string): string {
  return `CASE WHEN pg_catalog.num_nulls(${value}) = 0 THEN pg_catalog.concat(${value}) END`;
}
