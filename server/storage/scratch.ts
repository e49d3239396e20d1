import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ByteSource } from '../core/bytes.ts';
import { folderRedactions } from '../core/errors.ts';
import { Mutex } from '../core/mutex.ts';
import { storageFailure } from './failures.ts';
import { tooShort } from './file-source.ts';
import { FOLDER_WORDS } from './local/folder-marker.ts';
import { temporaryNames } from './local/temporary.ts';
import type { PendingObject, Storage } from './storage.ts';

/**
 * A storage for one object that never gets a name and keeps no sidecar. Its file (0600, in `folder`, which must be
 * local) is unlinked before the first byte is written. Nothing is left behind, however the process ends.
 */
export interface Scratch extends Storage, AsyncDisposable {}

export function createScratch(
  folder: string,
  home: Pick<Storage, 'label' | 'redactions' | 'freeSpace' | 'demandPresent'>,
): Scratch {
  let file: { handle: FileHandle; size: number } | null = null;
  const close = async () => {
    await file?.handle.close().catch(() => undefined);
    file = null;
  };
  const opened = () => {
    if (!file) throw new TypeError('nothing was written here');
    return file;
  };
  return {
    label: home.label,
    redactions: home.redactions,
    async create() {
      await close();
      await home.demandPresent();
      file = { handle: await namelessFile(folder), size: 0 };
      return pendingIn(opened, close);
    },
    demandPresent: () => home.demandPresent(),
    open: async () => sourceOf(opened()),
    list: async () => [],
    listDocuments: async () => [],
    remove: close,
    writeSidecar: async () => undefined,
    readSidecar: async () => null,
    freeSpace: () => home.freeSpace(),
    sweep: async () => [],
    locate: (name) => join(home.label, name),
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Opens a file and unlinks it. Should the process end between the two calls, a sweep recognises the name as abandoned.
 */
async function namelessFile(folder: string): Promise<FileHandle> {
  const path = join(resolve(folder), temporaryNames().make(`scratch-${crypto.randomUUID()}`, 0));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    await unlink(path);
    return handle;
  } catch (error) {
    throw storageFailure(error, `Writing to ${folder}`, { redactions: folderRedactions(folder, FOLDER_WORDS) });
  }
}

function pendingIn(opened: () => { handle: FileHandle; size: number }, close: () => Promise<void>): PendingObject {
  let committed = false;
  const writes = new Mutex();
  const append = async (bytes: Uint8Array) => {
    const file = opened();
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.handle.write(bytes, done, bytes.length - done, file.size);
        done += bytesWritten;
        file.size += bytesWritten;
      }
    } catch (error) {
      throw storageFailure(error, 'Writing a temporary file', { written: file.size });
    }
  };
  const abort = async () => {
    if (committed) return;
    await writes.idle();
    await close();
  };
  return {
    write: (bytes) => writes.run(() => append(bytes)),
    async commit() {
      await writes.idle();
      committed = true;
    },
    abort,
    [Symbol.asyncDispose]: abort,
  };
}

function sourceOf({ handle, size }: { handle: FileHandle; size: number }): ByteSource {
  return {
    size,
    async read(offset, length, into) {
      if (offset < 0 || offset + length > size) throw tooShort('The temporary file', offset, length);
      const target = into ? into.subarray(0, length) : new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(target, done, length - done, offset + done);
        if (bytesRead === 0) throw tooShort('The temporary file', offset, length);
        done += bytesRead;
      }
      return target;
    },
    // The scratch closes the file.
    [Symbol.asyncDispose]: async () => undefined,
  };
}
