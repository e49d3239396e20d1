import { throwIfCancelled } from '../core/errors.ts';
import {
  BackupDocument,
  type DocumentMetadata,
  JSON_LIMITS,
  type JsonLimits,
  type JsonPiece,
  type JsonTable,
} from './document.ts';
import { createJsonTokenizer } from './tokens.ts';

/**
 * Reads a BackupData document as its bytes arrive, holding one row, and yields for each piece of bytes what it
 * completed. Rejects with ARCHIVE_INVALID and a path for unknown or repeated keys, values of the wrong kind, incomplete
 * rows, or anything but whole JSON in UTF-8. Arrays may be missing, and messages never repeat values.
 */
export async function* readBackupJson(
  bytes: AsyncIterable<Uint8Array>,
  tables: JsonTable[],
  options: { signal: AbortSignal; limits?: Partial<JsonLimits> },
): AsyncGenerator<JsonPiece[]> {
  const limits = { ...JSON_LIMITS, ...options.limits };
  const document = new BackupDocument(tables, limits);
  const tokenizer = createJsonTokenizer(document.accept, () => document.path(), limits);
  for await (const piece of bytes) {
    throwIfCancelled(options.signal, 'Reading the document');
    tokenizer.write(piece);
    const pieces = document.takePieces();
    if (pieces.length > 0) yield pieces;
  }
  tokenizer.end();
  document.end();
  yield document.takePieces();
}

/**
 * Returns the metadata that precedes the rows, where the HRMS's tool and this program write it; otherwise an empty
 * object. Reads no further and refuses nothing: it is meant to be shown before the whole document is read.
 */
export async function peekMetadata(bytes: AsyncIterable<Uint8Array>): Promise<DocumentMetadata> {
  const document = new BackupDocument([], JSON_LIMITS);
  const tokenizer = createJsonTokenizer(document.accept, () => document.path(), JSON_LIMITS);
  for await (const piece of bytes) {
    let isReadable = true;
    try {
      tokenizer.write(piece);
    } catch {
      isReadable = false;
    }
    const [found] = document.takePieces().filter((one) => one.kind === 'metadata');
    if (found) return found.metadata;
    if (!isReadable) break;
  }
  return {};
}
