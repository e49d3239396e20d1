import { AppError } from '../../core/errors.ts';
import type { Storage } from '../../storage/storage.ts';

/** Returns the least number of bytes that an archive of `heapBytes` of tables takes. */
export function archiveBytes(heapBytes: number): number {
  // Rows of real applications came out at 0.15 to 0.4 of their heap size; less cannot be enough.
  return Math.ceil(heapBytes * 0.15);
}

/** Returns the bytes a restore takes on the database server for a while: staging, and the new tables beside the old ones. */
export function restoreBytes(heapBytes: number): number {
  return heapBytes * 2;
}

/** Throws DISK_FULL when the storage is certainly too small. A disk that fills later is reported by the write that fails. */
export async function refuseFullDisk(
  storage: Pick<Storage, 'freeSpace' | 'label' | 'redactions'>,
  needed: number,
  { what, hint }: { what: string; hint: string },
): Promise<void> {
  const free = await storage.freeSpace();
  if (free === null || free >= needed) return;
  throw new AppError('DISK_FULL', `${storage.label} has ${mebibytes(free)} free; ${what} ${mebibytes(needed)}.`, {
    hint,
    details: { free, needed },
    redactions: storage.redactions,
  });
}

export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
