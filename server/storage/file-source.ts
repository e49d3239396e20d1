import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { ByteSource } from '../core/bytes.ts';
import { AppError, fileRedactions } from '../core/errors.ts';
import { storageFailure, systemCode } from './failures.ts';

/**
 * Opens an archive anywhere on this machine, following symbolic links. Rejects with NOT_FOUND or STORAGE_UNAVAILABLE.
 */
export async function openFile(path: string): Promise<ByteSource> {
  return await openRegularFile(path, 0);
}

/** Opens as `openFile` does, but rejects a path that is itself a symbolic link. */
export async function openFileNoFollow(path: string): Promise<ByteSource> {
  return await openRegularFile(path, constants.O_NOFOLLOW);
}

async function openRegularFile(path: string, flags: number): Promise<ByteSource> {
  let handle: FileHandle;
  const redactions = fileRedactions(path);
  try {
    // Non-blocking, because opening a pipe nobody writes to would wait for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ELOOP') {
      throw new AppError('NOT_FOUND', `There is no file ${path}.`, {
        cause: error,
        hint: 'Check the path.',
        redactions,
      });
    }
    throw storageFailure(error, `Opening ${path}`, { redactions });
  }
  try {
    const facts = await handle.stat();
    if (!facts.isFile())
      throw new AppError('NOT_FOUND', `${path} is not a file.`, {
        hint: 'Give the path of an archive.',
        redactions,
      });
    return new FileSource(handle, path, facts.size);
  } catch (error) {
    await handle.close();
    throw storageFailure(error, `Opening ${path}`, { redactions });
  }
}

class FileSource implements ByteSource {
  private readonly handle: FileHandle;
  private readonly path: string;
  readonly size: number;

  constructor(handle: FileHandle, path: string, size: number) {
    this.handle = handle;
    this.path = path;
    this.size = size;
  }

  async read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    if (offset < 0 || offset + length > this.size) throw tooShort(this.path, offset, length);
    const target = into ? into.subarray(0, length) : new Uint8Array(length);
    if (target.length < length) throw new RangeError(`a buffer of ${target.length} bytes cannot take ${length}`);
    for (let done = 0; done < length; ) {
      const bytesRead = await this.readSome(target, done, offset + done);
      if (bytesRead === 0) throw tooShort(this.path, offset, length);
      done += bytesRead;
    }
    return target;
  }

  private async readSome(target: Uint8Array, done: number, position: number): Promise<number> {
    try {
      return (await this.handle.read(target, done, target.length - done, position)).bytesRead;
    } catch (error) {
      throw storageFailure(error, `Reading ${this.path}`, { redactions: fileRedactions(this.path) });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close();
  }
}

/** Returns the ARCHIVE_DAMAGED error for a read past the end. */
export function tooShort(where: string, offset: number, length: number): AppError {
  return new AppError('ARCHIVE_DAMAGED', `${where} ends before byte ${offset + length}.`, {
    hint: 'The file was cut off. Use another backup, or copy this one again.',
    details: { place: 'container', offset, length },
    redactions: fileRedactions(where),
  });
}
