import { openSession } from '../../db/connect.ts';
import { loadOrder } from '../../db/order.ts';
import { qualifiedName, type SchemaModel, shortName } from '../../db/model.ts';
import { FORMAT_VERSION, type Manifest } from '../archive/manifest.ts';
import { readmeText, restoreSql, schemaSql } from '../archive/recovery.ts';
import { type ArchiveWriter, createArchiveWriter } from '../archive/writer.ts';
import { AppError } from '../errors.ts';
import { maskDatabaseUrl } from '../mask-url.ts';
import { listTables, readTables } from '../postgres/catalog.ts';
import { readSequences } from '../postgres/sequences.ts';
import { configureSession } from '../postgres/settings.ts';
import { openSnapshot, type Snapshot } from '../postgres/snapshot.ts';
import { readTypes } from '../postgres/types.ts';
import type { OnProgress } from '../progress.ts';
import type { Storage } from '../storage/storage.ts';
import { copyParts, refuseHiddenRows } from './copy.ts';
import { planParts } from './parts.ts';
import { type BackupScope, chooseScope, compareColumns } from './scope.ts';
import { verifyArchive } from './verify.ts';

export interface BackupDeps {
  databaseUrl: string;
  storage: Storage;
  model: SchemaModel;
  now: () => Date;
  /** A fresh UUID. */
  newId: () => string;
  application: { name: string; version: string };
  /** How long a locked table is waited for, in milliseconds. */
  lockGiveUpMs: number;
}

export interface BackupInput {
  /** Keys, names or `schema.name`; every protected table when absent. */
  tables?: string[];
  compression: 'deflate' | 'zstd';
  level?: number;
  /** Connections that copy at once; fewer are used when fewer can be had. */
  jobs: number;
  /** Refuse when the database has tables or columns the schema does not know. */
  strict: boolean;
  /** Read the stored archive back before calling it good. */
  verify: boolean;
  /** The file's name without `.zip`; made from time and id when absent. */
  name?: string;
  createdBy: string;
}

export interface BackupResult {
  backupId: string;
  fileName: string;
  filePath: string;
  timestamp: string;
  totalRecords: number;
  size: number;
  /** Rows per table, by `schema.name`, the schema left out when it is `public`. */
  tables: Record<string, number>;
  digest: string;
  verified: boolean;
  /** Until the archive stood under its name. */
  durationMs: number;
  verifyMs: number | null;
  warnings: string[];
  unknown: { tables: string[]; columns: string[] };
  leftOut: { table: string; reason: string }[];
}

export interface Run {
  signal: AbortSignal;
  onProgress: OnProgress;
}

/**
 * Makes one archive of one moment of the database and stores it. Nothing appears under the archive's name before it is
 * complete and durable; whatever fails leaves nothing behind. It never writes to the database.
 */
export async function createBackup(deps: BackupDeps, input: BackupInput, run: Run): Promise<BackupResult> {
  const started = deps.now();
  const backupId = deps.newId();
  const fileName = archiveName(input.name, started, backupId);
  run.onProgress({ stage: 'prepare', rows: 0, bytes: 0, totalBytes: 0 });

  const scope = await readScope(deps, input, run);
  await using snapshot = await openSnapshot(deps.databaseUrl, scope.tables, {
    applicationName: `palace-backup backup ${backupId}`,
    signal: run.signal,
    patienceMs: deps.lockGiveUpMs,
  });
  const facts = await readFacts(snapshot, scope, deps.model, input.strict);
  await refuseFullDisk(deps.storage, facts.heapBytes);

  await using object = await deps.storage.create(fileName);
  const writer = createArchiveWriter({
    sink: object,
    compression: { method: input.compression, ...(input.level !== undefined && { level: input.level }) },
    time: started,
    signal: run.signal,
  });
  await copyParts(planParts(facts.tables), snapshot, writer, { jobs: input.jobs, signal: run.signal, onProgress: run.onProgress });
  const sequences = await readSequences(snapshot.leader, facts.oids, deps.model.sequences.filter((sequence) => sequence.ownedBy === null));
  await snapshot[Symbol.asyncDispose]();

  run.onProgress({ stage: 'finish', rows: 0, bytes: 0, totalBytes: 0 });
  const manifest = describe(deps, input, { backupId, started, scope, facts, sequences, writer });
  await addTexts(writer, manifest);
  const { digest, size } = await writer.finish({ ...manifest, entries: writer.entries });
  run.signal.throwIfAborted();
  await object.commit();
  const durationMs = deps.now().getTime() - started.getTime();

  const verifyMs = input.verify ? await readBack(deps, fileName, digest, run) : null;
  await deps.storage.writeSidecar(fileName, {
    digest,
    kind: manifest.kind,
    pinned: false,
    note: null,
    lastVerified: verifyMs === null ? null : deps.now().toISOString(),
    lastProved: null,
  });
  return {
    backupId,
    fileName,
    filePath: deps.storage.locate(fileName),
    timestamp: manifest.metadata.timestamp,
    totalRecords: manifest.metadata.totalRecords,
    size,
    tables: Object.fromEntries(manifest.tables.map((table) => [shortName(table), table.rows])),
    digest,
    verified: verifyMs !== null,
    durationMs,
    verifyMs,
    warnings: manifest.warnings,
    unknown: {
      tables: manifest.unknown.tables.map(shortName),
      columns: manifest.unknown.columns.map((column) => `${shortName(column)}.${column.column}`),
    },
    leftOut: manifest.leftOut.map((table) => ({ table: shortName(table), reason: table.reason })),
  };
}

