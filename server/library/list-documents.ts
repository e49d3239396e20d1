import { originInUrl, originText } from '../archive/manifest/origin.ts';
import { forEachConcurrent } from '../core/concurrent-map.ts';
import { AppError, redacted } from '../core/errors.ts';
import { openJsonDocument } from '../document/file-kind.ts';
import { peekMetadata } from '../document/read.ts';
import { refuseOtherJson } from '../document/survey.ts';
import type { Storage, StoredObject } from '../storage/storage.ts';
import { CONCURRENT_READS } from './list.ts';

/** A stored BackupData document as lists show it: the file, and the metadata before its rows. */
export interface StoredDocument {
  name: string;
  size: number;
  modifiedAt: string;
  filePath: string;
  /** Null when the document does not say, as in the fields below. */
  timestamp: string | null;
  createdBy: string | null;
  rows: number | null;
  /** Database it comes from, in words. */
  origin: string | null;
  damaged: { code: string; message: string } | null;
}

/**
 * Returns every stored BackupData document, newest first, and leaves out other JSON. Throws only when the storage
 * itself fails.
 */
export async function listDocuments(storage: Storage, signal: AbortSignal): Promise<StoredDocument[]> {
  const found: (StoredDocument | null)[] = [];
  await forEachConcurrent(CONCURRENT_READS, await storage.listDocuments(), async (object, index) => {
    signal.throwIfAborted();
    found[index] = await readDocument(storage, object, signal);
  });
  return found.filter((document) => document !== null);
}

async function readDocument(
  storage: Storage,
  object: StoredObject,
  signal: AbortSignal,
): Promise<StoredDocument | null> {
  const facts = {
    name: object.name,
    size: object.size,
    modifiedAt: object.modifiedAt.toISOString(),
    filePath: storage.locate(object.name),
  };
  const unknown = { timestamp: null, createdBy: null, rows: null, origin: null };
  try {
    await using source = await storage.open(object.name);
    const document = await openJsonDocument(source);
    if (document === null) return null;
    const isOther = await refuseOtherJson(document, object.name, signal).then(
      () => false,
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'ARCHIVE_INVALID') return true;
        throw error;
      },
    );
    if (isOther) return null;
    return { ...facts, ...unknown, ...documentFacts(await peekMetadata(document.bytes(signal))), damaged: null };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELLED') throw error;
    return { ...facts, ...unknown, damaged: { code: error.code, message: redacted(error).message } };
  }
}

/** Returns the well-formed facts in a document's metadata. */
export function documentFacts({ totalRecords, timestamp, createdBy, databaseUrl }: Record<string, unknown>) {
  return {
    timestamp: typeof timestamp === 'string' && !Number.isNaN(Date.parse(timestamp)) ? timestamp : null,
    createdBy: typeof createdBy === 'string' ? createdBy.slice(0, 200) : null,
    rows: typeof totalRecords === 'number' ? totalRecords : null,
    origin: typeof databaseUrl === 'string' ? originText(originInUrl(databaseUrl)) : null,
  };
}
