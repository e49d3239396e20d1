import { type FileHandle, link, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AppError, Redactions } from '../../core/errors.ts';
import { Mutex } from '../../core/mutex.ts';
import { alreadyExists, storageFailure, systemCode } from '../failures.ts';
import type { PendingObject } from '../storage.ts';
import { exists, ignoreMissing, removeEmpty, syncFolder } from './folder.ts';

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
/** Bytes after which a sync is started, so that the last one finds little left to do. */
const SYNC_EVERY = 32 * 1024 * 1024;

export interface PendingFile {
  handle: FileHandle;
  temporary: string;
  name: string;
  path: string;
  sidecar: string;
  freeSpace(): Promise<number | null>;
  /** Paths in its errors that only this machine may show. */
  redactions: Redactions;
  /** The topmost folder that was made for it; absent when all existed. */
  madeFolder?: string | undefined;
  /** Runs once the bytes are on disk, before the file gets its name. */
  beforeNaming(): Promise<void>;
}

/** A file under a temporary name that `commit()` syncs and links to its own. */
export class LocalPendingObject implements PendingObject {
  private readonly parts: PendingFile;
  private readonly writes = new Mutex();
  private written = 0;
  private syncedUpTo = 0;
  private syncing: Promise<void> | null = null;
  /** First failure to sync, kept for `commit()`, because the system reports it only once. */
  private syncFailure: unknown = null;
  private open = true;

  constructor(parts: PendingFile) {
    this.parts = parts;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.writes.run(() => this.append(bytes));
  }

  async commit(): Promise<void> {
    await this.writes.idle();
    const { handle, temporary, name, path, sidecar } = this.parts;
    if (!this.open) throw new TypeError(`${name} is committed or aborted already`);
    try {
      await this.syncing;
      if (this.syncFailure !== null) throw this.syncFailure;
      await handle.sync();
      await handle.close();
      // The name is free, so a sidecar found there belongs to an earlier object.
      if (!(await exists(path))) await unlink(sidecar).catch(ignoreMissing);
      await this.parts.beforeNaming();
      await linkNew(temporary, path, name);
      this.open = false;
      await syncFolder(dirname(path));
    } catch (error) {
      if (!this.open) await unlink(path).catch(() => undefined);
      this.open = true;
      await this.abort();
      throw await this.failure(error, `Finishing ${path}`);
    }
  }

  async abort(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.writes.idle();
    await this.syncing;
    await this.parts.handle.close().catch(() => undefined);
    await unlink(this.parts.temporary).catch(() => undefined);
    if (this.parts.madeFolder !== undefined) await removeEmpty(dirname(this.parts.path), this.parts.madeFolder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  private async append(bytes: Uint8Array): Promise<void> {
    const { handle, name, path } = this.parts;
    if (!this.open) throw new TypeError(`${name} is committed or aborted already`);
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, null);
        done += bytesWritten;
        this.written += bytesWritten;
      }
    } catch (error) {
      throw await this.failure(error, `Writing ${path}`);
    }
    this.syncBehind();
  }

  private syncBehind(): void {
    if (this.syncing || this.written - this.syncedUpTo < SYNC_EVERY) return;
    this.syncedUpTo = this.written;
    this.syncing = this.parts.handle
      .datasync()
      .catch((error: unknown) => {
        this.syncFailure ??= error;
      })
      .finally(() => {
        this.syncing = null;
      });
  }

  private async failure(error: unknown, doing: string): Promise<AppError> {
    const { redactions } = this.parts;
    return storageFailure(error, doing, { free: await this.parts.freeSpace(), written: this.written, redactions });
  }
}

/** Gives the file its name without ever replacing another file. */
async function linkNew(temporary: string, path: string, name: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') throw alreadyExists(name);
    if (code === null || !NO_LINKS.has(code)) throw error;
    // Some file systems have no hard links: looking first is the best there is.
    if (await exists(path)) throw alreadyExists(name);
    await rename(temporary, path);
    return;
  }
  await unlink(temporary);
}
