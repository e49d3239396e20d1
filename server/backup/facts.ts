import type { Session } from '../../db/connect.ts';
import { type ObjectName, qualifiedName, type SchemaModel } from '../../db/model.ts';
import type { Manifest } from '../archive/manifest.ts';
import { AppError } from '../errors.ts';
import { type LiveTable, readTables } from '../postgres/catalog.ts';
import { type Prerequisites, readPrerequisites } from '../postgres/prerequisites.ts';
import { readRules, type TableRule } from '../postgres/rules.ts';
import { describeSequences } from '../postgres/sequences.ts';
import type { Snapshot } from '../postgres/snapshot.ts';
import { type LiveTypes, readTypes } from '../postgres/types.ts';
import { refuseHiddenRows } from './hidden-rows.ts';
import { outlookWarnings, readOutlook } from './restorable.ts';
import { type BackupScope, compareColumns } from './scope.ts';
import { unmakeableTypes } from './unmakeable-types.ts';

export interface DatabaseFacts {
  tables: Awaited<ReturnType<typeof readTables>>;
  oids: number[];
  types: LiveTypes;
  prerequisites: Prerequisites;
  rules: (TableRule & { table: ObjectName })[];
  server: Manifest['server'];
  heapBytes: number;
  unknownColumns: Manifest['unknown']['columns'];
  warnings: string[];
}

/** Everything the manifest says of the database, read under the snapshot and its locks. */
export async function readFacts(
  snapshot: Snapshot,
  scope: BackupScope,
  model: SchemaModel,
  strict: boolean,
): Promise<DatabaseFacts> {
  const { leader } = snapshot;
  const models = new Map(model.tables.map((table) => [qualifiedName(table), table]));
  const tables = await readTables(leader, scope.tables, models);
  await refuseHiddenRows(leader, scope.tables);
  const { unknownColumns, warnings } = compareColumns(scope.tables, tables);
  const oids = tables.map((table) => table.oid);
  const [server] = await leader.query<{ version: string; encoding: string; database: string }>(
    `SELECT current_setting('server_version') AS version, pg_catalog.pg_encoding_to_char(encoding) AS encoding, datname AS database
       FROM pg_catalog.pg_database WHERE datname = current_database()`,
  );
  if (!server) throw new AppError('DATABASE_ERROR', 'The database does not list itself in pg_database.');
  if (strict && (scope.unknown.length > 0 || unknownColumns.length > 0))
    throw new AppError(
      'UNKNOWN_OBJECTS',
      `The database has what the schema does not know: ${[...scope.unknown.map((table) => `table ${qualifiedName(table)}`), ...unknownColumns.map((column) => `column ${qualifiedName(column)}.${column.column}`)].join('; ')}.`,
      { hint: 'Add it to the Drizzle schema, classify it as left out with a reason, or run without --strict.' },
    );
  const prerequisites = await readPrerequisites(leader, oids);
  const types = await readTypes(leader, oids, prerequisites.typeOids);
  return {
    tables,
    oids,
    types,
    prerequisites,
    rules: await readRules(leader, oids),
    server: {
      version: server.version,
      versionNum: snapshot.serverVersion,
      encoding: server.encoding,
      database: server.database,
    },
    heapBytes: tables.flatMap((table) => table.leaves).reduce((sum, leaf) => sum + leaf.bytes, 0),
    unknownColumns,
    warnings: [...warnings, ...unmakeableTypes(types), ...(await restoreWarnings(leader, model, tables))],
  };
}

/** What would stop a restore of this backup. The backup is made all the same: a failure to look is said and fails nothing. */
async function restoreWarnings(session: Session, model: SchemaModel, tables: LiveTable[]): Promise<string[]> {
  await session.query('SAVEPOINT outlook');
  try {
    const free = model.sequences.filter((sequence) => sequence.ownedBy === null);
    const sequences = await describeSequences(
      session,
      tables.map((table) => table.oid),
      free,
    );
    return outlookWarnings(await readOutlook(session, tables, sequences), tables);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELLED' || error.code === 'CONNECTION_LOST') throw error;
    await session.query('ROLLBACK TO SAVEPOINT outlook');
    return [`Whether a restore would go through could not be looked at: ${error.message}`];
  }
}
