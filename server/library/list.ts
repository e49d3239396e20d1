import { shortName } from '../../db/model/model.ts';
import { type BackupOutcome, lossesOf } from '../archive/manifest/losses.ts';
import { type Origin, originOf } from '../archive/manifest/origin.ts';
import { openArchive } from '../archive/reader.ts';
import { forEachConcurrent } from '../core/concurrent-map.ts';
import { AppError, ERROR_FAMILIES, redacted } from '../core/errors.ts';
import type { Sidecar, Storage, StoredObject } from '../storage/storage.ts';

/** A stored archive as lists show it: the object, facts of its manifest, and its sidecar. */
export interface StoredBackup {
  name: string;
  size: number;
  createdAt: string;
  modifiedAt: string;
  filePath: string;
  /**
   * Null when the archive cannot be opened; `damaged` then says why. An archive that opens but was found damaged inside
   * has `damaged` too, with the time.
   */
  manifest: {
    backupId: string;
    /** Version of the program that made it, as in the user's BackupData. */
    version: string;
    /** Address of the database it was made from, without user, password and parameters. */
    databaseUrl: string;
    /** Database it was made from. */
    from: Origin;
    /** The moment whose data the backup holds, in ISO form. */
    timestamp: string;
    createdBy: string;
    kind: string;
    digest: string;
    rows: number;
    /** Rows per table, named as in a backup's result. */
    tables: Record<string, number>;
    warnings: number;
    /** Number of things known to be missing. */
    losses: number;
  } | null;
  damaged: { code: string; message: string; foundAt: string | null } | null;
  /** True when it was uploaded: everything its manifest says of its origin is then only the sender's claim. */
  uploaded: boolean;
  pinned: boolean;
  note: string | null;
  lastVerified: string | null;
  lastProved: string | null;
}

/** Returns the outcome of a stored backup. */
export function storedOutcome({ losses }: Pick<NonNullable<StoredBackup['manifest']>, 'losses'>): BackupOutcome {
  return losses > 0 ? 'partial' : 'success';
}

/** Objects read at once: enough to hide the latency of a bucket. */
export const CONCURRENT_READS = 8;

/**
 * Returns everything stored, newest first. Reads only the end of each archive, never rows, and lists one that cannot be
 * opened with its fault. Throws only when the storage itself fails.
 */
export async function listBackups(storage: Storage, signal: AbortSignal): Promise<StoredBackup[]> {
  const objects = await storage.list();
  const backups: StoredBackup[] = new Array(objects.length);
  await forEachConcurrent(CONCURRENT_READS, objects, async (object, index) => {
    signal.throwIfAborted();
    backups[index] = await readStored(storage, object, signal);
  });
  return backups;
}

/** Returns one stored archive as lists show it. Throws only when the storage itself fails. */
export async function readStored(storage: Storage, object: StoredObject, signal: AbortSignal): Promise<StoredBackup> {
  const facts = {
    name: object.name,
    size: object.size,
    createdAt: object.createdAt.toISOString(),
    modifiedAt: object.modifiedAt.toISOString(),
    filePath: storage.locate(object.name),
    ...(await readNotes(storage, object.name)),
  };
  try {
    await using source = await storage.open(object.name);
    const { manifest, digest } = await openArchive(source, { signal });
    return {
      ...facts,
      manifest: {
        backupId: manifest.metadata.backupId,
        version: manifest.metadata.version,
        databaseUrl: manifest.metadata.databaseUrl,
        from: originOf(manifest),
        timestamp: manifest.metadata.timestamp,
        createdBy: manifest.metadata.createdBy,
        kind: manifest.kind,
        digest,
        rows: manifest.metadata.totalRecords,
        tables: Object.fromEntries(manifest.tables.map((table) => [shortName(table), table.rows])),
        warnings: manifest.warnings.length,
        losses: lossesOf(manifest).length,
      },
    };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELLED') throw error;
    return {
      ...facts,
      manifest: null,
      damaged: { code: error.code, message: wordsOf(error), foundAt: null },
    };
  }
}

/**
 * Returns the facts in an archive's sidecar. A sidecar that cannot be read is reported for this archive alone, so that
 * a list still shows the others.
 */
export async function readNotes(storage: Pick<Storage, 'readSidecar'>, name: string) {
  try {
    return sidecarFacts(await storage.readSidecar(name));
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELLED') throw error;
    return { ...sidecarFacts(null), damaged: { code: error.code, message: wordsOf(error), foundAt: null } };
  }
}

function sidecarFacts(sidecar: Sidecar | null) {
  const damage = sidecar?.foundDamaged;
  return {
    uploaded: sidecar?.kind === 'uploaded',
    pinned: sidecar?.pinned ?? false,
    note: sidecar?.note ?? null,
    lastVerified: sidecar?.lastVerified ?? null,
    lastProved: sidecar?.lastProved ?? null,
    damaged: damage ? { code: damage.code, message: damage.message, foundAt: damage.at } : null,
  };
}

/**
 * Returns the message of the fault, and also the hint when the archive is merely unreadable, because that can be
 * repaired.
 */
function wordsOf(error: AppError): string {
  const { message, hint = '' } = redacted(error);
  return ERROR_FAMILIES[error.code] === 'system' ? `${message} ${hint}`.trimEnd() : message;
}
