import { openArchive } from '../../archive/reader.ts';
import { AppError, ERROR_FAMILIES } from '../../core/errors.ts';
import { isUuid } from '../../core/uuid.ts';
import type { Storage, StoredObject } from '../../storage/storage.ts';

export interface FoundBackup extends StoredObject {
  /** Null for an archive that cannot be opened: it has no id to ask by. */
  backupId: string | null;
  digest: string | null;
}

/**
 * Returns the file with this backup id, from a cached list. Throws NOT_FOUND, and INPUT_INVALID when several files have
 * it.
 */
export type NameOfBackup = (id: string, signal: AbortSignal) => Promise<string>;

/**
 * Finds the stored backup with this file name or backup id. Throws NOT_FOUND, and INPUT_INVALID for an id that several
 * archives have: an uploaded archive states its own id.
 */
export async function findBackup(
  storage: Storage,
  nameOrId: string,
  nameOf: NameOfBackup,
  signal: AbortSignal,
): Promise<FoundBackup> {
  const objects = await storage.list();
  const named = (name: string) => objects.find((object) => object.name === name);
  const found = named(nameOrId) ?? (isUuid(nameOrId) ? named(await nameOf(nameOrId, signal)) : undefined);
  if (found) return await describe(storage, found, signal);
  throw new AppError('NOT_FOUND', 'There is no backup of this name or id.', {
    hint: 'List the backups to see their names and ids.',
  });
}

async function describe(storage: Storage, object: StoredObject, signal: AbortSignal): Promise<FoundBackup> {
  try {
    await using source = await storage.open(object.name);
    const { manifest, digest } = await openArchive(source, { signal });
    return { ...object, backupId: manifest.metadata.backupId.toLowerCase(), digest };
  } catch (error) {
    // A system failure is thrown and not described: it may be temporary, and its message helps to repair it.
    if (!(error instanceof AppError) || error.code === 'CANCELLED' || ERROR_FAMILIES[error.code] === 'system')
      throw error;
    return { ...object, backupId: null, digest: null };
  }
}
