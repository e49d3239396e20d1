import { copyEncoding } from '../../db/connect/copy-encoding.ts';
import type { Session } from '../../db/connect/session.ts';
import { openWorkingSession, type WorkingSession } from '../../db/connect/working-session.ts';
import { type SchemaModel, shortName } from '../../db/model/model.ts';
import {
  type BackupOutcome,
  type Loss,
  leftOutOf,
  lossesOf,
  lossText,
  lossView,
  outcomeOf,
} from '../archive/manifest/losses.ts';
import type { Manifest } from '../archive/manifest/manifest.ts';
import { readmeText, restoreSql } from '../archive/recovery/recovery.ts';
import { schemaSql } from '../archive/recovery/schema-sql.ts';
import { type ArchiveWriter, createArchiveWriter } from '../archive/writer.ts';
import { throwIfCancelled } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import { refuseAlteredTypes } from '../postgres/catalog/altered-types.ts';
import { explainCatalogText } from '../postgres/catalog/catalog-text.ts';
import { countExtensionRows, readInventory } from '../postgres/catalog/inventory.ts';
import { readSequences } from '../postgres/catalog/sequences.ts';
import { planParts } from '../postgres/copy-parts.ts';
import { sessionsFor } from '../postgres/sessions-for.ts';
import { openSnapshot } from '../postgres/snapshot.ts';
import { writeFirstSidecar } from '../storage/first-sidecar.ts';
import { readBack } from '../storage/read-back.ts';
import type { Storage } from '../storage/storage.ts';
import { affordableConnections } from './checks/affordable.ts';
import { refuseHiddenRows } from './checks/hidden-rows.ts';
import { archiveBytes, refuseFullDisk } from './checks/space.ts';
import { copyParts } from './copy.ts';
import { type BackupCoverage, chooseCoverage } from './coverage.ts';
import { describeBackup } from './describe.ts';
import type { Exclusion } from './exclusions.ts';
import { readFacts } from './facts.ts';
import { archiveName } from './file-name.ts';
import { verifyArchive } from './verify.ts';

export interface BackupDeps {
  databaseUrl: string;
  storage: Storage;
  model: SchemaModel;
  now: () => Date;
  /** Returns a fresh UUID. */
  newId: () => string;
  application: { name: string; version: string };
  /** Milliseconds to wait for a locked table before giving up. */
  lockGiveUpMs: number;
  /** Exclusions made on purpose; none when absent. */
  exclusions?: readonly Exclusion[];
  /** Bytes to copy that make one more connection worth opening; see `sessionsFor`. */
  bytesPerSession?: number;
}

export interface BackupInput {
  /** Keys, names or `schema.name`; every protected table when absent. */
  tables?: string[];
  compression: 'deflate' | 'zstd';
  level?: number;
  /** Connections that copy at once. Fewer are used when the server has fewer, or when there is little to copy. */
  jobs: number;
  /** Refuses the backup when it would leave something out, or when the database has columns the schema does not know. */
  strict: boolean;
  /** Reads the stored archive back before calling it good. */
  verify: boolean;
  /** File name without `.zip`; made from time and id when absent. */
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
  /** Rows per table, by `schema.name`; the schema is omitted when it is `public`. */
  tables: Record<string, number>;
  digest: string;
  verified: boolean;
  /** Milliseconds until the archive had its final name. */
  durationMs: number;
  verifyMs: number | null;
  /** `partial` when the database holds something that is neither in the archive nor left out on purpose. */
  outcome: BackupOutcome;
  /** Everything missing without a decision; it makes the outcome `partial`. */
  losses: Loss[];
  /** Warnings; one sentence for each of the losses comes first, in their order. */
  warnings: string[];
  /** The warnings that somebody must act on: losses, obstacles to a restore, and notes that could not be written. */
  wrong: string[];
  /** Objects that are not in the schema. Columns and sequences are in the backup all the same. */
  unknown: { tables: string[]; columns: string[]; sequences: string[] };
  leftOut: { table: string; reason: string }[];
}

export interface Run {
  signal: AbortSignal;
  onProgress: OnProgress;
}

/**
 * Stores an archive of one moment of the database, and never writes to the database. Nothing appears under the archive's name before it
 * is complete and durable. A failure leaves nothing behind, also one while the stored bytes are read back.
 *
 * Call it inside an operation (`jobs/operations.ts`), which holds the gate and keeps the record.
 */
export async function createBackup(deps: BackupDeps, input: BackupInput, run: Run): Promise<BackupResult> {
  try {
    return await makeBackup(deps, input, run);
  } catch (error) {
    throw await explainCatalogText(error, deps.databaseUrl, {
      code: 'UNKNOWN_OBJECTS',
      end: 'No backup was made.',
      signal: run.signal,
    });
  }
}

