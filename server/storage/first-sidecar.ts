import { AppError, redacted } from '../core/errors.ts';
import type { Sidecar, Storage } from './storage.ts';

/** Returns the sidecar of an archive about which nothing was recorded yet. */
export function firstSidecar(facts: { digest: string; kind: string; lastVerified?: Date | null }): Sidecar {
  const { digest, kind, lastVerified = null } = facts;
  const verified = lastVerified?.toISOString() ?? null;
  return { digest, kind, pinned: false, note: null, lastVerified: verified, lastProved: null };
}

/**
 * Writes the sidecar of an archive that was just stored, and returns warnings. A failure is only a warning, because the
 * archive is good without its sidecar.
 */
export async function writeFirstSidecar(
  storage: Pick<Storage, 'writeSidecar'>,
  name: string,
  facts: Parameters<typeof firstSidecar>[0],
): Promise<string[]> {
  try {
    await storage.writeSidecar(name, firstSidecar(facts));
    return [];
  } catch (error) {
    const why = error instanceof AppError ? redacted(error).message : 'for a reason unknown';
    return [`The archive is stored, but its notes (kind, digest, when it was verified) could not be written: ${why}`];
  }
}
