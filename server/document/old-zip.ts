import type { Entry, FileEntry, ZipReader } from '@zip.js/zip.js';
import { END_BYTES } from '../archive/container.ts';
import { MANIFEST_NAME } from '../archive/manifest/manifest.ts';
import type { ByteSource } from '../core/bytes.ts';
import { AppError, cancelled } from '../core/errors.ts';

/** The single document in a ZIP of the HRMS's old tool. */
export interface OldBackup {
  name: string;
  /** Bytes according to the directory; reading fails beyond that. */
  size: number;
  storedSize: number;
  /** Yields the document's bytes and checks its headers and CRC-32. Rejects with ARCHIVE_DAMAGED. */
  bytes(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Names of the files that the old tool puts beside the document. */
const BESIDE = new Set(['metadata.json', 'README.txt']);
/** Largest directory, which is held in memory: room for a hundred times the old tool's three records. */
const MAX_DIRECTORY_BYTES = 64 * 1024;

/**
 * Finds the old tool's document in a ZIP: exactly one JSON beside `metadata.json` and `README.txt`. Uses the directory,
 * because with data descriptors the local headers lack the sizes. Returns null for any other ZIP; throws
 * ARCHIVE_INVALID for one of this kind that holds more.
 */
export async function findOldBackup(source: ByteSource): Promise<OldBackup | null> {
  if (!(await hasSmallDirectory(source))) return null;
  const reader = await openZip(source);
  const entries = await reader.getEntries().catch(() => null);
  if (entries === null || entries.some((entry) => entry.filename === MANIFEST_NAME)) return null;
  const documents = entries.filter((entry) => /^[^/]+\.json$/.test(entry.filename) && !BESIDE.has(entry.filename));
  const [document] = documents;
  if (!document) return null;
  refuseOthers(entries, documents);
  if (document.directory || document.encrypted)
    throw new AppError('ARCHIVE_INVALID', `${document.filename} in the ZIP is encrypted; it cannot be read.`, {
      hint: 'Unzip it with its password, and give the JSON document.',
    });
  return {
    name: document.filename,
    size: document.uncompressedSize,
    storedSize: document.compressedSize,
    bytes: (signal) => entryBytes(document, signal),
  };
}

/**
 * Returns whether the ZIP has a small directory; an archive of ours ends differently, or may have a directory of any
 * length.
 */
async function hasSmallDirectory(source: ByteSource): Promise<boolean> {
  if (source.size < END_BYTES) return false;
  const end = Buffer.from(await source.read(source.size - END_BYTES, END_BYTES));
  return end.readUInt32LE(0) === 0x06054b50 && end.readUInt32LE(12) <= MAX_DIRECTORY_BYTES;
}

function refuseOthers(entries: Entry[], documents: Entry[]): void {
  const others = entries.filter((entry) => !BESIDE.has(entry.filename) && !documents.includes(entry));
  if (documents.length === 1 && others.length === 0) return;
  const names = [...documents, ...others].slice(0, 5).map((entry) => JSON.stringify(entry.filename.slice(0, 100)));
  throw new AppError('ARCHIVE_INVALID', `The ZIP must hold one backup document, and holds ${names.join(', ')}.`, {
    hint: 'Give the ZIP as the HRMS made it, or unzip it and give the one JSON document.',
  });
}

async function* entryBytes(entry: FileEntry, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  // Holds one piece at a time, so that the reader sets the pace.
  const stream = new TransformStream<Uint8Array, Uint8Array>();
  const stop = new AbortController();
  const written = entry.getData(stream.writable, {
    checkCrc32: true,
    checkOverlappingEntry: true,
    signal: AbortSignal.any([signal, stop.signal]),
  });
  // The failure is handled below, through the stream or after it.
  written.catch(() => undefined);
  let size = 0;
  try {
    for await (const piece of stream.readable) {
      size += piece.length;
      if (size > entry.uncompressedSize) throw new RangeError('it is longer than the directory says');
      yield piece;
    }
    await written;
    if (size !== entry.uncompressedSize) throw new RangeError('it is shorter than the directory says');
  } catch (cause) {
    if (signal.aborted) throw cancelled('Reading the document');
    if (cause instanceof AppError) throw cause;
    throw new AppError('ARCHIVE_DAMAGED', `${entry.filename} in the ZIP is damaged or was cut off.`, {
      cause,
      hint: 'Copy the file again, or use another backup.',
    });
  } finally {
    stop.abort();
  }
}

/** Gives the ZIP library random access to a source. Loads it now: hardly a program that starts ever meets such a file. */
async function openZip(source: ByteSource): Promise<ZipReader<ByteSource>> {
  const { Reader, ZipReader } = await import('@zip.js/zip.js');
  class SourceReader extends Reader<ByteSource> {
    override size = source.size;

    override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
      return await source.read(index, Math.min(length, source.size - index));
    }
  }
  return new ZipReader(new SourceReader(source), { strictness: 'strict', useWebWorkers: false });
}
