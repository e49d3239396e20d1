import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, folderRedactions } from '../../core/errors.ts';
import { systemCode } from '../failures.ts';
import { exists, ignoreMissing, syncFolder } from './folder.ts';

/**
 * Marker file, made with the first object and never removed. It is neither archive nor document, so no list shows it.
 */
export const MARKER = '.palace-backup';

/** Wording for the folder towards people who are not at this machine. */
export const FOLDER_WORDS = 'the folder of the backups';

const TEXT = 'Palace Backup knows its folder again by this file. Without it, it takes the folder for lost.\n';

/** Returns names of files stored in this folder earlier, as another record (the database) has them. */
export type FolderMemory = (folder: string) => Promise<readonly string[]>;

/**
 * Detects that the folder of the backups is missing: its volume is not mounted, or it was removed. A marker is expected
 * when it was seen before, or when `FolderMemory` names files stored here.
 */
export class FolderMarker {
  private readonly folder: string;
  private readonly path: string;
  private readonly known: FolderMemory;
  private wasSeen = false;

  constructor(folder: string, known: FolderMemory) {
    this.folder = folder;
    this.path = join(folder, MARKER);
    this.known = known;
  }

  /**
   * Rejects with STORAGE_LOST when the expected marker is missing. A folder older than markers is recognised by a file
   * in it.
   */
  async demand(): Promise<void> {
    if (await exists(this.path)) {
      this.wasSeen = true;
      return;
    }
    if (!this.wasSeen) {
      // A record that cannot be read counts as empty: making a backup needs the same database anyway.
      const names = await this.known(this.folder).catch(() => []);
      if (names.length === 0) return;
      const here = new Set((await readdir(this.folder).catch(ignoreMissing)) ?? []);
      if (names.some((name) => here.has(name))) return;
    }
    throw folderLost(this.folder, this.path);
  }

  /** Makes the marker durably, unless it exists. */
  async make(): Promise<void> {
    if (this.wasSeen && (await exists(this.path))) return;
    const handle = await open(this.path, 'wx', 0o600).catch((error: unknown) => {
      if (systemCode(error) !== 'EEXIST') throw error;
      return null;
    });
    if (handle) {
      try {
        await handle.writeFile(TEXT);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await syncFolder(this.folder);
    }
    this.wasSeen = true;
  }
}

function folderLost(folder: string, marker: string): AppError {
  return new AppError(
    'STORAGE_LOST',
    `The backups in ${folder} are gone: the folder is not the one they were stored in.`,
    {
      hint: `Mount its volume again, or bring the folder back. If an empty folder is meant, say so with: mkdir -p ${quoted(folder)} && touch ${quoted(marker)}`,
      redactions: {
        ...folderRedactions(folder, FOLDER_WORDS),
        [quoted(folder)]: '"$BACKUP_DIR"',
        [quoted(marker)]: `"$BACKUP_DIR/${MARKER}"`,
      },
    },
  );
}

/** Quotes a path for a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
