import type { ByteSource } from '../core/bytes.ts';
import { AppError } from '../core/errors.ts';
import type { Storage } from './storage.ts';

/** Difference between stored and written bytes. */
export interface Difference {
  /** The first difference, without a full stop. */
  what: string;
  details?: Record<string, unknown>;
}

/**
 * Opens what was just stored and compares it. Removes an object that differs or cannot be read to its end, because it
 * would be taken for a backup. Throws `code` with the difference, or what opening and comparing throw.
 */
export async function readBack(
  storage: Pick<Storage, 'open' | 'remove' | 'label' | 'redactions'>,
  name: string,
  code: 'ARCHIVE_DAMAGED' | 'STORAGE_UNAVAILABLE',
  compare: (source: ByteSource) => Promise<Difference | null>,
): Promise<void> {
  const difference = await (async () => {
    await using source = await storage.open(name);
    return await compare(source);
  })().catch(async (error: unknown) => {
    await storage.remove(name).catch(() => undefined);
    throw error;
  });
  if (difference === null) return;
  const kept = await storage.remove(name).then(
    () => null,
    (error: unknown) => (error instanceof AppError ? error.message : 'for a reason unknown'),
  );
  throw new AppError(code, `${name} read back from ${storage.label} is not what was written: ${difference.what}.`, {
    hint:
      'The disk or the network folder gives back other bytes than it was given. ' +
      (kept === null
        ? 'Check it; the damaged file was removed.'
        : `Check it, and remove ${name} by hand: that failed (${kept}).`),
    ...(difference.details && { details: difference.details }),
    redactions: storage.redactions,
  });
}
