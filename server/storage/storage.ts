import type { ByteSink, ByteSource } from '../core/bytes.ts';
import type { Redactions } from '../core/errors.ts';

/**
 * Storage of archives. Two implementations keep this contract (`local.ts`, `memory.ts`), and one suite
 * (`storage.suite.ts`) tests it for each. Every failure is an `AppError`: NOT_FOUND, NAME_INVALID, ALREADY_EXISTS,
 * DISK_FULL, STORAGE_LOST or STORAGE_UNAVAILABLE.
 */
export interface Storage {
  /** Folder or bucket, for people; never with credentials. */
  readonly label: string;
  /** Paths in its errors that only this machine may show. */
  readonly redactions: Redactions;

  /**
   * Rejects with STORAGE_LOST when everything stored here is gone: a volume not mounted, a folder removed. `create()`
   * and both lists do the same, because writes would go elsewhere and lists would be wrong.
   */
  demandPresent(): Promise<void>;

  /**
   * Starts an object. Nothing appears under `name` before `commit()` resolves; a crash leaves at most a temporary file
   * that `sweep()` removes. Rejects with ALREADY_EXISTS when the name is taken and NAME_INVALID when it is not a plain
   * file name.
   */
  create(name: string): Promise<PendingObject>;

  /** Opens a committed object for random access. */
  open(name: string): Promise<ByteSource>;

  /** Returns committed objects, newest first, without sidecars and temporary files. */
  list(): Promise<StoredObject[]>;

  /** Returns committed BackupData documents (`.json`, `.json.gz`), newest first. */
  listDocuments(): Promise<StoredObject[]>;

  /** Removes the object and its sidecar. Rejects with NOT_FOUND when it does not exist. */
  remove(name: string): Promise<void>;

  /** Replaces the object's sidecar (`<name>.json`) as a whole; readers see the old or the new one. */
  writeSidecar(name: string, sidecar: Sidecar): Promise<void>;

  /** Returns the sidecar, or null when there is none or it cannot be parsed. */
  readSidecar(name: string): Promise<Sidecar | null>;

  /** Returns the bytes that can still be written, or null where that is unknown. */
  freeSpace(): Promise<number | null>;

  /** Removes temporary files whose writers are dead, and returns their names. */
  sweep(): Promise<string[]>;

  /** Returns the object's location for people and for `filePath`: an absolute path, or a URL without credentials. */
  locate(name: string): string;
}

/** An object being written. Disposing it without `commit()` aborts it. */
export interface PendingObject extends ByteSink, AsyncDisposable {
  /** Makes the object durable, then visible under its name. */
  commit(): Promise<void>;
  /** Discards the object and leaves nothing behind. Safe to call twice and after a failed `commit()`. */
  abort(): Promise<void>;
}

export interface StoredObject {
  name: string;
  size: number;
  createdAt: Date;
  modifiedAt: Date;
}

/** Facts about a stored archive that are not part of it. Losing a sidecar loses these and nothing else. */
export interface Sidecar {
  digest: string;
  kind: string;
  pinned: boolean;
  note: string | null;
  /** ISO times; null when it never happened. */
  lastVerified: string | null;
  lastProved: string | null;
  /** Damage found at the last reading; absent when there was none, or when the archive was found sound since. */
  foundDamaged?: FoundDamage;
}

/** Damage found by reading a stored archive. */
export interface FoundDamage {
  /** Time in ISO form. */
  at: string;
  code: string;
  message: string;
}
