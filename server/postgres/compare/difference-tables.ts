import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import type { StagingTable } from '../staging/staging.ts';
import type { KeyColumn } from './row-key.ts';
import { type ComparedTable, type RowSource, textOf } from './row-source.ts';

/** The effect of a restore on a row: the backup alone has it, both sides have it with other values, or live alone has it. */
export type RowChange = 'add' | 'change' | 'remove';

export interface ChangeCounts {
  /** Rows of the backup that live lacks. */
  added: number;
  /** Rows with other values in live. */
  changed: number;
  /** Rows of live that the backup lacks. */
  removed: number;
  /** By column, in how many of the changed rows it differs; columns without a difference are missing. */
  columns: Record<string, number>;
}

/** Returns the name of the table that holds the differences of one staged table. */
function differenceTable({ schema, name }: Pick<StagingTable, 'schema' | 'name'>): ObjectName {
  return { schema, name: name.replace(/^t/, 'd') };
}

/** Returns the name of the column that holds one column of the key, by its place in the key. */
export function keyColumn(place: number): string {
  return `k${place + 1}`;
}

/**
 * Makes the table of differences anew: one row for each row that a restore would add, change or remove. Its columns are `change`; `k1`,
 * `k2` and so on for the key, in live's types; `columns` with the places, from 1, of the changed ones among those compared.
 */
export async function makeDifferenceTable(
  session: Session,
  source: RowSource,
  { columns, key, staging, most }: ComparedTable & { key: KeyColumn[] },
): Promise<ObjectName> {
  const asText = new Set(staging.columns.filter(({ becomes }) => becomes !== undefined).map(({ name }) => name));
  const keyed = key.map(({ name, equals }, place) => {
    const column = `c${columns.indexOf(name) + 1}`;
    return {
      on: `s.${column} ${asText.has(name) ? 'OPERATOR(pg_catalog.=)' : equals} l.${column}`,
      value: `CASE WHEN l.present THEN l.${column} ELSE s.${column} END AS ${keyColumn(place)}`,
      name: keyColumn(place),
    };
  });
  const differing = source.columns.map(
    (column, index) =>
      `CASE WHEN ${textOf(`s.${column}`)} COLLATE "C" IS DISTINCT FROM ${textOf(`l.${column}`)} COLLATE "C" THEN ${index + 1} END`,
  );
  const made = differenceTable(staging);
  await dropDifferenceTable(session, made);
  // Bytes are compared first, which is cheap. Equal values may have unequal bytes, so the text decides.
  await session.query(`
    CREATE UNLOGGED TABLE ${quoteName(made)} WITH (autovacuum_enabled = false) AS
    SELECT d.change, ${keyed.map(({ name }) => `d.${name}`).join(', ')}, d.columns
      FROM (SELECT CASE WHEN l.present IS NULL THEN 'add' WHEN s.present IS NULL THEN 'remove' ELSE 'change' END AS change,
                   ${keyed.map(({ value }) => value).join(', ')},
                   CASE WHEN s.present AND l.present THEN pg_catalog.array_remove(ARRAY[${differing.join(', ')}]::int2[], NULL) END AS columns
              FROM ${source.staged} AS ${source.as('s')}
              FULL JOIN ${source.live} AS ${source.as('l')} ON ${keyed.map(({ on }) => on).join(' AND ')}
             WHERE s.present IS NULL OR l.present IS NULL OR s OPERATOR(pg_catalog.*<>) l) AS d
     WHERE d.columns IS NULL OR d.columns <> '{}'${most === undefined ? '' : ` LIMIT ${most + 1}`}`);
  await session.query(`ANALYZE ${quoteName(made)}`);
  return made;
}

export async function dropDifferenceTable(session: Session, table: ObjectName): Promise<void> {
  await session.query(`DROP TABLE IF EXISTS ${quoteName(table)}`);
}

/** Counts a table of differences; `columns` are those that were compared. */
export async function countChanges(session: Session, table: ObjectName, columns: string[]): Promise<ChangeCounts> {
  const found = await session.query<{ change: RowChange; place: number; rows: number }>(`
    SELECT d.change, place::int4 AS place, count(*)::float8 AS rows
      FROM ${quoteName(table)} AS d CROSS JOIN LATERAL unnest(ARRAY[0::int2] || COALESCE(d.columns, '{}'::int2[])) AS place
     GROUP BY d.change, place`);
  const count = (change: RowChange, place: number) =>
    found.find((row) => row.change === change && row.place === place)?.rows ?? 0;
  const changed = columns.map((name, index): [string, number] => [name, count('change', index + 1)]);
  return {
    added: count('add', 0),
    changed: count('change', 0),
    removed: count('remove', 0),
    columns: Object.fromEntries(changed.filter(([, rows]) => rows > 0)),
  };
}
