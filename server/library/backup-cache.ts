import { forEachConcurrent } from '../core/concurrent-map.ts';
import { AppError } from '../core/errors.ts';
import type { Storage, StoredObject } from '../storage/storage.ts';
import { type BackupDetail, readDetail } from './detail.ts';
import { CONCURRENT_READS, readNotes, readStored, type StoredBackup } from './list.ts';

/** The stored backups, cached in memory: a repeated call costs nothing until something changes. */
export interface BackupCache {
  /**
   * Returns all backups, newest first. Shows what other processes store or remove within four seconds, and their
   * changes to sidecars within about thirty.
   */
  list(signal: AbortSignal): Promise<readonly StoredBackup[]>;
  /**
   * Finds a backup by file name, or by the id in its manifest. Throws NOT_FOUND, or INPUT_INVALID for an id that
   * several archives have.
   */
  find(idOrName: string, signal: AbortSignal): Promise<StoredBackup>;
  /** Returns the details in the manifest. Throws NOT_FOUND, or what opening the archive throws. */
  detail(backup: StoredBackup, signal: AbortSignal): Promise<BackupDetail>;
  /** Call when this process changed an archive or its sidecar: the next call reads it again. */
  drop(name: string): void;
}

export interface BackupCacheOptions {
  storage: Storage;
  now: () => Date;
  /** Ends reading at shutdown. */
  signal: AbortSignal;
}

/**
 * Milliseconds a listing is fresh. Stale-while-revalidate: up to twice this age it is returned while a new one is read.
 */
const LISTING_MS = 2000;
/** Milliseconds after which the sidecar of a listed archive is read again. */
const NOTES_MS = 30_000;
/** Number of manifests kept whole. */
const KEPT_DETAILS = 50;

interface Known {
  version: string;
  backup: StoredBackup;
  notesAt: number;
}

interface Reading {
  backups: readonly StoredBackup[];
  drops: number;
}

/** Returns a cache that has read nothing yet. Its first answer takes as long as opening every archive. */
export function createBackupCache({ storage, now, signal: life }: BackupCacheOptions): BackupCache {
  const known = new Map<string, Known>();
  const details = new Map<string, { version: string; detail: BackupDetail }>();
  let listed: { backups: readonly StoredBackup[]; at: number } | null = null;
  let reading: Promise<Reading> | null = null;
  /** Counter of `drop` calls: a read that began before one may be outdated. */
  let drops = 0;

  const readOne = async (object: StoredObject): Promise<Known> => {
    const version = versionOf(object);
    const before = known.get(object.name);
    const at = now().getTime();
    if (before?.version !== version) return { version, backup: await readStored(storage, object, life), notesAt: at };
    if (at - before.notesAt < NOTES_MS) return before;
    const notes = await readNotes(storage, object.name);
    // An archive that cannot be opened stays damaged, whatever its sidecar says.
    const damaged = before.backup.manifest === null ? before.backup.damaged : notes.damaged;
    return { version, backup: { ...before.backup, ...notes, damaged }, notesAt: at };
  };

  const readAll = async (): Promise<Reading> => {
    const began = { drops, at: now().getTime() };
    const objects = await storage.list();
    const found: (StoredBackup | null)[] = new Array(objects.length).fill(null);
    await forEachConcurrent(CONCURRENT_READS, objects, async (object, index) => {
      life.throwIfAborted();
      const one = await readOne(object).catch(unlessGone);
      if (!one) return;
      found[index] = one.backup;
      if (began.drops === drops) known.set(object.name, one);
    });
    const backups = found.filter((backup) => backup !== null);
    if (began.drops === drops) {
      const there = new Set(objects.map((object) => object.name));
      for (const name of known.keys()) if (!there.has(name)) known.delete(name);
      listed = { backups, at: began.at };
    }
    return { backups, drops: began.drops };
  };

  const list = async (signal: AbortSignal): Promise<readonly StoredBackup[]> => {
    const asked = drops;
    for (;;) {
      signal.throwIfAborted();
      const age = listed ? now().getTime() - listed.at : Number.POSITIVE_INFINITY;
      if (listed && age < LISTING_MS) return listed.backups;
      reading ??= readAll().finally(() => {
        reading = null;
      });
      if (listed && age < 2 * LISTING_MS) {
        // A failure reaches the caller that has to wait for the next read.
        reading.catch(() => undefined);
        return listed.backups;
      }
      const done = await reading;
      if (done.drops >= asked) return done.backups;
    }
  };

  return {
    list,
    async find(idOrName, signal) {
      const backups = await list(signal);
      const named = backups.find(({ name }) => name === idOrName);
      const id = idOrName.toLowerCase();
      const [found, ...others] = named
        ? [named]
        : backups.filter(({ manifest }) => manifest?.backupId.toLowerCase() === id);
      if (others.length > 0) throw ambiguous([found, ...others].map((backup) => backup?.name ?? ''));
      if (found) return found;
      throw new AppError('NOT_FOUND', `There is no backup ${JSON.stringify(idOrName.slice(0, 200))}.`, {
        hint: 'It may have been removed meanwhile; list the backups.',
      });
    },
    async detail(backup, signal) {
      const version = versionOf({
        size: backup.size,
        createdAt: new Date(backup.createdAt),
        modifiedAt: new Date(backup.modifiedAt),
      });
      const kept = details.get(backup.name);
      if (kept?.version === version) return kept.detail;
      const detail = await readDetail(storage, backup.name, signal);
      details.delete(backup.name);
      details.set(backup.name, { version, detail });
      const [oldest] = details.keys();
      if (details.size > KEPT_DETAILS && oldest !== undefined) details.delete(oldest);
      return detail;
    },
    drop(name) {
      drops += 1;
      known.delete(name);
      details.delete(name);
      listed = null;
    },
  };
}

/**
 * Returns the error for an id that several archives have. An uploaded archive may claim any id, so a person must
 * choose.
 */
function ambiguous(names: string[]): AppError {
  return new AppError(
    'INPUT_INVALID',
    `${names.length} stored backups say they are this one: ${names.slice(0, 5).join(', ')}.`,
    {
      hint: 'Give the file name of the one that is meant; their digests tell them apart.',
      details: { names: names.slice(0, 20) },
    },
  );
}

function versionOf({ size, createdAt, modifiedAt }: Omit<StoredObject, 'name'>): string {
  return `${size} ${createdAt.getTime()} ${modifiedAt.getTime()}`;
}

/** Returns null when the archive was removed between listing and opening, which is no failure. */
function unlessGone(error: unknown): null {
  if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
  throw error;
}
