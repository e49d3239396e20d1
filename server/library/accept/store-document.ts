import { openArchive } from '../../archive/reader.ts';
import { throwIfCancelled } from '../../core/errors.ts';
import { sha256OfSource } from '../../core/pieces.ts';
import { exportJson, exportWarnings } from '../../document/export.ts';
import { readBack } from '../../storage/read-back.ts';
import type { Storage } from '../../storage/storage.ts';

/** A stored document. */
export interface StoredJson {
  fileName: string;
  filePath: string;
  size: number;
  /** SHA-256 of the document. */
  digest: string;
  /** Contents that the archive lacks or the document cannot express. */
  warnings: string[];
}

/**
 * Exports a stored archive as a BackupData document into `target`; it gets its name once complete and on disk, and is
 * read back. Removes a document that differs from what was written and rejects with STORAGE_UNAVAILABLE. Rejects with
 * ALREADY_EXISTS when the name is taken.
 */
export async function storeJson(
  from: Pick<Storage, 'open'>,
  target: Storage,
  names: { archive: string; document: string },
  signal: AbortSignal,
): Promise<StoredJson> {
  const fileName = names.document;
  await using source = await from.open(names.archive);
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
