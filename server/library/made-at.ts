import type { StoredBackup } from './list.ts';

/**
 * The moment a stored backup shows, in milliseconds: what its manifest says, though never later than the file itself, whose maker may
 * have had another clock or none of our trust. Of what cannot be opened, when it was stored.
 */
export function madeAt({ manifest, createdAt }: Pick<StoredBackup, 'manifest' | 'createdAt'>): number {
  const stored = Date.parse(createdAt);
  return manifest ? Math.min(Date.parse(manifest.timestamp), stored) : stored;
}
