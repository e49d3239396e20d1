import { type ObjectName, qualifiedName } from '../../db/model/model.ts';
import { pickTables } from '../../db/model/pick.ts';
import { lossesOf } from '../archive/manifest/losses.ts';
import type { Manifest, ManifestTable } from '../archive/manifest/manifest.ts';
import { type Archive, checkContainer, openArchive } from '../archive/reader.ts';
import type { ByteSource } from '../core/bytes.ts';
import { AppError } from '../core/errors.ts';

/**
 * Opens an archive and chooses its tables. Checks everything of the file but the chunks of those tables, which are checked when they are
 * staged. Throws what `openArchive`, `chooseTables` and `checkContainer` throw.
 */
export async function openChosen(
  source: ByteSource,
  wanted: string[] | undefined,
  signal: AbortSignal,
): Promise<{ archive: Archive; chosen: ManifestTable[] }> {
  const archive = await openArchive(source, { signal });
  const chosen = chooseTables(archive.manifest, wanted);
  const toStage = new Set(chosen.flatMap((table) => archive.chunks(table)));
  await checkContainer(archive, (entry) => toStage.has(entry));
  return { archive, chosen };
}

/**
 * Returns the tables to restore, as people name them; all of the archive when none is named. Throws UNKNOWN_TABLE, with the reason where
 * the archive gives one.
 */
export function chooseTables(manifest: Manifest, wanted: string[] | undefined): ManifestTable[] {
  if (wanted === undefined) return manifest.tables;
  try {
    return pickTables(manifest.tables, wanted, 'The backup');
  } catch (error) {
    throw wanted.map((name) => whyAbsent(manifest, name)).find((known) => known !== null) ?? error;
  }
}

/** Returns an error with the archive's reason for having no rows of a table; null for a table that it holds or does not know. */
function whyAbsent(manifest: Manifest, wanted: string): AppError | null {
  const isWanted = (table: ObjectName & { key?: string }) =>
    qualifiedName(table) === wanted || table.name === wanted || table.key === wanted;
  if (manifest.tables.some(isWanted)) return null;
  const rowless = (manifest.withoutRows ?? []).find(isWanted);
  if (rowless)
    return absent(
      `The backup holds the definition of ${qualifiedName(rowless)} without its rows: they were left out on purpose (${rowless.reason}).`,
      rowless,
    );
  const out = [...manifest.leftOut, ...lossesOf(manifest)].find(isWanted);
  return out ? absent(`${qualifiedName(out)} is not in the backup: ${out.reason}.`, out) : null;
}

function absent(message: string, table: ObjectName & { reason: string }): AppError {
  return new AppError('UNKNOWN_TABLE', message, {
    hint: 'Leave it out of --tables: a restore lets its rows be as they are. Another backup may hold them.',
    details: { table: qualifiedName(table), reason: table.reason },
  });
}
