import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, readFile, rename, statfs, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ByteSource } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { alreadyExists, notFound, storageFailure, systemCode } from './failures.ts';
import { openFileNoFollow } from './file-source.ts';
import { checkObjectName, isArchiveName } from './object-name.ts';
import { decodeSidecar, encodeSidecar } from './sidecar.ts';
import type { PendingObject, Sidecar, Storage, StoredObject } from './storage.ts';
import { temporaryNames } from './temporary.ts';

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Archives in one folder, made (0700) when the first is written. Files are 0600; an object is written beside its place under a
 * temporary name, synced, and only then linked to its own, so that two writers of one name cannot both succeed.
 */
export function createLocalStorage(folder: string): Storage {
  return new LocalStorage(resolve(folder));
}

class LocalStorage implements Storage {
  readonly label: string;
  private readonly temporaries = temporaryNames();
  private counter = 0;

  constructor(folder: string) {
    this.label = folder;
  }

  locate(name: string): string {
    checkObjectName(name);
    return join(this.label, name);
  }

  async create(name: string): Promise<PendingObject> {
    const path = this.locate(name);
    return await this.guarded(`Creating ${path}`, async () => {
      await mkdir(this.label, { recursive: true, mode: 0o700 });
      if (await exists(path)) throw alreadyExists(name);
      const { handle, temporary } = await this.openTemporary(name);
      return new LocalPendingObject({
        handle,
        temporary,
        name,
        path,
        sidecar: sidecarPath(path),
        freeSpace: () => this.freeSpace(),
      });
    });
  }

  async open(name: string): Promise<ByteSource> {
    const path = this.locate(name);
    return await openFileNoFollow(path).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'NOT_FOUND' ? notFound(name) : error;
    });
  }

  async list(): Promise<StoredObject[]> {
    return await this.guarded(`Listing ${this.label}`, async () => {
      const objects: StoredObject[] = [];
      for (const name of await this.fileNames()) {
        if (!isArchiveName(name)) continue;
        const facts = await lstat(join(this.label, name)).catch(ignoreMissing);
        if (facts?.isFile())
          objects.push({ name, size: facts.size, createdAt: facts.birthtime, modifiedAt: facts.mtime });
      }
      return objects.sort((a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime() || (a.name < b.name ? 1 : -1));
    });
  }

  async remove(name: string): Promise<void> {
    const path = this.locate(name);
    await this.guarded(`Removing ${path}`, async () => {
      // The sidecar last: a pin must not be lost while what it protects is still there.
      await unlink(path).catch((error: unknown) => {
        throw systemCode(error) === 'ENOENT' ? notFound(name) : error;
      });
      await unlink(sidecarPath(path)).catch(ignoreMissing);
      await syncFolder(this.label);
    });
  }

  async writeSidecar(name: string, sidecar: Sidecar): Promise<void> {
    const path = this.locate(name);
    await this.guarded(`Writing the notes of ${path}`, async () => {
      if (!(await exists(path))) throw notFound(name);
      const { handle, temporary } = await this.openTemporary(name);
      try {
        await handle.writeFile(encodeSidecar(sidecar));
        await handle.sync();
        await handle.close();
        await rename(temporary, sidecarPath(path));
        await syncFolder(this.label);
      } catch (error) {
        await handle.close().catch(() => undefined);
        await unlink(temporary).catch(() => undefined);
        throw error;
      }
    });
  }

  async readSidecar(name: string): Promise<Sidecar | null> {
    const path = sidecarPath(this.locate(name));
    return await this.guarded(`Reading ${path}`, async () => {
      const flag = constants.O_RDONLY | constants.O_NOFOLLOW;
      const bytes = await readFile(path, { flag }).catch(ignoreMissing);
      return bytes ? decodeSidecar(bytes) : null;
    });
  }

  async freeSpace(): Promise<number | null> {
    for (let folder = this.label; ; folder = dirname(folder)) {
      try {
        const facts = await statfs(folder);
        return facts.bavail * facts.bsize;
      } catch (error) {
        if (systemCode(error) !== 'ENOENT' || folder === dirname(folder)) return null;
      }
    }
  }

  async sweep(): Promise<string[]> {
    return await this.guarded(`Sweeping ${this.label}`, async () => {
      const abandoned = (await this.fileNames()).filter((name) => this.temporaries.isAbandoned(name));
      for (const name of abandoned) await unlink(join(this.label, name)).catch(ignoreMissing);
      return abandoned;
    });
  }

  private async fileNames(): Promise<string[]> {
    return (await readdir(this.label).catch(ignoreMissing)) ?? [];
  }

  private async openTemporary(name: string): Promise<{ handle: FileHandle; temporary: string }> {
    for (;;) {
      const temporary = join(this.label, this.temporaries.make(name, this.counter++));
      try {
        return { handle: await open(temporary, 'wx', 0o600), temporary };
      } catch (error) {
        // Another storage object of this process counts as well.
        if (systemCode(error) !== 'EEXIST') throw error;
      }
    }
  }

  private async guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageFailure(error, doing);
    }
  }
}

interface PendingParts {
  handle: FileHandle;
  temporary: string;
  name: string;
  path: string;
  sidecar: string;
  freeSpace(): Promise<number | null>;
}

class LocalPendingObject implements PendingObject {
  private readonly parts: PendingParts;
  private tail: Promise<unknown> = Promise.resolve();
  private written = 0;
  private open = true;

  constructor(parts: PendingParts) {
    this.parts = parts;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const turn = this.tail.then(() => this.append(bytes));
    this.tail = turn.catch(() => undefined);
    await turn;
  }

  async commit(): Promise<void> {
    await this.tail;
    const { handle, temporary, name, path, sidecar } = this.parts;
    if (!this.open) throw new TypeError(`${name} is committed or aborted already`);
    try {
      await handle.sync();
      await handle.close();
      // The name is free, so that notes lying there are an earlier object's.
      if (!(await exists(path))) await unlink(sidecar).catch(ignoreMissing);
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
    await this.tail;
    await this.parts.handle.close().catch(() => undefined);
    await unlink(this.parts.temporary).catch(() => undefined);
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
  }

  private async failure(error: unknown, doing: string): Promise<AppError> {
    return storageFailure(error, doing, { free: await this.parts.freeSpace(), written: this.written });
  }
}

/** Gives the file its name without ever replacing another's. */
async function linkNew(temporary: string, path: string, name: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') throw alreadyExists(name);
    if (code === null || !NO_LINKS.has(code)) throw error;
    // A file system without hard links: looking first is the best there is.
    if (await exists(path)) throw alreadyExists(name);
    await rename(temporary, path);
    return;
  }
  await unlink(temporary);
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ignoreMissing)) !== undefined;
}

/** The rename itself is durable only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function sidecarPath(path: string): string {
  return `${path}.json`;
}

function ignoreMissing(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}
