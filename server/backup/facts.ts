import type { Session } from '../../db/connect/session.ts';
import { type ObjectName, qualifiedName, type SchemaModel } from '../../db/model/model.ts';
import { FILTERED_TABLE, lossText, lossView } from '../archive/manifest/losses.ts';
import type { Manifest } from '../archive/manifest/manifest.ts';
import { AppError, redacted } from '../core/errors.ts';
import { type LiveTable, readTables } from '../postgres/catalog/catalog.ts';
import { readServer } from '../postgres/catalog/identity.ts';
import { type Prerequisites, readPrerequisites } from '../postgres/catalog/prerequisites.ts';
import { readRules, type TableRule } from '../postgres/catalog/rules.ts';
import { describeSequences } from '../postgres/catalog/sequences.ts';
import { type LiveTypes, readTypes } from '../postgres/catalog/types.ts';
import type { Snapshot } from '../postgres/snapshot.ts';
import { refuseHiddenRows } from './checks/hidden-rows.ts';
import { failingWarnings, preflightWarnings, type RestoreWarning, readPreflight } from './checks/restorable.ts';
import { refuseRowsWithoutColumns } from './checks/stored-columns.ts';
import { unmakeableTypes } from './checks/unmakeable-types.ts';
import { type BackupCoverage, compareColumns } from './coverage.ts';

export interface DatabaseFacts {
  tables: LiveTable[];
  /** Tables whose definition alone is kept. */
  described: LiveTable[];
  oids: number[];
  types: LiveTypes;
  prerequisites: Prerequisites;
  rules: (TableRule & { table: ObjectName })[];
  server: Manifest['server'];
  heapBytes: number;
  unknownColumns: Manifest['unknown']['columns'];
  warnings: string[];
  /** The warnings about what would stop a restore. */
  stops: string[];
}

/** Returns an error that says more than the given one, where more can be known. */
type Explain = (error: unknown) => Promise<unknown>;

/** Reads everything the manifest says about the database, under the snapshot and its locks. */
export async function readFacts(
  snapshot: Snapshot,
  coverage: BackupCoverage,
  model: SchemaModel,
  { strict, explain }: { strict: boolean; explain: Explain },
): Promise<DatabaseFacts> {
  const { leader } = snapshot;
  const models = new Map(model.tables.map((table) => [qualifiedName(table), table]));
  const tables = await readTables(leader, coverage.tables, models);
  await refuseHiddenRows(leader, coverage.tables);
  const { unknownColumns, warnings } = compareColumns(coverage.tables, tables);
  const oids = tables.map((table) => table.oid);
  const server = await readServer(leader, snapshot.serverVersion);
  if (strict) refuseLosses(coverage, unknownColumns);
  const described = await readTables(leader, coverage.described, models);
  await refuseRowsWithoutColumns(leader, tables, described);
  const defined = [...oids, ...described.map((table) => table.oid)];
  const { prerequisites, types, rules } = await readDefinitions(leader, defined);
  const preflight = await restoreWarnings(leader, tables, explain);
  return {
    tables,
    described,
    oids: defined,
    types,
    prerequisites,
    rules,
    server,
    heapBytes: tables.flatMap((table) => table.leaves).reduce((sum, leaf) => sum + leaf.bytes, 0),
    unknownColumns,
    warnings: [...warnings, ...definitionWarnings(server.encoding, types), ...preflight.map(({ text }) => text)],
    stops: preflight.flatMap(({ text, stops }) => (stops ? [text] : [])),
  };
}

/** Reads what the manifest says about tables apart from their columns. */
export async function readDefinitions(session: Session, oids: number[]) {
  const prerequisites = await readPrerequisites(session, oids);
  const types = await readTypes(session, oids, prerequisites.typeOids);
  return { prerequisites, types, rules: await readRules(session, oids) };
}

/** Returns warnings that follow from definitions alone: a restore may produce something else than was backed up. */
export function definitionWarnings(encoding: string, types: Partial<LiveTypes>): string[] {
  return [...doubleCodes(encoding), ...unmakeableTypes(types)];
}

/** Warns of EUC_JP and EUC_TW, the only encodings whose conversion to UTF-8 and back can change a code. */
function doubleCodes(encoding: string): string[] {
  if (encoding !== 'EUC_JP' && encoding !== 'EUC_TW') return [];
  return [
    `The encoding of the database, ${encoding}, has two codes for some characters; the backup holds the character, and a restore writes its ordinary code.`,
  ];
}

/**
 * Returns warnings about what would stop a restore of this backup. A failed check becomes a warning, because the backup itself can still
 * be made.
 */
async function restoreWarnings(session: Session, tables: LiveTable[], explain: Explain): Promise<RestoreWarning[]> {
  await session.query('SAVEPOINT preflight');
  try {
    // Other sequences that this role does not own are left untouched by a restore, and stop nothing.
    const sequences = await describeSequences(
      session,
      tables.map((table) => table.oid),
      [],
    );
    const warnings = preflightWarnings(await readPreflight(session, tables, sequences), tables);
    return [...warnings, ...(await failingWarnings(session, tables))];
  } catch (thrown) {
    const error = await explain(thrown);
    if (!(error instanceof AppError) || error.code === 'CANCELLED' || error.code === 'CONNECTION_LOST') throw error;
    await session.query('ROLLBACK TO SAVEPOINT preflight');
    return [
      { text: `Whether a restore would go through could not be looked at: ${redacted(error).message}`, stops: true },
    ];
  }
}

function refuseLosses(coverage: BackupCoverage, columns: DatabaseFacts['unknownColumns']): void {
  const unknown = [
    ...coverage.losses.map((loss) => lossText(loss).replace(/\.$/, '')),
    ...columns.map((column) => `column ${qualifiedName(column)}.${column.column} is not in the schema`),
  ];
  if (unknown.length === 0) return;
  const declarable = coverage.unknown.length > 0 || columns.length > 0;
  const isFiltered = coverage.losses.some(({ reason }) => reason === FILTERED_TABLE);
  throw new AppError(
    'UNKNOWN_OBJECTS',
    `Not everything would be in this backup as the schema has it: ${unknown.join('; ')}.`,
    {
      hint: `${declarable ? 'Add tables and columns to the Drizzle schema. ' : ''}${isFiltered ? 'Let tables through the filters of the drizzle.config.ts. ' : ''}${coverage.losses.length > 0 ? 'Say what is left out on purpose, with the reason, in the file that BACKUP_EXCLUDE names. ' : ''}Or run without --strict.`,
      details: {
        losses: coverage.losses.map(lossView),
        columns: columns.map((column) => `${qualifiedName(column)}.${column.column}`),
      },
    },
  );
}
