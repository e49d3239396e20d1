import { AppError } from '../core/errors.ts';

/**
 * Returns the file name of an archive: the chosen name, or one made from the UTC time and the id. `again` above 1 is appended, to tell
 * apart archives that would share a name.
 */
export function archiveName(chosen: string | undefined, time: Date, id: string, again = 1): string {
  if (chosen !== undefined) return chosen.endsWith('.zip') ? chosen : `${chosen}.zip`;
  const stamp = time
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `backup_${stamp}_${id.replaceAll('-', '').slice(0, 8)}${again > 1 ? `-${again}` : ''}.zip`;
}

const OF_A_DOCUMENT = /\.json(\.gz)?$/i;

/**
 * Throws NAME_INVALID when a name chosen for an archive is that of a BackupData document. `instead` says what to do
 * where a document is wanted.
 */
export function checkArchiveName(chosen: string, instead: string): void {
  if (!OF_A_DOCUMENT.test(chosen)) return;
  const plain = chosen.replace(OF_A_DOCUMENT, '');
  throw new AppError('NAME_INVALID', `${chosen} is the name of a BackupData document, and an archive is to be made.`, {
    hint: `${plain === '' ? 'Choose a name that ends otherwise' : `Call it ${plain}, which makes ${plain}.zip`}; ${instead}`,
  });
}
