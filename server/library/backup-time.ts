import type { StoredBackup } from './list.ts';

/**
 * Returns the time of a stored backup in milliseconds: that of its manifest, but never later than the file's. Whoever
 * made the file may have had another clock or may not be trusted. For an archive that cannot be opened, it is when it
 * was stored.
 */
export function backupTime({ manifest, createdAt }: Pick<StoredBackup, 'manifest' | 'createdAt'>): number {
  const stored = Date.parse(createdAt);
  return manifest ? Math.min(Date.parse(manifest.timestamp), stored) : stored;
}
