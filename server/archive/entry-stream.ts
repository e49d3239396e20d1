import { crc32, createInflateRaw, createZstdDecompress } from 'node:zlib';
import type { ByteSource } from '../core/bytes.ts';
import { readPieces } from '../core/pieces.ts';
import type { ManifestEntry } from './manifest/manifest.ts';
import { RowCounter } from './rows/records.ts';

const PIECE_BYTES = 256 * 1024;

/** Sums over an entry that was read piece by piece. */
export interface StreamedEntry {
  storedSha256: string;
  sha256: string;
  crc32: string;
  size: number;
  /** Null for a text entry. */
  rows: number | null;
}

/**
 * Decompresses an entry whose stored bytes begin at `offset`, keeping only sums. Throws RangeError when it is longer
 * than the manifest says or holds an unfinished row. Passes on what the decompressor throws.
 */
export async function streamEntry(
  source: ByteSource,
  offset: number,
  entry: ManifestEntry,
  signal: AbortSignal | undefined,
): Promise<StreamedEntry> {
  const storedHash = new Bun.CryptoHasher('sha256');
  const hash = new Bun.CryptoHasher('sha256');
  const rows = entry.format === 'text' ? null : new RowCounter(entry.format);
  let sum = 0;
  let size = 0;
  const stored = readPieces(source, {
    what: 'Reading the archive',
    signal,
    offset,
    length: entry.storedSize,
    pieceBytes: PIECE_BYTES,
    fresh: true,
  });
  const hashed = (async function* () {
    for await (const piece of stored) {
      storedHash.update(piece);
      yield piece;
    }
  })();
  for await (const piece of entry.method === 'store' ? hashed : expanded(hashed, entry.method)) {
    size += piece.length;
    if (size > entry.size) throw new RangeError(`expected ${entry.size} bytes, found more`);
    hash.update(piece);
    sum = crc32(piece, sum);
    rows?.add(piece);
  }
  return {
    storedSha256: storedHash.digest('hex'),
    sha256: hash.digest('hex'),
    crc32: sum.toString(16).padStart(8, '0'),
    size,
    rows: rows?.end() ?? null,
  };
}

async function* expanded(stored: AsyncIterable<Uint8Array>, method: 'deflate' | 'zstd'): AsyncGenerator<Uint8Array> {
  const options = { chunkSize: PIECE_BYTES };
  const expander = method === 'deflate' ? createInflateRaw(options) : createZstdDecompress(options);
  const feeding = (async () => {
    for await (const piece of stored)
      await new Promise<void>((done, fail) => expander.write(piece, (error) => (error ? fail(error) : done())));
    expander.end();
  })();
  feeding.catch((error: Error) => expander.destroy(error));
  try {
    yield* expander as AsyncIterable<Uint8Array>;
    await feeding;
  } finally {
    expander.destroy();
  }
}
