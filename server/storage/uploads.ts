import { mkdir, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ByteSink, ByteSource } from '../core/bytes.ts';
import { AppError, folderRedactions } from '../core/errors.ts';
import { storageFailure, systemCode } from './failures.ts';
import { openFileNoFollow } from './file-source.ts';
import { ignoreMissing, syncFolder } from './local/folder.ts';
import { LocalPendingObject } from './local/local-object.ts';
import { temporaryNames } from './local/temporary.ts';
import type { PendingObject } from './storage.ts';

/** Milliseconds for which a file is kept for its sender to go on, or for somebody to accept it. */
export const UPLOAD_KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * State of an upload's file: `partial` belongs to the process that receives it, `claimed` to the one that accepts it.
 */
export type UploadPresence = 'partial' | 'plain' | 'claimed';

/** A received file that one process has to itself. Disposing it without `remove()` releases it. */
export interface ClaimedUpload extends AsyncDisposable {
  /** Path for readers that need one; its name says nothing about the content. */
  readonly path: string;
  readonly source: ByteSource;
  /** Removes the file. */
  remove(): Promise<void>;
}

/**
 * Storage of uploads until they are accepted: a folder (0700) beside the archives, with files (0600) named by upload
 * id. Lists of archives never show them. Every failure is an `AppError`: NOT_FOUND, NAME_INVALID, DISK_FULL or
 * STORAGE_UNAVAILABLE.
 */
export interface UploadArea {
  readonly folder: string;
  /** Makes the folder. Safe to call at any time. */
  prepare(): Promise<void>;
  /**
   * Starts the file of an upload that comes in one piece; `commit()` gives it its name. If the process dies, `sweep()`
   * removes what is left.
   */
  receive(id: string): Promise<PendingObject>;
  /** Makes the empty file of an upload that comes in pieces, each written by its own request. */
  make(id: string): Promise<void>;
  /** Opens that file to continue at `offset`. Written bytes stay, however the request ends. */
  append(id: string, offset: number): Promise<ByteSink & AsyncDisposable>;
  /** Makes appended bytes durable. */
  settle(id: string): Promise<void>;
  open(id: string): Promise<ByteSource>;
  /**
   * Takes a received file for the caller alone. Rejects with NOT_FOUND when it does not exist or another process has
   * it.
   */
  claim(id: string): Promise<ClaimedUpload>;
  /** Removes the file, if it exists. */
  remove(id: string): Promise<void>;
  /** Returns the uploads that have a file, with its state. */
  present(): Promise<Map<string, UploadPresence>>;
  /** Returns the uploads claimed by a process that has died. */
  abandoned(): Promise<string[]>;
  /**
   * Removes what dead processes were receiving and files older than `UPLOAD_KEPT_MS`; releases what dead processes had
   * claimed. Returns the names removed.
   */
  sweep(now: Date): Promise<string[]>;
  /** Returns the bytes that can still be written, or null where that is unknown. */
  freeSpace(): Promise<number | null>;
}

const ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const PLAIN = new RegExp(`^(${ID})$`);
const OWNED = new RegExp(`^[.](${ID})(?:[.](accept))?[.][0-9a-z]+-\\d+-\\d+-\\d+[.]part$`);

