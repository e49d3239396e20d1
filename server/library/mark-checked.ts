import { openArchive } from '../archive/reader.ts';
import { forEachConcurrent } from '../core/concurrent-map.ts';
import { AppError, saidOutside } from '../core/errors.ts';
import { withMutex } from '../core/mutex.ts';
import { firstSidecar } from '../storage/first-sidecar.ts';
import type { Sidecar, Storage } from '../storage/storage.ts';

/** Notes read at once: enough to hide the latency of a bucket. */
const AT_ONCE = 8;
/** Of the damage the notes say what is first, and cut. */
const LONGEST_MESSAGE = 500;

/**
 * Notes beside a stored archive that every byte of it was read and found sound, and resolves with true. With another digest than the
 * notes have, nothing is written and it resolves with false: the archive is whole, but it is not the one that was stored.
 * Throws when the notes cannot be written.
 */
function markVerified(storage: Storage, name: string, digest: string, at: Date): Promise<boolean> {
  return withMutex(storage, name, () => mark(storage, name, digest, at));
}

/**
 * Notes beside a stored archive that it was found sound, and returns warnings: a note that cannot be written does not change what was
 * found.
 */
export async function noteVerified(storage: Storage, name: string, digest: string, at: Date): Promise<string[]> {
  try {
    if (await markVerified(storage, name, digest, at)) return [];
    return [`${name} is sound, but its digest is not that of the archive that was stored under this name.`];
  } catch (error) {
    const why = error instanceof AppError ? saidOutside(error).message : 'the notes cannot be written';
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
 * Notes beside a stored archive that reading it found damage, until a verification finds it sound. An archive without notes that cannot be
 * opened is left without: every list says so anyway. Throws when the notes cannot be written.
 */
function markDamaged(storage: Storage, name: string, damage: AppError, at: Date): Promise<void> {
  return withMutex(storage, name, async () => {
    const notes = (await storage.readSidecar(name)) ?? (await freshNotes(storage, name).catch(unlessUnreadable));
    if (notes === null) return;
    const foundDamaged = { at: at.toISOString(), code: damage.code, message: cut(saidOutside(damage).message) };
    await storage.writeSidecar(name, { ...notes, foundDamaged });
  });
}

/**
 * The same error, with a stored archive's damage noted where it tells of some. That the notes could not be written is told in its details:
 * the damage counts more.
 */
async function rememberDamage(storage: Storage, name: string, error: unknown, at: Date): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'ARCHIVE_DAMAGED') return error;
  try {
    await markDamaged(storage, name, error, at);
    return error;
  } catch (failure) {
    const why = failure instanceof AppError ? saidOutside(failure).message : 'the notes cannot be written';
    return new AppError(error.code, error.message, {
      ...(error.hint !== undefined && { hint: error.hint }),
      details: { ...error.details, notNoted: why },
      cause: error.cause,
      ...(error.places && { places: error.places }),
    });
  }
}

/** Does work that reads a stored archive, and notes the damage it finds beside it; nothing is noted of a file elsewhere, which has no name. */
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

/** Which of these stored archives were found damaged and not sound since. */
export async function foundDamaged(storage: Pick<Storage, 'readSidecar'>, names: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  await forEachConcurrent(AT_ONCE, names, async (name) => {
    // Notes that may not be read say nothing of damage; lists name them.
    const notes = await storage.readSidecar(name).catch(unlessUnreadable);
    if (notes?.foundDamaged) found.add(name);
  });
  return names.filter((name) => found.has(name));
}

/** Notes for an archive that has none. Throws what opening it says. */
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
