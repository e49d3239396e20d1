import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tryFileLock } from '../../db/embedded/file-lock.ts';
import { AppError } from '../../server/core/errors.ts';

/** The single `bun start` of a folder. */
export interface FolderLock extends AsyncDisposable {
  /** Records the server's address, for whoever starts another one here. */
  writeAddress(url: string): Promise<void>;
}

/** Returns the address of the folder's `bun start`; null when none runs there, or it does not answer yet. */
export async function startedAt(dataDir: string): Promise<string | null> {
  if (!existsSync(noteOf(dataDir))) return null;
  const lock = tryFileLock(lockOf(dataDir), 'shared');
  lock?.release();
  // A killed process leaves its note behind.
  return lock === null ? (await readFile(noteOf(dataDir), 'utf8').catch(() => '')) || null : null;
}

function noteOf(dataDir: string): string {
  return join(dataDir, 'start.address');
}

function lockOf(dataDir: string): string {
  return join(dataDir, 'start.lock');
}

/**
 * Takes the folder for this `bun start` until it ends, however it ends. Throws OPERATION_IN_PROGRESS with the address of the one that holds
 * it.
 */
export async function lockFolder(dataDir: string): Promise<FolderLock> {
  await mkdir(dataDir, { recursive: true });
  const note = noteOf(dataDir);
  const lock = tryFileLock(lockOf(dataDir), 'exclusive');
  if (lock === null) {
    const url = await readFile(note, 'utf8').catch(() => '');
    throw new AppError(
      'OPERATION_IN_PROGRESS',
      url === ''
        ? 'Another `bun start` is starting in this folder.'
        : `Palace Backup runs in this folder already, at ${url}`,
      { hint: 'Use that one, or stop it first: Ctrl-C where it was started.' },
    );
  }
  // A killed process leaves its note behind.
  await rm(note, { force: true });
  return {
    writeAddress: (url) => writeFile(note, url),
    async [Symbol.asyncDispose]() {
      await rm(note, { force: true });
      lock.release();
    },
  };
}
