import { Database } from 'bun:sqlite';

/** A lock on a file, held by this process until it is released or the process ends, however it ends. */
export interface FileLock extends Disposable {
  release(): void;
}

/**
 * Takes a lock on a file at once, or returns null when another holder is in the way: `exclusive` admits no other, `shared` admits `shared`.
 * The operating system drops it when the process dies, `kill -9` included, so no lock goes stale. Throws SQLITE_CANTOPEN when the file
 * cannot be created; the file itself stays, empty.
 */
export function tryFileLock(path: string, mode: 'shared' | 'exclusive'): FileLock | null {
  const database = new Database(path, { create: true });
  try {
    database.run('PRAGMA busy_timeout = 0');
    if (mode === 'exclusive') database.run('BEGIN EXCLUSIVE');
    else {
      // A deferred transaction locks nothing before its first read.
      database.run('BEGIN');
      database.query('SELECT count(*) FROM sqlite_master').get();
    }
  } catch (error) {
    database.close();
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return null;
    throw error;
  }
  const release = () => database.close();
  return { release, [Symbol.dispose]: release };
}

/** Waits for the lock, trying every 20 ms. Returns null when it was not free within `timeoutMs`. */
export async function waitForFileLock(
  path: string,
  mode: 'shared' | 'exclusive',
  timeoutMs: number,
): Promise<FileLock | null> {
  for (let left = timeoutMs; ; left -= 20) {
    const lock = tryFileLock(path, mode);
    if (lock || left <= 0) return lock;
    await Bun.sleep(20);
  }
}
