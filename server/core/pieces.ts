import type { ByteSource } from './bytes.ts';
import { cancelled } from './errors.ts';

const PIECE_BYTES = 1024 * 1024;

/** Part of a source to read, and the way to read it. */
export interface PieceOptions {
  /** Name of the work in CANCELLED: "Reading the archive". */
  what: string;
  signal?: AbortSignal | undefined;
  /** First byte; 0 when absent. */
  offset?: number;
  /** Bytes to read; to the end of the source when absent. */
  length?: number;
  /** Largest piece in bytes; 1 MiB when absent. */
  pieceBytes?: number;
  /** True to give each piece bytes of its own, for a reader that keeps it beyond the next one. */
  fresh?: boolean;
}

/**
 * Yields the bytes of a source in order, in pieces. Each piece is a view of one buffer, refilled for the next, unless
 * `fresh`. Throws CANCELLED once the signal is aborted, and what the source throws.
 */
export async function* readPieces(source: ByteSource, options: PieceOptions): AsyncGenerator<Uint8Array> {
  const { what, signal, offset = 0, pieceBytes = PIECE_BYTES, fresh = false } = options;
  const length = options.length ?? source.size - offset;
  const buffer = fresh ? undefined : new Uint8Array(Math.min(pieceBytes, length));
  for (let at = 0; at < length; at += pieceBytes) {
    if (signal?.aborted) throw cancelled(what);
    yield await source.read(offset + at, Math.min(pieceBytes, length - at), buffer);
  }
}

/** Returns the SHA-256 (hex) of a part of a source, read in pieces. Throws what `readPieces` throws. */
export async function sha256OfSource(source: ByteSource, options: PieceOptions): Promise<string> {
  const hash = new Bun.CryptoHasher('sha256');
  for await (const piece of readPieces(source, options)) hash.update(piece);
  return hash.digest('hex');
}

/** Returns whether two sources hold the same bytes, read in pieces side by side. Throws what `readPieces` throws. */
export async function sameContent(
  one: ByteSource,
  other: ByteSource,
  options: Pick<PieceOptions, 'what' | 'signal'> & {
    /** Called with the number of equal bytes after each piece. */
    onEqual?: (bytes: number) => void;
  },
): Promise<boolean> {
  if (one.size !== other.size) return false;
  const others = readPieces(other, options);
  const mine = readPieces(one, options);
  for (let equal = 0; ; ) {
    const [a, b] = await Promise.all([mine.next(), others.next()]);
    if (a.done || b.done) return true;
    if (Buffer.compare(a.value, b.value) !== 0) return false;
    equal += a.value.length;
    options.onEqual?.(equal);
  }
}
