import { openArchive } from '../../archive/reader.ts';
import { AppError, throwIfCancelled } from '../../core/errors.ts';
import { exportJson, exportWarnings } from '../../document/export.ts';
import type { Storage } from '../../storage/storage.ts';

/** Where a document lies. */
export interface StoredJson {
  fileName: string;
  filePath: string;
  size: number;
  /** SHA-256 of the document. */
  digest: string;
  /** What the archive lacks, and what the document cannot tell of it. */
  warnings: string[];
}

const READ_BYTES = 1024 * 1024;

/** The document's name beside an archive's: `daily` and `daily.zip` give `daily.json`. */
export function jsonNameFor(name: string): string {
  return `${name.replace(/(\.json)?(\.zip)?$/, '')}.json`;
}

/**
 * Exports a stored archive as a BackupData document into `target`. It appears under its name when it is complete and on disk, and is read
 * back; one that is not what was written is removed and rejects with STORAGE_UNAVAILABLE. Rejects with ALREADY_EXISTS when the name is taken.
 */
export async function storeJson(
  from: Pick<Storage, 'open'>,
  target: Storage,
  archiveName: string,
  signal: AbortSignal,
): Promise<StoredJson> {
  const fileName = jsonNameFor(archiveName);
  await using source = await from.open(archiveName);
  const archive = await openArchive(source, { signal });
  await using object = await target.create(fileName);
  const hash = new Bun.CryptoHasher('sha256');
  let size = 0;
  const warnings = await exportWarnings(archive, signal);
  for await (const piece of exportJson(archive, signal, warnings)) {
    hash.update(piece);
    size += piece.length;
    await object.write(piece);
  }
  throwIfCancelled(signal, 'The export');
  await object.commit();
  const digest = hash.digest('hex');
  await readBack(target, fileName, digest, signal);
  return { fileName, filePath: target.locate(fileName), size, digest, warnings };
}

async function readBack(storage: Storage, name: string, digest: string, signal: AbortSignal): Promise<void> {
  const found = await (async () => {
    await using source = await storage.open(name);
    const hash = new Bun.CryptoHasher('sha256');
    const buffer = new Uint8Array(Math.min(READ_BYTES, source.size));
    for (let at = 0; at < source.size; at += READ_BYTES) {
      throwIfCancelled(signal, 'Reading the document back');
      hash.update(await source.read(at, Math.min(READ_BYTES, source.size - at), buffer));
    }
    return hash.digest('hex');
  })().catch(async (error: unknown) => {
    await storage.remove(name).catch(() => undefined);
    throw error;
  });
  if (found === digest) return;
  await storage.remove(name);
  throw new AppError('STORAGE_UNAVAILABLE', `The document read back from ${storage.label} is not what was written.`, {
    hint: 'The disk or the network folder gives back other bytes than it was given. Check it; the damaged file was removed.',
    places: storage.places,
  });
}
