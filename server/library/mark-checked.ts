import { openArchive } from '../archive/reader.ts';
import { forEachConcurrent } from '../core/concurrent-map.ts';
import { AppError, redacted } from '../core/errors.ts';
import { withMutex } from '../core/mutex.ts';
import { firstSidecar } from '../storage/first-sidecar.ts';
import type { Sidecar, Storage } from '../storage/storage.ts';
import { CONCURRENT_READS } from './list.ts';

/** Characters kept of a damage message. */
const LONGEST_MESSAGE = 500;

/**
 * Records in a stored archive's sidecar that every byte was read and found sound, and resolves with true. When the
 * sidecar has another digest, writes nothing and resolves with false: the archive is whole, but not the one that was
 * stored. Throws when the sidecar cannot be written.
 */
function markVerified(storage: Storage, name: string, digest: string, at: Date): Promise<boolean> {
  return withMutex(storage, name, () => mark(storage, name, digest, at));
}

/**
 * Records in a stored archive's sidecar that it was found sound, and returns warnings. A failure to write is a warning,
 * because it does not change the result.
 */
export async function noteVerified(storage: Storage, name: string, digest: string, at: Date): Promise<string[]> {
  try {
    if (await markVerified(storage, name, digest, at)) return [];
    return [`${name} is intact, but its digest is not that of the archive that was stored under this name.`];
  } catch (error) {
    const why = error instanceof AppError ? redacted(error).message : 'the notes cannot be written';
    return [`That it was verified could not be noted: ${why}`];
  }
}

async function mark(storage: Storage, name: string, digest: string, at: Date): Promise<boolean> {
  const sidecar = await storage.readSidecar(name);
  if (sidecar && sidecar.digest !== digest) return false;
  const { foundDamaged: _, ...notes } = sidecar ?? (await freshNotes(storage, name));
  await storage.writeSidecar(name, { ...notes, lastVerified: at.toISOString() });
  return true;
}

/**
 * Records damage in a stored archive's sidecar, to stay until a verification finds the archive sound. Makes no sidecar
 * for an archive that cannot be opened, because every list says so anyway. Throws when the sidecar cannot be written.
 */
function markDamaged(storage: Storage, name: string, damage: AppError, at: Date): Promise<void> {
  return withMutex(storage, name, async () => {
    const notes = (await storage.readSidecar(name)) ?? (await freshNotes(storage, name).catch(unlessUnreadable));
    if (notes === null) return;
    const foundDamaged = { at: at.toISOString(), code: damage.code, message: cut(redacted(damage).message) };
    await storage.writeSidecar(name, { ...notes, foundDamaged });
  });
}

/**
 * Records the damage an error reports, if any, and returns the error. When recording fails, returns it with `notNoted`
 * in its details, because the damage matters more.
 */
export async function rememberDamage(storage: Storage, name: string, error: unknown, at: Date): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'ARCHIVE_DAMAGED') return error;
  try {
    await markDamaged(storage, name, error, at);
    return error;
  } catch (failure) {
    const why = failure instanceof AppError ? redacted(failure).message : 'the notes cannot be written';
    return new AppError(error.code, error.message, {
      ...(error.hint !== undefined && { hint: error.hint }),
      details: { ...error.details, notNoted: why },
      cause: error.cause,
      ...(error.redactions && { redactions: error.redactions }),
    });
  }
}

/**
 * Runs work that reads a stored archive and records the damage it finds in the sidecar. Records nothing for a file
 * outside the storage, which has no name.
 */
export async function notingDamage<T>(
  { storage, name, now }: { storage: Storage; name: string | null; now: () => Date },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw name === null ? error : await rememberDamage(storage, name, error, now());
  }
}

/** Returns those of the stored archives that were found damaged and not sound since. */
export async function foundDamaged(storage: Pick<Storage, 'readSidecar'>, names: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  await forEachConcurrent(CONCURRENT_READS, names, async (name) => {
    // An unreadable sidecar says nothing about damage; lists report it.
    const notes = await storage.readSidecar(name).catch(unlessUnreadable);
    if (notes?.foundDamaged) found.add(name);
  });
  return names.filter((name) => found.has(name));
}

/** Returns a sidecar for an archive that has none. Throws what opening the archive throws. */
export async function freshNotes(storage: Storage, name: string): Promise<Sidecar> {
  await using source = await storage.open(name);
  const { manifest, digest } = await openArchive(source);
  return firstSidecar({ digest, kind: manifest.kind });
}

function unlessUnreadable(error: unknown): null {
  if (error instanceof AppError) return null;
  throw error;
}

function cut(text: string): string {
  return text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE).toWellFormed()} …`;
}
