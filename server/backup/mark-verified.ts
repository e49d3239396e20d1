import { openArchive } from '../archive/reader.ts';
import type { Storage } from '../storage/storage.ts';
import { inTurn } from './turns.ts';

/**
 * Notes beside a stored archive that every byte of it was read and found sound, and resolves with true. With another digest than the
 * notes have, nothing is written and it resolves with false: the archive is whole, but it is not the one that was stored.
 * Throws when the notes cannot be written.
 */
export function markVerified(storage: Storage, name: string, digest: string, at: Date): Promise<boolean> {
  return inTurn(storage, name, () => mark(storage, name, digest, at));
}

async function mark(storage: Storage, name: string, digest: string, at: Date): Promise<boolean> {
  const sidecar = await storage.readSidecar(name);
  if (sidecar && sidecar.digest !== digest) return false;
  const notes = sidecar ?? {
    digest,
    kind: await kindOf(storage, name),
    pinned: false,
    note: null,
    lastVerified: null,
    lastProved: null,
  };
  await storage.writeSidecar(name, { ...notes, lastVerified: at.toISOString() });
  return true;
}

async function kindOf(storage: Storage, name: string): Promise<string> {
  await using source = await storage.open(name);
  return (await openArchive(source)).manifest.kind;
}
