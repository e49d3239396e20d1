import { type ObjectName, qualifiedName, type SchemaModel, type TableModel } from '../../db/model.ts';
import { pickTables } from '../../db/pick.ts';
import { classifyTables } from '../../db/protected.ts';
import { AppError } from '../errors.ts';
import type { ForeignPartition, LiveTable, TableListing } from '../postgres/catalog.ts';

/** Which tables a backup takes, and what it leaves out, by name and with the reason. */
export interface BackupScope {
  kind: 'full' | 'partial';
  tables: TableModel[];
  leftOut: (ObjectName & { reason: string })[];
  unknown: ObjectName[];
}

/**
 * Decides what belongs to a backup. Throws SCHEMA_DRIFT when the model has a table the database lacks,
 * and UNKNOWN_TABLE for a chosen name that is none of the model's.
 */
export function chooseScope(
  model: SchemaModel,
  listing: TableListing[],
  chosen: string[] | undefined,
  foreignPartitions: ForeignPartition[],
): BackupScope {
  const ordinary = listing.filter((table) => table.extension === null && !table.foreign);
  const { leftOut, unknown } = classifyTables(ordinary, model);
  const present = new Set(ordinary.map(qualifiedName));
  const missing = model.tables.filter((table) => !present.has(qualifiedName(table)));
  const tables = chosen ? pickTables(model.tables, chosen, 'The schema') : model.tables;
  const absent = missing.filter((table) => tables.includes(table));
  if (absent.length > 0) throw drift(absent.map((table) => `table ${qualifiedName(table)}`));
  return {
    kind: tables.length === model.tables.length ? 'full' : 'partial',
    tables,
    leftOut: [
      ...leftOut,
      ...listing
        .filter((table) => table.extension !== null)
        .map(({ schema, name, extension }) => ({ schema, name, reason: `belongs to the extension ${extension}` })),
      ...listing
        .filter((table) => table.foreign && table.extension === null)
        .map(({ schema, name }) => ({ schema, name, reason: 'a foreign table: its rows live on another server' })),
      ...foreignPartitions.map(({ schema, name, root }) => ({
        schema,
        name,
        reason: `a foreign partition of ${qualifiedName(root)}: its rows live on another server`,
      })),
      ...model.tables
        .filter((table) => !tables.includes(table))
        .map(({ schema, name }) => ({ schema, name, reason: 'not chosen for this backup' })),
    ],
    unknown: unknown.map(({ schema, name }) => ({ schema, name })),
  };
}

/**
 * Holds the model against the locked tables. A column the model has and the table lacks is SCHEMA_DRIFT; columns the model
 * does not know are returned: they are backed up like the others, because a restore must bring them back, and are reported.
 */
export function compareColumns(
  models: TableModel[],
  live: LiveTable[],
): { unknownColumns: (ObjectName & { column: string })[]; warnings: string[] } {
  const byName = new Map(live.map((table) => [qualifiedName(table), table]));
  const lacking: string[] = [];
  const unknownColumns: (ObjectName & { column: string })[] = [];
  const warnings: string[] = [];
  for (const model of models) {
    const table = byName.get(qualifiedName(model));
    if (!table) {
      lacking.push(`table ${qualifiedName(model)}`);
      continue;
    }
    const columns = new Map(table.columns.map((column) => [column.name, column]));
    for (const column of model.columns) {
      const found = columns.get(column.name);
      if (!found) lacking.push(`column ${column.name} of ${qualifiedName(model)}`);
      else if (found.sqlType !== column.sqlType)
        warnings.push(
          `${qualifiedName(model)}.${column.name} is ${found.sqlType} in the database and ${column.sqlType} in the schema; backed up as it is in the database.`,
        );
    }
    const known = new Set(model.columns.map((column) => column.name));
    for (const column of table.columns)
      if (!known.has(column.name)) unknownColumns.push({ schema: table.schema, name: table.name, column: column.name });
  }
  if (lacking.length > 0) throw drift(lacking);
  return { unknownColumns, warnings };
}

function drift(lacking: string[]): AppError {
  return new AppError('SCHEMA_DRIFT', `The schema has what the database lacks: ${lacking.join('; ')}.`, {
    hint: 'Bring the database up to date with its migrations, or point BACKUP_SCHEMA at the schema this database really has.',
    details: { lacking },
  });
}
