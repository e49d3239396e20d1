import type { ByteSource } from '../core/bytes.ts';
import { alreadyExists, notFound } from './failures.ts';
import { tooShort } from './file-source.ts';
import { checkNewName, checkObjectName, isArchiveName, isDocumentName } from './object-name.ts';
import { decodeSidecar, encodeSidecar } from './sidecar.ts';
import type { PendingObject, Storage } from './storage.ts';

/** Returns the smallest storage that keeps the contract. Objects live as long as the storage itself. */
export function createMemoryStorage(now: () => Date): Storage {
  const objects = new Map<string, { bytes: Uint8Array; at: Date }>();
  const sidecars = new Map<string, Uint8Array>();

  const find = (name: string) => {
    checkObjectName(name);
    const object = objects.get(name);
    if (!object) throw notFound(name);
    return object;
  };

  const named = (isWanted: (name: string) => boolean) =>
    [...objects]
      .filter(([name]) => isWanted(name))
      .map(([name, { bytes, at }]) => ({ name, size: bytes.length, createdAt: at, modifiedAt: at }))
      .sort((a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime() || (a.name < b.name ? 1 : -1));

  return {
    label: 'memory',
    redactions: {},
    demandPresent: async () => undefined,
    create: async (name) => {
      checkNewName(name);
      if (objects.has(name)) throw alreadyExists(name);
      return pending((bytes) => {
        if (objects.has(name)) throw alreadyExists(name);
        objects.set(name, { bytes, at: now() });
      });
    },
    open: async (name) => bytesSource(find(name).bytes, name),
    list: async () => named(isArchiveName),
    listDocuments: async () => named(isDocumentName),
    remove: async (name) => {
      find(name);
      objects.delete(name);
      sidecars.delete(name);
    },
    writeSidecar: async (name, sidecar) => {
      find(name);
      sidecars.set(name, encodeSidecar(sidecar));
    },
    readSidecar: async (name) => {
      checkObjectName(name);
      const bytes = sidecars.get(name);
      return bytes ? decodeSidecar(bytes) : null;
    },
    freeSpace: async () => null,
    sweep: async () => [],
    locate: (name) => {
      checkObjectName(name);
      return `memory:${name}`;
    },
  };
}

/** Returns bytes in memory as a source; `where` names it when a read goes past the end. */
export function bytesSource(bytes: Uint8Array, where = 'The archive'): ByteSource {
  return {
    size: bytes.length,
    read: async (offset, length, into) => {
      if (offset < 0 || offset + length > bytes.length) throw tooShort(where, offset, length);
      const found = bytes.subarray(offset, offset + length);
      if (!into) return new Uint8Array(found);
      into.set(found);
      return into.subarray(0, length);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function pending(publish: (bytes: Uint8Array) => void): PendingObject {
  const pieces: Uint8Array[] = [];
  let open = true;
  const end = () => {
    open = false;
    pieces.length = 0;
  };
  const refuseWhenClosed = () => {
    if (!open) throw new TypeError('the object is committed or aborted already');
  };
  return {
    write: async (bytes) => {
      refuseWhenClosed();
      pieces.push(new Uint8Array(bytes));
    },
    commit: async () => {
      refuseWhenClosed();
      const bytes = Buffer.concat(pieces);
      end();
      publish(bytes);
    },
    abort: async () => end(),
    [Symbol.asyncDispose]: async () => end(),
  };
}
