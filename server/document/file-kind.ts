import { createGunzip, type ZlibOptions } from 'node:zlib';
import type { ByteSource } from '../core/bytes.ts';
import { AppError } from '../core/errors.ts';
import { type PieceOptions, readPieces } from '../core/pieces.ts';
import { findOldBackup } from './old-zip.ts';

/**
 * Kind of a file, judged by its content alone. `archive` stands for everything that is none of the others: opening it
 * says what is wrong.
 */
export type FileKind = 'archive' | 'json' | 'json.gz' | 'old zip';

export interface DocumentLimits {
  /** Most bytes of the document once expanded. */
  documentBytes: number;
  /** Most times it may expand. It applies only beyond `freeBytes`, because small texts may be very repetitive. */
  ratio: number;
  freeBytes: number;
}

const LIMITS: DocumentLimits = { documentBytes: 64 * 1024 ** 3, ratio: 250, freeBytes: 64 * 1024 ** 2 };
/** Limits for files that anybody may send: rows as JSON, with their keys, compress to a fifteenth. */
export const UPLOADED_DOCUMENT_LIMITS: DocumentLimits = { ...LIMITS, ratio: 50 };
const PIECE_BYTES = 64 * 1024;

/** The text of a BackupData document, in any wrapping. */
export interface JsonDocument {
  kind: Exclude<FileKind, 'archive'>;
  /** Bytes of the text; null when only reading can tell. */
  size: number | null;
  /**
   * Yields the text from its beginning, as often as it is called. Rejects with ARCHIVE_INVALID, ARCHIVE_DAMAGED or
   * ARCHIVE_LIMIT.
   */
  bytes(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * Opens a BackupData document: plain, gzipped, or alone in a ZIP of the HRMS's old tool. Returns null for anything
 * else: an archive, or an unknown file.
 */
export async function openJsonDocument(
  source: ByteSource,
  chosen: Partial<DocumentLimits> = {},
): Promise<JsonDocument | null> {
  const limits = { ...LIMITS, ...chosen };
  const head = await source.read(0, Math.min(4, source.size));
  if (head[0] === 0x1f && head[1] === 0x8b)
    return { kind: 'json.gz', size: null, bytes: (signal) => limited(gunzipped(source, signal), source.size, limits) };
  if (head[0] === 0x50 && head[1] === 0x4b) {
    const old = await findOldBackup(source);
    if (old === null) return null;
    refuseTooLarge(old.size, old.storedSize, limits);
    return {
      kind: 'old zip',
      size: old.size,
      bytes: (signal) => limited(old.bytes(signal), old.storedSize, limits),
    };
  }
  if (!(await looksLikeJson(source))) return null;
  return {
    kind: 'json',
    size: source.size,
    bytes: (signal) => limited(readPieces(source, reading(signal)), source.size, limits),
  };
}

/**
 * Returns whether a file looks like a JSON object or list, in any encoding that could pass for text. Reading it says
 * what is wrong with it.
 */
async function looksLikeJson(source: ByteSource): Promise<boolean> {
  const head = await source.read(0, Math.min(1024, source.size));
  const text = new TextDecoder('latin1').decode(head).replaceAll('\0', '');
  return /^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*[{[]/.test(text);
}

function reading(signal: AbortSignal): PieceOptions {
  return { what: 'Reading the document', signal, pieceBytes: PIECE_BYTES };
}

async function* gunzipped(source: ByteSource, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const options: ZlibOptions = { chunkSize: PIECE_BYTES };
  const gunzip = createGunzip(options);
  const feeding = feed(source, gunzip, signal);
  feeding.catch((error: Error) => gunzip.destroy(error));
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
    await feeding;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('ARCHIVE_DAMAGED', 'The gzip file is damaged or was cut off.', {
      cause,
      hint: 'Copy the file again, or use another backup.',
    });
  } finally {
    gunzip.destroy();
  }
}

async function feed(source: ByteSource, into: NodeJS.WritableStream, signal: AbortSignal): Promise<void> {
  for await (const piece of readPieces(source, { ...reading(signal), fresh: true }))
    await new Promise<void>((done, fail) => into.write(piece, (error) => (error ? fail(error) : done())));
  into.end();
}

/** Passes bytes on, and stops a text that grows beyond what its file can honestly hold. */
async function* limited(
  bytes: AsyncIterable<Uint8Array>,
  stored: number,
  limits: DocumentLimits,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of bytes) {
    size += piece.length;
    refuseTooLarge(size, stored, limits);
    yield piece;
  }
}

function refuseTooLarge(size: number, stored: number, limits: DocumentLimits): void {
  if (size > limits.documentBytes)
    throw new AppError('ARCHIVE_LIMIT', `The document has more than ${limits.documentBytes} bytes.`, {
      hint: 'An archive (.zip) of the same data has no such limit: make one where the data is.',
    });
  if (size > limits.freeBytes && size > stored * limits.ratio)
    throw new AppError(
      'ARCHIVE_LIMIT',
      `The document grows to more than ${limits.ratio} times its compressed size; no more is read.`,
      { hint: 'If it is yours all the same, unpack it and give the JSON itself.' },
    );
}
