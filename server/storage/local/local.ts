import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, statfs, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ByteSource } from '../../core/bytes.ts';
import { AppError, folderRedactions, type Redactions } from '../../core/errors.ts';
import { alreadyExists, notFound, storageFailure, systemCode } from '../failures.ts';
import { openFileNoFollow } from '../file-source.ts';
import { checkNewName, checkObjectName, isArchiveName, isDocumentName } from '../object-name.ts';
import { decodeSidecar, encodeSidecar, MAX_SIDECAR_BYTES } from '../sidecar.ts';
import type { PendingObject, Sidecar, Storage, StoredObject } from '../storage.ts';
import { exists, ignoreMissing, syncFolder } from './folder.ts';
import { FOLDER_WORDS, FolderMarker, type FolderMemory } from './folder-marker.ts';
import { LocalPendingObject } from './local-object.ts';
import { temporaryNames } from './temporary.ts';

/**
 * Stores archives as files (0600) in one folder (0700), made with the first archive together with its marker. An object
 * is written under a temporary name, synced, and only then linked to its own. Two writers of one name therefore cannot
 * both succeed.
 */
export function createLocalStorage(folder: string, known: FolderMemory = NOTHING_KNOWN): Storage {
  return new LocalStorage(resolve(folder), known);
}

/** How often a folder that goes away again is made again. */
const FOLDER_TRIES = 100;
const NOTHING_KNOWN: FolderMemory = async () => [];

class LocalStorage implements Storage {
  readonly label: string;
  readonly redactions: Redactions;
  private readonly temporaries = temporaryNames();
  private readonly marker: FolderMarker;
  private counter = 0;

  constructor(folder: string, known: FolderMemory) {
    this.label = folder;
    this.redactions = folderRedactions(folder, FOLDER_WORDS);
    this.marker = new FolderMarker(folder, known);
  }

  async demandPresent(): Promise<void> {
    await this.guarded(`Looking at ${this.label}`, () => this.marker.demand());
  }

  locate(name: string): string {
    checkObjectName(name);
    return join(this.label, name);
  }

  async create(name: string): Promise<PendingObject> {
    checkNewName(name);
    const path = this.locate(name);
    return await this.guarded(`Creating ${path}`, async () => {
      await this.marker.demand();
      if (await exists(path)) throw alreadyExists(name);
      const { handle, temporary, madeFolder } = await this.openInFolder(name);
      return new LocalPendingObject({
        handle,
        temporary,
        name,
        path,
        sidecar: sidecarPath(path),
        freeSpace: () => this.freeSpace(),
        redactions: this.redactions,
        madeFolder,
        beforeNaming: () => this.marker.make(),
      });
    });
  }

  /** Opens a temporary file in the folder, which is made when it is missing. */
  private async openInFolder(name: string) {
    for (let tries = FOLDER_TRIES; ; tries--) {
      const madeFolder = await mkdir(this.label, { recursive: true, mode: 0o700 });
      try {
        return { ...(await this.openTemporary(name)), madeFolder };
      } catch (error) {
        // Another object of this folder, given up meanwhile, has taken the empty folder away.
        if (tries === 0 || systemCode(error) !== 'ENOENT') throw error;
        await Bun.sleep(1);
      }
    }
  }

  async open(name: string): Promise<ByteSource> {
    const path = this.locate(name);
    return await openFileNoFollow(path).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'NOT_FOUND' ? notFound(name) : error;
    });
  }

  list(): Promise<StoredObject[]> {
    return this.named(isArchiveName);
  }

  listDocuments(): Promise<StoredObject[]> {
    return this.named(isDocumentName);
  }

  private async named(isWanted: (name: string) => boolean): Promise<StoredObject[]> {
    return await this.guarded(`Listing ${this.label}`, async () => {
      await this.marker.demand();
      const objects: StoredObject[] = [];
      for (const name of await this.fileNames()) {
        if (!isWanted(name)) continue;
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
      // The sidecar last: a pin must not be lost while the archive it protects still exists.
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
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
        ignoreMissing,
      );
      if (!handle) return null;
      try {
        const facts = await handle.stat();
        return facts.isFile() && facts.size <= MAX_SIDECAR_BYTES ? decodeSidecar(await handle.readFile()) : null;
      } finally {
        await handle.close();
      }
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
    return await this.guarded(`Looking for leftovers in ${this.label}`, async () => {
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
        // Another storage object of this process may have made it.
        if (systemCode(error) !== 'EEXIST') throw error;
      }
    }
  }

  private async guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageFailure(error, doing, { redactions: this.redactions });
    }
  }
}

function sidecarPath(path: string): string {
  return `${path}.json`;
}
