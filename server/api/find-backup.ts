import { openArchive } from '../archive/reader.ts';
import { AppError } from '../errors.ts';
import type { Storage, StoredObject } from '../storage/storage.ts';

export interface FoundBackup extends StoredObject {
  /** Null for an archive that cannot be opened: it has no id anybody could ask for. */
  backupId: string | null;
  digest: string | null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The stored backup of this file name or backup id. Of archives only the end is read, of those whose names bear the id first.
 * Rejects with NOT_FOUND.
 */
export async function findBackup(storage: Storage, nameOrId: string, signal: AbortSignal): Promise<FoundBackup> {
  const objects = await storage.list();
  const named = objects.find((object) => object.name === nameOrId);
  if (named) return await describe(storage, named, signal);
  if (UUID.test(nameOrId)) {
    const id = nameOrId.toLowerCase();
    const bearsId = (object: StoredObject) => (object.name.includes(id.slice(0, 8)) ? 0 : 1);
    for (const object of objects.sort((a, b) => bearsId(a) - bearsId(b))) {
      signal.throwIfAborted();
      const found = await describe(storage, object, signal);
      if (found.backupId === id) return found;
    }
  }
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
    if (!(error instanceof AppError) || error.code === 'CANCELLED') throw error;
    return { ...object, backupId: null, digest: null };
  }
}
