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
 * Reads a BackupData document as it comes in, holding one row at a time. Hands over, for each piece of bytes, what became known by it.
 * Unknown keys, repeated keys, values of another kind, rows that lack what others have, and anything that is not whole JSON in UTF-8
 * reject with ARCHIVE_INVALID and the path to the place; arrays may be missing. Values are never repeated in a message.
 */
export async function* readBackupJson(
  bytes: AsyncIterable<Uint8Array>,
  tables: JsonTable[],
  options: { signal: AbortSignal; limits?: Partial<JsonLimits> },
): AsyncGenerator<JsonPiece[]> {
  const limits = { ...JSON_LIMITS, ...options.limits };
  const document = new BackupDocument(tables, limits);
  const tokenizer = createJsonTokenizer(document.take, () => document.path(), limits);
  for await (const piece of bytes) {
    throwIfCancelled(options.signal, 'Reading the document');
    tokenizer.write(piece);
    const pieces = document.handOver();
    if (pieces.length > 0) yield pieces;
  }
  tokenizer.end();
  document.end();
  yield document.handOver();
}

/**
 * What a document says of itself, where it says so before its rows, as the HRMS's tool and this program do; empty where it does not.
 * Reads no further than that and refuses nothing: for showing to a person before the document is read as a whole.
 */
export async function peekMetadata(bytes: AsyncIterable<Uint8Array>): Promise<DocumentMetadata> {
  const document = new BackupDocument([], JSON_LIMITS);
  const tokenizer = createJsonTokenizer(document.take, () => document.path(), JSON_LIMITS);
  for await (const piece of bytes) {
    let isReadable = true;
    try {
      tokenizer.write(piece);
    } catch {
      isReadable = false;
    }
    const [found] = document.handOver().filter((one) => one.kind === 'metadata');
    if (found) return found.metadata;
    if (!isReadable) break;
  }
  return {};
}
