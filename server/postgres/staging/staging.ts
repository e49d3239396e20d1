import type { CopyEncoding } from '../../../db/connect/copy-encoding.ts';
import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { isStagingName, STAGING_PREFIX } from '../../../db/system/own-schemas.ts';
import { dropStaging } from './drop-staging.ts';
import { inPortions } from './portions.ts';

/** Returns the name of one restore's private schema: 40 characters, well below PostgreSQL's 63. */
export function stagingSchema(operationId: string): string {
  return `${STAGING_PREFIX}${operationId.replaceAll('-', '')}`;
}

/** Returns the operation a staging schema belongs to, or null for a schema that only looks like one. */
export function stagingOwner(schema: string): string | null {
  if (!isStagingName(schema)) return null;
  return schema.slice(STAGING_PREFIX.length).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A table of the staging schema: unlogged, without any constraint, with the types of the live columns. */
export interface StagingTable {
  schema: string;
  name: string;
  columns: StagingColumn[];
}

interface StagingColumn {
  name: string;
  sqlType: string;
  /** Collation of the live column where it is not the type's default, because rules are also checked on staged rows. */
  collation?: ObjectName;
  /** Type that a column staged as text gets on the way to live. A check in the type would refuse rows that are older than it. */
  becomes?: string;
}

/**
 * Creates the schema and its tables, some tables per transaction, after removing what an earlier try of the operation left. Takes the
 * types from the live catalog, never from an archive.
 */
export async function createStaging(session: Session, schema: string, tables: StagingTable[]): Promise<void> {
  await dropStaging(session, schema);
  await session.query(`CREATE SCHEMA ${quoteIdent(schema)}`);
  await addToStaging(session, tables);
}

/** Creates more tables in a staging schema, some tables per transaction. */
export async function addToStaging(session: Session, tables: StagingTable[]): Promise<void> {
  const [failure] = await inPortions(session, tables, 1, async (portion) => {
    for (const table of portion) {
      const columns = table.columns
        .map(
          (column) =>
            `${quoteIdent(column.name)} ${column.sqlType}${column.becomes === undefined ? collate(column) : ''}`,
        )
        .join(', ');
      await session.query(`CREATE UNLOGGED TABLE ${quoteName(table)} (${columns}) WITH (autovacuum_enabled = false)`);
    }
  });
  if (failure !== undefined) throw failure;
}

/** Returns the staging schemas in the database that this role owns, whoever left them. */
export async function listStaging(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_catalog.pg_namespace
      WHERE nspname LIKE $1 AND pg_catalog.pg_has_role(nspowner, 'USAGE') ORDER BY nspname`,
    [`${STAGING_PREFIX.replaceAll('_', '\\_')}%`],
  );
  return rows.map((row) => row.name).filter((name) => stagingOwner(name) !== null);
}

/** Returns the COPY statement that fills a staging table from one chunk. */
export function copyInSql(
  table: StagingTable,
  columns: string[],
  format: 'csv' | 'copy',
  encoding: CopyEncoding,
): string {
  const list = columns.map(quoteIdent).join(', ');
  return `COPY ${quoteName(table)} (${list}) FROM STDIN (${format === 'csv' ? 'FORMAT csv, HEADER true' : 'FORMAT text'}, ENCODING '${encoding}')`;
}

/** Returns the SELECT list of staging for these columns of live. */
export function selectList(table: StagingTable, columns: string[]): string {
  const staged = new Map(table.columns.map((column) => [column.name, column]));
  return columns
    .map((name) => {
      const column = staged.get(name);
      return column?.becomes === undefined
        ? quoteIdent(name)
        : `${quoteIdent(name)}::${column.becomes}${collate(column)}`;
    })
    .join(', ');
}

function collate({ collation }: Pick<StagingColumn, 'collation'>): string {
  return collation === undefined ? '' : ` COLLATE ${quoteName(collation)}`;
}

/**
 * Returns WHERE clauses for block ranges of a staging table, so that moving it shows progress. They cover the table, because nothing
 * writes to it any more.
 */
export async function blockSlices(session: Session, table: StagingTable, sliceBytes: number): Promise<string[]> {
  const [row] = await session.query<{ blocks: number }>(
    `SELECT (pg_catalog.pg_relation_size($1::regclass) / current_setting('block_size')::int8)::float8 AS blocks`,
    [quoteName(table)],
  );
  const blocks = row?.blocks ?? 0;
  const step = Math.max(1, Math.floor(sliceBytes / 8192));
  if (blocks <= step) return [''];
  const starts = Array.from({ length: Math.ceil(blocks / step) }, (_, index) => index * step);
  return starts.map(
    (start) =>
      ` WHERE ctid >= '(${start},0)'::tid${start + step < blocks ? ` AND ctid < '(${start + step},0)'::tid` : ''}`,
  );
}
