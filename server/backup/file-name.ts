import { AppError } from '../core/errors.ts';
import { checkNewName } from '../storage/object-name.ts';

/** The format of a file that is given a name: an archive, or a BackupData document. */
export type WrittenFormat = 'archive' | 'document';

/** Endings that say what a file holds; a name may bear several. */
const FORMAT_ENDINGS = /(?:\.(?:zip|age|json|gz|tgz|tar|sql|dump|csv|7z|zst|bz2|xz))+$/i;

/**
 * Returns the file name of an archive: the chosen name, or one made from the UTC time and the id. `again` above 1 is appended, to tell
 * apart archives that would share a name.
 */
export function archiveName(chosen: string | undefined, time: Date, id: string, again = 1): string {
  if (chosen !== undefined) return `${chosen.replace(/\.zip$/i, '')}.zip`;
  const stamp = time
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `backup_${stamp}_${id.replaceAll('-', '').slice(0, 8)}${again > 1 ? `-${again}` : ''}.zip`;
}

/** Returns the file name of a document, for a chosen name or that of an archive: `daily` and `daily.zip` give `daily.json`. */
export function documentName(name: string): string {
  return `${stemOf(name)}.json`;
}

/**
 * Throws NAME_INVALID for a chosen name that no file can have here, or whose ending says another format than is written. `otherwise` says
 * how the other format is had.
 */
export function checkChosenName(chosen: string, format: WrittenFormat, otherwise: string): void {
  checkNewName(chosen);
  const ending = FORMAT_ENDINGS.exec(chosen)?.[0] ?? '';
  // A document called x.zip.json would take the place of an archive's notes.
  const fits = ending === '' || (format === 'archive' ? /\.zip$/i.test(ending) : /^\.json$/i.test(ending));
  if (fits) return;
  const stem = stemOf(chosen);
  const suggested = format === 'archive' ? `${stem}.zip` : `${stem}.json`;
  const what = format === 'archive' ? 'an archive (.zip)' : 'a BackupData document (.json)';
  throw new AppError('NAME_INVALID', `${chosen} ends in ${ending}, and ${what} is to be made.`, {
    hint: `${isPossible(suggested) ? `Call it ${stem}, which makes ${suggested}` : 'Leave the name out, and one is made'}; ${otherwise}`,
  });
}

function stemOf(name: string): string {
  return name.replace(FORMAT_ENDINGS, '');
}

function isPossible(name: string): boolean {
  try {
    checkNewName(name);
    return true;
  } catch {
    return false;
  }
}
