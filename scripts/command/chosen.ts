import { basename, resolve } from 'node:path';
import type { ByteSource } from '../../server/core/bytes.ts';
import { AppError } from '../../server/core/errors.ts';
import { type JsonDocument, openJsonDocument } from '../../server/document/file-kind.ts';
import { refuseOtherJson } from '../../server/document/survey.ts';
import { underHome } from '../../server/process/config.ts';
import { openFile } from '../../server/storage/file-source.ts';
import { decodeSidecar, MAX_SIDECAR_BYTES } from '../../server/storage/sidecar.ts';
import type { Storage } from '../../server/storage/storage.ts';

/** The argument by which commands name the backup they read. */
export const BACKUP_ARGUMENT = {
  value: 'FILE|NAME',
  help: 'the path of an archive or a BackupData document, or the name of one in BACKUP_DIR; that of an archive without .zip, too',
} as const;

/** The argument of a command that reads archives alone. */
export const ARCHIVE_ARGUMENT = {
  value: 'FILE|NAME',
  help: 'the path of an archive, or the name of one in BACKUP_DIR, without .zip, too; no BackupData document',
} as const;

/** A backup named on a command line. */
export interface ChosenBackup extends AsyncDisposable {
  source: ByteSource;
  /** Null for an archive, and for anything else: opening it says what is wrong. */
  document: JsonDocument | null;
  /** For people: its name in the storage, or the path of a file elsewhere. */
  label: string;
  /** Name in the storage, also when it was chosen by its path there; null for a file elsewhere. */
  storedName: string | null;
}

/** Gives the bytes to code that opens and closes archives by name. Whoever chose the backup closes it. */
export function storageOf({ source }: Pick<ChosenBackup, 'source'>): Pick<Storage, 'open'> {
  return {
    open: async () => ({
      size: source.size,
      read: (offset, length, into) => source.read(offset, length, into),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
}

/**
 * Opens FILE|NAME: a path when it holds a slash or is a file here, otherwise a stored backup, adding `.zip` when missing. Throws NOT_FOUND,
 * and ARCHIVE_INVALID for a sidecar or other JSON.
 */
export async function openChosen(
  storage: Storage,
  given: string,
  {
    env,
    signal,
    only,
  }: {
    env: Record<string, string | undefined>;
    signal: AbortSignal;
    /** Archives for a command that reads no documents: a hint then names none. */
    only?: 'archives';
  },
): Promise<ChosenBackup> {
  const { source, label, storedName } = await openSource(storage, underHome(given, env), only);
  try {
    const document = await openJsonDocument(source);
    if (document) {
      await refuseNotes(source, label);
      await refuseOtherJson(document, label, signal);
    }
    return { source, document, label, storedName, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

async function openSource(storage: Storage, word: string, only: 'archives' | undefined) {
  try {
    return { source: await openFile(word), label: word, storedName: nameInStorage(storage, word) };
  } catch (error) {
    if (/[/\\]/.test(word) || !isNotFound(error)) throw error;
  }
  const name = /\.(zip|json|json\.gz)$/.test(word) ? word : `${word}.zip`;
  try {
    return { source: await storage.open(name), label: name, storedName: name };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const meant = only === 'archives' ? undefined : await documentMeant(storage, word);
    const newest = (await storage.list()).slice(0, 3).map((object) => object.name);
    throw new AppError('NOT_FOUND', `There is no backup ${word} in ${storage.label}, and no file of that name here.`, {
      hint: meant
        ? wholeName(meant)
        : newest.length > 0
          ? `The newest there: ${newest.join(', ')}. \`bun run scripts/list.ts\` shows all.`
          : 'No backup is stored there. Set BACKUP_DIR when they are kept elsewhere.',
      cause: error,
    });
  }
}

/**
 * Returns the stored document whose name lacks only its extension. It is never opened unasked: an archive of that name may have been meant.
 */
export async function documentMeant(storage: Storage, word: string): Promise<string | undefined> {
  const names = (await storage.listDocuments()).map(({ name }) => name);
  return [`${word}.json`, `${word}.json.gz`].find((name) => names.includes(name));
}

export function wholeName(document: string): string {
  return `There is a document ${document}: give its whole name when that is meant.`;
}

/** Returns the name a path has in the backup folder, or null. */
function nameInStorage(storage: Storage, path: string): string | null {
  const name = basename(path);
  try {
    return resolve(storage.locate(name)) === resolve(path) ? name : null;
  } catch (error) {
    // A file elsewhere may have a name that no stored backup can have.
    if (error instanceof AppError) return null;
    throw error;
  }
}

async function refuseNotes(source: ByteSource, label: string): Promise<void> {
  if (source.size > MAX_SIDECAR_BYTES || decodeSidecar(await source.read(0, source.size)) === null) return;
  const archive = label.replace(/\.json$/, '');
  throw new AppError('ARCHIVE_INVALID', `${label} is no backup: it holds the notes that lie beside one.`, {
    hint: archive === label ? 'Give the archive they belong to.' : `Give the archive itself: ${archive}`,
  });
}

function isNotFound(error: unknown): boolean {
  return error instanceof AppError && error.code === 'NOT_FOUND';
}
