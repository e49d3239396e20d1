import { forEachConcurrent } from '../core/concurrent-map.ts';
import { AppError } from '../core/errors.ts';
import type { Storage, StoredObject } from '../storage/storage.ts';
import { type BackupDetail, readDetail } from './detail.ts';
import { AT_ONCE, readNotes, readStored, type StoredBackup } from './list.ts';

/** What is stored, kept in memory: asking again costs nothing until something changes. */
export interface Catalogue {
  /** Newest first. What others store or remove is seen within four seconds, what they note within thirty or so. */
  list(signal: AbortSignal): Promise<readonly StoredBackup[]>;
  /** By file name, or by the id in the manifest. Throws NOT_FOUND, and INPUT_INVALID for an id that several archives bear. */
  find(idOrName: string, signal: AbortSignal): Promise<StoredBackup>;
  /** What the manifest says in full. Throws NOT_FOUND, or what opening the archive says. */
  detail(backup: StoredBackup, signal: AbortSignal): Promise<BackupDetail>;
  /** To be called when an archive or its notes were changed from here: the next answer reads it anew. */
  drop(name: string): void;
}

export interface CatalogueOptions {
  storage: Storage;
  now: () => Date;
  /** Ends reading at shutdown. */
  signal: AbortSignal;
}

/** A listing this old is read anew, in milliseconds; until it is twice as old nobody waits for that. */
const LISTING_MS = 2000;
/** How old notes may be that are listed again. */
const NOTES_MS = 30_000;
/** Manifests kept whole. */
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

/** A catalogue that has read nothing yet. The first answer takes as long as opening every archive. */
export function createCatalogue({ storage, now, signal: life }: CatalogueOptions): Catalogue {
  const known = new Map<string, Known>();
  const details = new Map<string, { version: string; detail: BackupDetail }>();
  let listed: { backups: readonly StoredBackup[]; at: number } | null = null;
  let reading: Promise<Reading> | null = null;
  /** Grows with each `drop`: a reading that began before one is not what is there now. */
  let drops = 0;

  const readOne = async (object: StoredObject): Promise<Known> => {
    const version = versionOf(object);
    const before = known.get(object.name);
    const at = now().getTime();
    if (before?.version !== version) return { version, backup: await readStored(storage, object, life), notesAt: at };
    if (at - before.notesAt < NOTES_MS) return before;
    const notes = await readNotes(storage, object.name);
    // What cannot be opened stays so, whatever the notes say.
    const damaged = before.backup.manifest === null ? before.backup.damaged : notes.damaged;
    return { version, backup: { ...before.backup, ...notes, damaged }, notesAt: at };
  };

  const readAll = async (): Promise<Reading> => {
    const began = { drops, at: now().getTime() };
    const objects = await storage.list();
    const found: (StoredBackup | null)[] = new Array(objects.length).fill(null);
    await forEachConcurrent(AT_ONCE, objects, async (object, index) => {
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
        // Should it fail, whoever has to wait for the next one is told.
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

/** An uploaded archive says of itself which backup it is; which of them is meant is for a person to say. */
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

/** An archive removed between the listing and the look at it is no failure. */
function unlessGone(error: unknown): null {
  if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
  throw error;
}