function archiveName(chosen: string | undefined, time: Date, id: string): string {
  if (chosen !== undefined) return chosen.endsWith('.zip') ? chosen : `${chosen}.zip`;
  const stamp = time.toISOString().replace(/[-:]/g, '').replace(/\.\d+Z$/, 'Z');
  return `backup_${stamp}_${id.replaceAll('-', '').slice(0, 8)}.zip`;
}

async function readScope(deps: BackupDeps, input: BackupInput, run: Run): Promise<BackupScope> {
  await using session = await openSession(deps.databaseUrl, { applicationName: 'palace-backup prepare', signal: run.signal });
  await configureSession(session);
  const scope = chooseScope(deps.model, await listTables(session), input.tables);
  const tables = await readTables(session, scope.tables, new Map());
  compareColumns(scope.tables, tables);
  refuseHiddenRows(tables);
  return scope;
}

interface DatabaseFacts {
  tables: Awaited<ReturnType<typeof readTables>>;
  oids: number[];
  types: Awaited<ReturnType<typeof readTypes>>;
  server: Manifest['server'];
  heapBytes: number;
  unknownColumns: Manifest['unknown']['columns'];
  warnings: string[];
}

/** Everything the manifest says of the database, read under the snapshot and its locks. */
async function readFacts(snapshot: Snapshot, scope: BackupScope, model: SchemaModel, strict: boolean): Promise<DatabaseFacts> {
  const { leader } = snapshot;
  const models = new Map(model.tables.map((table) => [qualifiedName(table), table]));
  const tables = await readTables(leader, scope.tables, models);
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
  return {
    tables,
    oids,
    types: await readTypes(leader, oids),
    server: { version: server.version, versionNum: snapshot.serverVersion, encoding: server.encoding, database: server.database },
    heapBytes: tables.flatMap((table) => table.leaves).reduce((sum, leaf) => sum + leaf.bytes, 0),
    unknownColumns,
    warnings,
  };
}

/** A first look only: a disk that fills later is noticed by the write that fails. */
async function refuseFullDisk(storage: Storage, heapBytes: number): Promise<void> {
  const free = await storage.freeSpace();
  // Rows of real applications came out at 0.15 to 0.4 of their heap size; less than this cannot be enough.
  const needed = Math.ceil(heapBytes * 0.15);
  if (free === null || free >= needed) return;
  throw new AppError('DISK_FULL', `${storage.label} has ${free} bytes free; this backup needs about ${needed} or more.`, {
    hint: 'Free space there, or choose another folder with --output.',
    details: { free, needed },
  });
}

function describe(
  deps: BackupDeps,
  input: BackupInput,
  made: { backupId: string; started: Date; scope: BackupScope; facts: DatabaseFacts; sequences: Manifest['sequences']; writer: ArchiveWriter },
): Manifest {
  const { scope, facts, writer } = made;
  const { order, cycles } = loadOrder(facts.tables);
  const rank = new Map(order.map((name, place) => [name, place]));
  const tables = facts.tables
    .toSorted((a, b) => (rank.get(qualifiedName(a)) ?? 0) - (rank.get(qualifiedName(b)) ?? 0))
    .map(({ schema, name, key, columns, primaryKey, uniques, links }) => {
      const chunks = writer.entries.filter((entry) => entry.table?.schema === schema && entry.table.name === name);
      const sum = (of: (chunk: (typeof chunks)[number]) => number) => chunks.reduce((total, chunk) => total + of(chunk), 0);
      return { schema, name, key, columns, primaryKey, uniques, links, rows: sum((chunk) => chunk.rows), bytes: sum((chunk) => chunk.size) };
    });
  return {
    formatVersion: FORMAT_VERSION,
    metadata: {
      version: deps.application.version,
      timestamp: made.started.toISOString(),
      databaseUrl: maskDatabaseUrl(deps.databaseUrl),
      totalRecords: tables.reduce((sum, table) => sum + table.rows, 0),
      backupId: made.backupId,
      createdBy: input.createdBy,
    },
    kind: scope.kind,
    application: deps.application,
    server: facts.server,
    schemaFingerprint: deps.model.fingerprint,
    types: facts.types,
    tables,
    cycles,
    sequences: made.sequences,
    leftOut: scope.leftOut,
    unknown: { tables: scope.unknown, columns: facts.unknownColumns },
    warnings: [
      ...facts.warnings,
      ...scope.unknown.map((table) => `${qualifiedName(table)} is in the database but not in the schema: it is NOT in this backup.`),
      ...facts.unknownColumns.map((column) => `${qualifiedName(column)}.${column.column} is not in the schema; it was backed up all the same.`),
    ],
    entries: writer.entries,
  };
}

async function addTexts(writer: ArchiveWriter, manifest: Manifest): Promise<void> {
  await writer.addText('README.txt', readmeText(manifest));
  await writer.addText('restore.sql', restoreSql(manifest));
  for (const [index, sql] of schemaSql(manifest).entries()) await writer.addText(`schema/${String(index + 1).padStart(4, '0')}.sql`, sql);
}

/** Reads the stored archive as a stranger would. One that is not what was written is removed: it would be taken for a backup. */
async function readBack(deps: BackupDeps, fileName: string, digest: string, run: Run): Promise<number> {
  const started = deps.now();
  const report = await (async () => {
    await using source = await deps.storage.open(fileName);
    return await verifyArchive(source, run);
  })();
  if (report.ok && report.digest === digest) return deps.now().getTime() - started.getTime();
  await deps.storage.remove(fileName);
  throw new AppError('ARCHIVE_DAMAGED', `The archive read back from ${deps.storage.label} is not what was written: ${report.faults[0]?.message ?? 'another digest'}.`, {
    hint: 'The disk or the network folder gives back other bytes than it was given. Check it; the damaged file was removed.',
    details: { faults: report.faults.slice(0, 10) },
  });
}
