import { type ColumnModel, type ObjectName, qualifiedName, storedColumns } from '../../db/model/model.ts';
import type { Manifest, ManifestTable } from '../archive/manifest/manifest.ts';
import { AppError } from '../core/errors.ts';
import type { LiveTable } from '../postgres/catalog/catalog.ts';
import { refuseOurOwn } from '../postgres/catalog/own-schemas.ts';
import type { LiveTypes } from '../postgres/catalog/types.ts';
import type { TableLoad } from '../postgres/rewrite/table-load.ts';
import type { StagingTable } from '../postgres/staging/staging.ts';
import { ColumnTypes } from './column-types.ts';
import { TypesBehind } from './types-behind.ts';

/** The plan for one table of a restore. */
export interface PlannedTable {
  archived: ManifestTable;
  live: LiveTable;
  staging: StagingTable;
  /** Columns that come from the archive, in the order of its chunks. */
  columns: string[];
  /** By column, the ways in which its type became narrower since the backup; other columns are missing. */
  narrower: ReadonlyMap<string, string[]>;
  /** True when the backup describes every type behind its columns; format 1.0 omits those made of functions. */
  typesDescribed: boolean;
}

/** Returns the way of a planned table's rows from staging to live. */
export function loadOf({ live, staging, columns, archived }: PlannedTable): TableLoad {
  return { live, staging, columns, rows: archived.rows };
}

export interface RestorePlan {
  tables: PlannedTable[];
  /** Domains whose NOT VALID checks must be off while the rows arrive. */
  unsureDomains: ObjectName[];
  warnings: string[];
}

/**
 * Compares an archive with today's tables by columns and type definitions, changing nothing; minor differences become warnings. Throws
 * SCHEMA_MISMATCH, with every reason at once, for tables or columns that have no place today. Throws RESTORE_REFUSED for an archive with
 * our own records: no backup holds them, so it was made to change sessions, tokens or the audit.
 */
export function planRestore(
  manifest: Manifest,
  archived: ManifestTable[],
  live: LiveTable[],
  liveTypes: LiveTypes,
  unsureDomains: ObjectName[],
  stagingSchema: string,
): RestorePlan {
  refuseOurOwn([...manifest.tables, ...manifest.sequences]);
  const byName = new Map(live.map((table) => [qualifiedName(table), table]));
  const found = archived.filter((table) => byName.has(qualifiedName(table)));
  if (found.length === 0) throw foreignSchema(manifest, archived);
  const faults = archived
    .filter((table) => !byName.has(qualifiedName(table)))
    .map((table) => `table ${qualifiedName(table)} is not in the database`);
  const warnings: string[] = [];
  const behind = new ColumnTypes(manifest, liveTypes);
  const unsure = new TypesBehind(liveTypes, unsureDomains);
  const tables = found.map((table, index): PlannedTable => {
    const target = byName.get(qualifiedName(table)) as LiveTable;
    const columns = storedColumns(table);
    const types = new Map(target.columns.map((column) => [column.name, column]));
    for (const column of columns) {
      const today = types.get(column.name);
      const unfit = columnFaults(table, column, today);
      faults.push(...unfit);
      if (today && unfit.length === 0) behind.compare(table, column, today);
    }
    const carried = new Set(columns.map((column) => column.name));
    for (const column of target.columns.filter(({ name }) => !carried.has(name))) {
      const columnName = `${qualifiedName(table)}.${column.name}`;
      if (column.generated !== null) continue;
      if (column.notNull && column.defaultSql === null && column.identity === null)
        faults.push(`${columnName} is NOT NULL without a default and not in the backup`);
      else
        warnings.push(
          `${columnName} is not in the backup: its rows get ${(column.defaultSql ?? column.identity) ? 'the default' : 'NULL'}.`,
        );
    }
    return {
      archived: table,
      live: target,
      columns: columns.map((column) => column.name),
      narrower: behind.narrowerOf(table),
      typesDescribed: manifest.otherTypes !== undefined,
      staging: {
        schema: stagingSchema,
        name: `t${String(index + 1).padStart(4, '0')}`,
        columns: columns.map(({ name }) => {
          const { sqlType = 'text', collation } = types.get(name) ?? {};
          return {
            name,
            ...(unsure.among(sqlType) ? { sqlType: 'text', becomes: sqlType } : { sqlType }),
            ...(collation && { collation }),
          };
        }),
      },
    };
  });
  faults.push(...behind.faults());
  warnings.push(...behind.warnings());
  if (faults.length > 0)
    throw new AppError('SCHEMA_MISMATCH', `This backup does not fit today's tables: ${faults.join('; ')}.`, {
      hint: 'Restore into a database with the schema of the time of the backup (its schema/ folder makes one), and migrate that; or restore only tables that fit with --tables.',
      details: { faults },
    });
  return { tables, unsureDomains: unsure.met(), warnings };
}

function columnFaults(
  table: ManifestTable,
  column: { name: string; sqlType: string },
  live: ColumnModel | undefined,
): string[] {
  const columnName = `${qualifiedName(table)}.${column.name}`;
  if (live === undefined) return [`${columnName} is not in the database any more`];
  if (live.generated !== null) return [`${columnName} is a generated column today`];
  if (live.sqlType !== column.sqlType) return [`${columnName} is ${live.sqlType} today and was ${column.sqlType}`];
  return [];
}

function foreignSchema(manifest: Manifest, archived: ManifestTable[]): AppError {
  return new AppError(
    'SCHEMA_MISMATCH',
    `None of the backup's tables (${archived.slice(0, 5).map(qualifiedName).join(', ')}${archived.length > 5 ? ', …' : ''}) is in this database: it is empty, or it belongs to another application than the one backed up from ${manifest.metadata.databaseUrl}.`,
    {
      hint: 'Check the database. An empty one gets the HRMS tables with `bun run scripts/migrate.ts --into URL`, any other with psql from the archive’s schema/ folder.',
    },
  );
}
