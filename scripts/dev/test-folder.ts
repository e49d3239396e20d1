import { createHash } from 'node:crypto';
import { chmod, mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

const SHARED_MEMORY = '/dev/shm';
/** The type of a tmpfs in statfs(2) and linux/magic.h. */
const TMPFS = 0x01021994;
/** Bytes: more than a whole run has at once, with some to spare. */
const LEAST_FREE_BYTES = 8 * 2 ** 30;

/**
 * Returns a folder in memory for the servers and files of this checkout's tests, or null when the machine has no space for it. A disk takes
 * several times as long to create and drop hundreds of databases.
 */
export async function memoryFolder(checkout: string): Promise<string | null> {
  const facts = await statfs(SHARED_MEMORY).catch(() => null);
  if (facts === null || facts.type !== TMPFS || facts.bavail * facts.bsize < LEAST_FREE_BYTES) return null;
  const folder = join(
    SHARED_MEMORY,
    `backup-tests-${createHash('sha256').update(checkout).digest('hex').slice(0, 12)}`,
  );
  try {
    await mkdir(folder, { recursive: true });
    // Servers run as a user other than root, and tests as other users create files, as in /tmp.
    await chmod(folder, 0o1777);
    return folder;
  } catch {
    return null;
  }
}
