import { AppError } from '../core/errors.ts';
import type { ReadinessCheck } from '../http/readiness.ts';
import type { Storage } from '../storage/storage.ts';

/** Least free space in bytes: with less, not even a small backup is sure to fit. */
const LEAST_FREE_BYTES = 64 * 1024 ** 2;

/** Name that no archive ever has; nothing is committed under it. */
const PROBE = 'palace-backup-probe.zip';

/**
 * Checks that archives can be written: opens and aborts a temporary one in the storage, and compares the free space.
 */
export function storageCheck(
  storage: Pick<Storage, 'create' | 'freeSpace' | 'label' | 'redactions'>,
  leastFreeBytes: number = LEAST_FREE_BYTES,
): ReadinessCheck {
  return {
    name: 'storage',
    async check() {
      const probe = await storage.create(PROBE);
      await probe.abort();
      const free = await storage.freeSpace();
      if (free !== null && free < leastFreeBytes) {
        throw new AppError('DISK_FULL', `${storage.label} has ${Math.floor(free / 1024 ** 2)} MiB left.`, {
          hint: 'Remove old backups, or give the folder more room.',
          redactions: storage.redactions,
        });
      }
    },
  };
}