async function makeBackup(deps: BackupDeps, input: BackupInput, run: Run): Promise<BackupResult> {
  const started = deps.now();
  const backupId = deps.newId();
  const fileName = archiveName(input.name, started, backupId);
  run.onProgress({ stage: 'prepare', rows: 0, bytes: 0, totalBytes: 0 });

  const sessions = {
    applicationName: `palace-backup backup ${backupId}`,
    signal: run.signal,
    lockTimeoutMs: deps.lockGiveUpMs,
  };
  await using session = await openWorkingSession(deps.databaseUrl, sessions);
  const { chosen, coverageIn, connections } = await readCoverage(session, deps, input);
  await using snapshot = await openSnapshot(session, deps.databaseUrl, chosen.tables, sessions);
  // Read again under the snapshot: what was created meanwhile is named as missing, as only locked tables are copied.
  const coverage = { ...(await coverageIn(snapshot.leader)), tables: chosen.tables };
  const facts = await readFacts(snapshot, coverage, deps.model, {
    strict: input.strict,
    explain: (error) =>
      explainCatalogText(error, deps.databaseUrl, {
        code: 'RESTORE_REFUSED',
        end: 'A restore into this database would be refused.',
        signal: run.signal,
      }),
  });
  await refuseFullDisk(deps.storage, archiveBytes(facts.heapBytes), {
    what: 'this backup needs at least about',
    hint: 'Free space there, or choose another folder with BACKUP_DIR or --output.',
  });

  await using object = await deps.storage.create(fileName);
  const writer = createArchiveWriter({
    sink: object,
    compression: { method: input.compression, ...(input.level !== undefined && { level: input.level }) },
    time: started,
    signal: run.signal,
  });
  const { encoding } = facts.server;
  await copyParts(planParts(facts.tables, copyEncoding(encoding, encoding)), snapshot, writer, {
    connections: sessionsFor(facts.heapBytes, connections, deps.bytesPerSession),
    signal: run.signal,
    onProgress: run.onProgress,
  });
  const sequences = await readSequences(
    snapshot.leader,
    facts.tables.map((table) => table.oid),
    coverage.sequences,
  );
  // Checked outside the snapshot, inside which a changed type looks unchanged; values are written by the types as they are now.
  await refuseAlteredTypes(
    await snapshot.release(),
    facts.types,
    { oids: facts.oids, otherTypes: facts.prerequisites.typeOids },
    'While the rows were copied',
  );
  await snapshot[Symbol.asyncDispose]();

  run.onProgress({ stage: 'finish', rows: 0, bytes: 0, totalBytes: 0 });
  const manifest = describeBackup(deps, input, {
    backupId,
    started,
    coverage,
    facts,
    sequences,
    entries: writer.entries,
  });
  await addTexts(writer, manifest);
  const { digest, size } = await writer.finish({ ...manifest, entries: writer.entries });
  throwIfCancelled(run.signal, 'The backup');
  await object.commit();
  const durationMs = deps.now().getTime() - started.getTime();

  const verifyMs = input.verify ? await verifyStored(deps, fileName, digest, 'ARCHIVE_DAMAGED', run) : null;
  const losses = lossesOf(manifest);
  const lost = losses.map(lossText);
  const unnoted = await writeFirstSidecar(deps.storage, fileName, {
    digest,
    kind: manifest.kind,
    lastVerified: verifyMs === null ? null : deps.now(),
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
    outcome: outcomeOf(manifest),
    losses: losses.map(lossView),
    warnings: [...lost, ...manifest.warnings, ...unnoted],
    wrong: [...lost, ...facts.stops, ...unnoted],
    unknown: {
      tables: manifest.unknown.tables.map(shortName),
      sequences: (manifest.unknown.sequences ?? []).map(shortName),
      columns: manifest.unknown.columns.map((column) => `${shortName(column)}.${column.column}`),
    },
    leftOut: leftOutOf(manifest),
  };
}

/** Reads no definitions: that would wait without limit for whoever has locked the table. */
async function readCoverage(session: WorkingSession, deps: BackupDeps, input: BackupInput) {
  const inventory = await readInventory(session);
  const known = { exclusions: deps.exclusions ?? [], extensionRows: await countExtensionRows(session, inventory) };
  const chosen = chooseCoverage(deps.model, { ...known, inventory }, input.tables);
  // Rights and row-level security are checked before locking, because a failed lock does not say what to grant.
  await refuseHiddenRows(session, chosen.tables);
  const coverageIn = async (leader: Session): Promise<BackupCoverage> =>
    chooseCoverage(deps.model, { ...known, inventory: await readInventory(leader) }, input.tables);
  return { chosen, coverageIn, connections: await affordableConnections(session, chosen.tables, input.jobs) };
}

/** Adds the texts that let a person restore the archive by hand. */
export async function addTexts(writer: ArchiveWriter, manifest: Manifest): Promise<void> {
  await writer.addText('README.txt', readmeText(manifest));
  await writer.addText('restore.sql', restoreSql(manifest));
  for (const [index, sql] of schemaSql(manifest).entries())
    await writer.addText(`schema/${String(index + 1).padStart(4, '0')}.sql`, sql);
}

/**
 * Verifies the stored archive as an independent reader would, and returns how long that took, in milliseconds. Removes the archive and
 * throws `code` when it differs from what was written.
 */
export async function verifyStored(
  deps: Pick<BackupDeps, 'storage' | 'now'>,
  fileName: string,
  digest: string,
  code: 'ARCHIVE_DAMAGED' | 'STORAGE_UNAVAILABLE',
  run: Run,
): Promise<number> {
  const started = deps.now();
  await readBack(deps.storage, fileName, code, async (source) => {
    const report = await verifyArchive(source, run);
    if (report.ok && report.digest === digest) return null;
    const [fault] = report.faults;
    return {
      what: fault ? fault.message.replace(/\.$/, '') : 'it has another digest',
      details: { faults: report.faults.slice(0, 10) },
    };
  });
  return deps.now().getTime() - started.getTime();
}
