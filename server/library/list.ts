import { shortName } from '../../db/model/model.ts';
import { type BackupOutcome, lossesOf } from '../archive/manifest/losses.ts';
import { type Origin, originOf } from '../archive/manifest/origin.ts';
import { openArchive } from '../archive/reader.ts';
import { forEachConcurrent } from '../core/concurrent-map.ts';
import { AppError, ERROR_FAMILIES, saidOutside } from '../core/errors.ts';
import type { Sidecar, Storage, StoredObject } from '../storage/storage.ts';

/** A stored archive as lists show it: the object, what its manifest says, what its sidecar adds. */
export interface StoredBackup {
  name: string;
  size: number;
  createdAt: string;
  modifiedAt: string;
  filePath: string;
  /** Null when the archive cannot be opened; `damaged` then says why. It is there, too, of what opens and was found damaged inside, with the moment. */
  manifest: {
    backupId: string;
    /** Of the program that made it, as the user's BackupData has it. */
    version: string;
    /** Where it was made, without user, password and parameters. */
    databaseUrl: string;
    /** The database it was made of. */
    from: Origin;
    /** The moment the backup shows, ISO. */
    timestamp: string;
    createdBy: string;
    kind: string;
    digest: string;
    rows: number;
    /** Rows per table, as a backup's result names them. */
    tables: Record<string, number>;
    warnings: number;
    /** What it knows not to hold. */
    losses: number;
  } | null;
  damaged: { code: string; message: string; foundAt: string | null } | null;
  /** It came from outside: what its manifest says of its making is its sender's word. */
  uploaded: boolean;
  pinned: boolean;
  note: string | null;
  lastVerified: string | null;
  lastProved: string | null;
}

/** What became of a backup that is stored. */
export function storedOutcome({ losses }: Pick<NonNullable<StoredBackup['manifest']>, 'losses'>): BackupOutcome {
  return losses > 0 ? 'partial' : 'success';
}

/** Archives opened at once: enough to hide the latency of a bucket. */
export const AT_ONCE = 8;

/**
 * Everything stored, newest first. Of each archive only the end is read, never its rows; one that cannot be opened is listed and
 * says so. Throws only when the storage itself fails.
 */
export async function listBackups(storage: Storage, signal: AbortSignal): Promise<StoredBackup[]> {
  const objects = await storage.list();
  const backups: StoredBackup[] = new Array(objects.length);
  await forEachConcurrent(AT_ONCE, objects, async (object, index) => {
    signal.throwIfAborted();
    backups[index] = await readStored(storage, object, signal);
  });
  return backups;
}

/** One stored archive as lists show it. Throws only when the storage itself fails. */
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

/** What the notes beside an archive add to it. That they cannot be read is told of this archive alone: a list shows the others all the same. */
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

/** What is damaged says what; what may not be read says what to do, too, because it can be mended. */
function wordsOf(error: AppError): string {
  const { message, hint = '' } = saidOutside(error);
  return ERROR_FAMILIES[error.code] === 'system' ? `${message} ${hint}`.trimEnd() : message;
}
