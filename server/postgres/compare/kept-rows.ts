import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import type { StagingTable } from '../staging/staging.ts';
import { keyColumn, type RowChange } from './difference-tables.ts';
import { type ComparedTable, RowSource, textOf } from './row-source.ts';

/** Most rows kept of one table: what differs may be all of a large database. */
const MOST_KEPT_ROWS = 100_000;
/** Characters kept of one value. */
const KEPT_CHARACTERS = 20_000;

/** One row that a restore would add, change or remove, as both sides had it. */
export interface KeptRow {
  /** Position among the differences of the table, from 1, in the order of the key. */
  place: number;
  change: RowChange;
  /** Places of the changed columns among those kept, from 1; empty unless `change` is `change`. */
  columns: number[];
  /** Values of today, as PostgreSQL writes them; null for a row that only the backup has. */
  before: (string | null)[] | null;
  /** Values of the backup; null for a row that only live has. */
  after: (string | null)[] | null;
}

/** Where the rows that a plan found different are kept, until the sweeper removes them. */
export interface KeptDifferences {
  /** In ISO 8601. */
  until: string;
  tables: KeptTable[];
}

export interface KeptTable extends ObjectName {
  /** The table of `KeptRow`s. */
  kept: ObjectName;
  /** Columns that were compared, in the order of the values of a row. */
  columns: { name: string; sqlType: string }[];
  /** Columns that tell rows apart; empty where rows were compared as a whole. */
  key: string[];
  rows: number;
  /** False when more rows differ than are kept. */
  complete: boolean;
}

/** Returns the name of the table that holds the rows that differ of one staged table. */
function keptTable({ schema, name }: Pick<StagingTable, 'schema' | 'name'>): ObjectName {
  return { schema, name: name.replace(/^t/, 'r') };
}

/**
 * Keeps the rows behind the differences as text, in a table of the staging schema that needs nothing else of it: neither live's types nor
 * the staged rows. `differences` is the table that `findDifferences` made. Returns the number of rows kept, at most `MOST_KEPT_ROWS`.
 */
export async function keepRows(
  session: Session,
  table: ComparedTable,
  differences: ObjectName | null,
): Promise<{ table: ObjectName; rows: number }> {
  const source = new RowSource(table);
  const kept = keptTable(table.staging);
  const found = differences === null ? unmatched(source) : matched(source, table, differences);
  await session.query(`
    CREATE UNLOGGED TABLE ${quoteName(kept)} WITH (autovacuum_enabled = false) AS
    SELECT row_number() OVER ()::int4 AS place, d.change, COALESCE(d.columns, '{}'::int2[]) AS columns, d.before, d.after
      FROM (${found} LIMIT ${MOST_KEPT_ROWS}) AS d`);
  await session.query(`ALTER TABLE ${quoteName(kept)} ADD PRIMARY KEY (place)`);
  const [counted] = await session.query<{ rows: number }>(`SELECT count(*)::float8 AS rows FROM ${quoteName(kept)}`);
  return { table: kept, rows: counted?.rows ?? 0 };
}

function textsOf(source: RowSource, alias: string): string {
  const texts = source.columns.map((column) => `pg_catalog.left(${textOf(`${alias}.${column}`)}, ${KEPT_CHARACTERS})`);
  return `ARRAY[${texts.join(', ')}]::text[]`;
}

/** Returns SQL for the rows of a table of differences, in the order of the key. */
function matched(source: RowSource, { columns, key, staging }: ComparedTable, differences: ObjectName): string {
  const asText = new Set(staging.columns.filter(({ becomes }) => becomes !== undefined).map(({ name }) => name));
  const on = (alias: string) =>
    (key ?? [])
      .map(({ name, equals }, place) => {
        const operator = asText.has(name) ? 'OPERATOR(pg_catalog.=)' : equals;
        return `${alias}.c${columns.indexOf(name) + 1} ${operator} k.${keyColumn(place)}`;
      })
      .join(' AND ');
  const order = (key ?? []).map((_, place) => `k.${keyColumn(place)}`).join(', ');
  return `
    SELECT k.change, k.columns, CASE WHEN l.present THEN ${textsOf(source, 'l')} END AS before,
           CASE WHEN s.present THEN ${textsOf(source, 's')} END AS after
      FROM (SELECT * FROM ${quoteName(differences)} AS k ORDER BY ${order} LIMIT ${MOST_KEPT_ROWS}) AS k
      LEFT JOIN ${source.staged} AS ${source.as('s')} ON k.change <> 'remove' AND ${on('s')}
      LEFT JOIN ${source.live} AS ${source.as('l')} ON k.change <> 'add' AND ${on('l')}
     ORDER BY ${order}`;
}

/** Returns SQL for rows that stand on one side more often than on the other. */
function unmatched(source: RowSource): string {
  const numbered = (side: string) =>
    `SELECT r.*, ${source.hashOf('r')} AS hash, row_number() OVER (PARTITION BY ${source.hashOf('r')}) AS place FROM ${side} AS ${source.as('r')}`;
  const counted = (side: string) =>
    `SELECT ${source.hashOf('r')} AS hash, count(*) AS rows FROM ${side} AS ${source.as('r')} GROUP BY 1`;
  const only = (change: RowChange, here: string, there: string, before: string, after: string) => `
    SELECT '${change}' AS change, NULL::int2[] AS columns, ${before} AS before, ${after} AS after
      FROM (${numbered(here)}) AS h LEFT JOIN (${counted(there)}) AS t USING (hash) WHERE h.place > COALESCE(t.rows, 0)`;
  const texts = textsOf(source, 'h');
  return `
    SELECT * FROM (${only('remove', source.live, source.staged, texts, 'NULL::text[]')}
    UNION ALL ${only('add', source.staged, source.live, 'NULL::text[]', texts)}) AS d ORDER BY COALESCE(d.before, d.after), d.change`;
}
