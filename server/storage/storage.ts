import type { ByteSink, ByteSource } from '../core/bytes.ts';
import type { Places } from '../core/errors.ts';

/**
 * Where archives live. Two implementations keep this contract (`local.ts`, `memory.ts`), and one suite
 * (`storage.suite.ts`) proves it for each. Every failure is an `AppError`: NOT_FOUND, NAME_INVALID, ALREADY_EXISTS,
 * DISK_FULL, STORAGE_LOST or STORAGE_UNAVAILABLE.
 */
export interface Storage {
  /** For people: the folder or bucket, never with credentials. */
  readonly label: string;
  /** What of the words of its failures is for this machine alone. */
  readonly places: Places;

  /**
   * Rejects with STORAGE_LOST when what was stored here is gone as a whole: a volume that is not mounted, a folder that was removed. So do
   * `create()` and both lists; what would be written then is written elsewhere, and what is listed is not what there is.
   */
  demandPresent(): Promise<void>;

  /**
   * Starts an object. Nothing appears under `name` before `commit()` resolves; a crash leaves at most a temporary that `sweep()` removes.
   * Rejects with ALREADY_EXISTS when the name is taken and NAME_INVALID when it is not a plain file name.
   */
  create(name: string): Promise<PendingObject>;

  /** Opens a committed object for random access. */
  open(name: string): Promise<ByteSource>;

  /** Committed objects (sidecars and temporaries left out), newest first. */
  list(): Promise<StoredObject[]>;

  /** Committed BackupData documents (`.json`, `.json.gz`), newest first. */
  listDocuments(): Promise<StoredObject[]>;

  /** Removes the object and its sidecar; removing what is not there rejects with NOT_FOUND. */
  remove(name: string): Promise<void>;

  /** Replaces the object's sidecar (`<name>.json`) as a whole; readers see the old or the new one. */
  writeSidecar(name: string, sidecar: Sidecar): Promise<void>;

  /** The sidecar, or null when there is none or it cannot be read as one. */
  readSidecar(name: string): Promise<Sidecar | null>;

  /** Bytes that can still be written, or null where that cannot be known. */
  freeSpace(): Promise<number | null>;

  /** Removes temporaries whose writers are dead; returns their names. */
  sweep(): Promise<string[]>;

  /** The object's place for people and for `filePath`: an absolute path or a URL without credentials. */
  locate(name: string): string;
}

/** An object being written. Disposing it without `commit()` aborts it. */
export interface PendingObject extends ByteSink, AsyncDisposable {
  /** Makes the object durable and visible under its name, in that order. */
  commit(): Promise<void>;
  /** Leaves nothing behind. Safe to call twice and after a failed `commit()`. */
  abort(): Promise<void>;
}

export interface StoredObject {
  name: string;
  size: number;
  createdAt: Date;
  modifiedAt: Date;
}

/** Facts about a stored archive that are not part of it. A lost sidecar loses these and nothing else. */
export interface Sidecar {
  digest: string;
  kind: string;
  pinned: boolean;
  note: string | null;
  /** ISO times, null when it never happened. */
  lastVerified: string | null;
  lastProved: string | null;
  /** What was wrong when it was last read; absent when nothing was, or when it was found sound since. */
  foundDamaged?: FoundDamage;
}

/** Damage that reading a stored archive found. */
export interface FoundDamage {
  /** ISO. */
  at: string;
  code: string;
  message: string;
}