/** Returns an upload area in one folder of this machine, or in a folder that all servers share. */
export function createUploadArea(folder: string): UploadArea {
  const home = resolve(folder);
  const redactions = folderRedactions(home, 'the folder of the uploads');
  const temporaries = temporaryNames();
  let counter = 0;

  const pathOf = (id: string): string => {
    if (PLAIN.test(id)) return join(home, id);
    throw new AppError('NAME_INVALID', 'That is not the id of an upload.', { hint: 'Ids look like a UUID.' });
  };
  const guarded = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storageFailure(error, doing, { redactions });
    }
  };
  const prepare = () =>
    guarded(`Making ${home}`, async () => void (await mkdir(home, { recursive: true, mode: 0o700 })));
  const names = async (): Promise<string[]> => (await readdir(home).catch(ignoreMissing)) ?? [];
  const freeSpace = async (): Promise<number | null> => {
    const facts = await statfs(home).catch(() => null);
    return facts && facts.bavail * facts.bsize;
  };

  return {
    folder: home,
    prepare,
    freeSpace,

    async receive(id) {
      const path = pathOf(id);
      await prepare();
      return await guarded(`Creating ${path}`, async () => {
        const temporary = join(home, temporaries.make(id, counter++));
        const handle = await open(temporary, 'wx', 0o600);
        // Uploads have no sidecars; this name never exists.
        return new LocalPendingObject({
          handle,
          temporary,
          name: id,
          path,
          sidecar: `${temporary}.json`,
          freeSpace,
          redactions,
          beforeNaming: async () => undefined,
        });
      });
    },

    async make(id) {
      const path = pathOf(id);
      await prepare();
      await guarded(`Creating ${path}`, async () => await (await open(path, 'wx', 0o600)).close());
    },

    async append(id, offset) {
      const path = pathOf(id);
      const handle = await guarded(`Opening ${path}`, () => open(path, 'r+'));
      let at = offset;
      return {
        async write(bytes) {
          try {
            for (let done = 0; done < bytes.length; ) {
              const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at);
              done += bytesWritten;
              at += bytesWritten;
            }
          } catch (error) {
            throw storageFailure(error, `Writing ${path}`, { free: await freeSpace(), written: at, redactions });
          }
        },
        [Symbol.asyncDispose]: () => handle.close(),
      };
    },

    async settle(id) {
      const path = pathOf(id);
      await guarded(`Finishing ${path}`, async () => {
        const handle = await open(path, 'r+');
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
        await syncFolder(home);
      });
    },

    open: async (id) => await openFileNoFollow(pathOf(id)),

    async claim(id) {
      const path = pathOf(id);
      const claimed = join(home, temporaries.make(`${id}.accept`, counter++));
      await guarded(`Claiming ${path}`, async () => {
        await rename(path, claimed).catch((error: unknown) => {
          throw systemCode(error) === 'ENOENT' ? gone() : error;
        });
      });
      const giveBack = () => rename(claimed, path).catch(ignoreMissing);
      const source = await openFileNoFollow(claimed).catch(async (error: unknown) => {
        await giveBack();
        throw error;
      });
      let held = true;
      return {
        path: claimed,
        source,
        async remove() {
          if (!held) return;
          held = false;
          await source[Symbol.asyncDispose]();
          await guarded(`Removing ${claimed}`, async () => await unlink(claimed).catch(ignoreMissing));
        },
        async [Symbol.asyncDispose]() {
          if (!held) return;
          held = false;
          await source[Symbol.asyncDispose]();
          await guarded(`Giving back ${path}`, giveBack);
        },
      };
    },

    async remove(id) {
      const path = pathOf(id);
      await guarded(`Removing ${path}`, async () => await unlink(path).catch(ignoreMissing));
    },

    async present() {
      return await guarded(`Listing ${home}`, async () => {
        const found = new Map<string, UploadPresence>();
        for (const name of await names()) {
          const [, plain] = PLAIN.exec(name) ?? [];
          const [, owned, accept] = OWNED.exec(name) ?? [];
          if (plain !== undefined) found.set(plain, 'plain');
          else if (owned !== undefined && !found.has(owned)) found.set(owned, accept ? 'claimed' : 'partial');
        }
        return found;
      });
    },

    async abandoned() {
      return await guarded(`Listing ${home}`, async () =>
        (await names()).flatMap((name) => {
          const [, id, accept] = OWNED.exec(name) ?? [];
          return id !== undefined && accept && temporaries.isAbandoned(name) ? [id] : [];
        }),
      );
    },

    async sweep(now) {
      return await guarded(`Looking for leftovers in ${home}`, async () => {
        const removed: string[] = [];
        for (const name of await names()) {
          const [, id, accept] = OWNED.exec(name) ?? [];
          const path = join(home, name);
          const abandoned = id !== undefined && temporaries.isAbandoned(name);
          if (abandoned && accept) await rename(path, pathOf(id)).catch(ignoreMissing);
          else if (abandoned || (PLAIN.test(name) && (await isOld(path, now)))) {
            await unlink(path).catch(ignoreMissing);
            removed.push(name);
          }
        }
        return removed;
      });
    },
  };
}

async function isOld(path: string, now: Date): Promise<boolean> {
  const facts = await stat(path).catch(ignoreMissing);
  return facts !== undefined && now.getTime() - facts.mtime.getTime() > UPLOAD_KEPT_MS;
}

function gone(): AppError {
  return new AppError('NOT_FOUND', 'The file of this upload is not there, or somebody else is accepting it.', {
    hint: 'Look at the upload again in a moment; if it is gone, send the file once more.',
  });
}
