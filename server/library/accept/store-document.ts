import { openArchive } from '../../archive/reader.ts';
import { throwIfCancelled } from '../../core/errors.ts';
import { sha256OfSource } from '../../core/pieces.ts';
import { exportJson, exportWarnings } from '../../document/export.ts';
import { readBack } from '../../storage/read-back.ts';
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
  await readBack(target, fileName, 'STORAGE_UNAVAILABLE', async (stored) => {
    const found = await sha256OfSource(stored, { what: 'Reading the document back', signal });
    return found === digest ? null : { what: 'its SHA-256 differs' };
  });
  return { fileName, filePath: target.locate(fileName), size, digest, warnings };
}
