import { isUtf8 } from 'node:buffer';

/** Bytes readable at any offset: a stored archive, a file, memory. */
export interface ByteSource extends AsyncDisposable {
  readonly size: number;
  /**
   * Returns exactly `length` bytes from `offset`; rejects with ARCHIVE_DAMAGED when the source ends before. Fills
   * `into`, when given, and returns a view of it.
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
}

/** Destination of bytes, written one after the other. */
export interface ByteSink {
  /** Appends in call order. Resolves when the caller may reuse the bytes. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Returns UTF-8 bytes as text; in other bytes, writes each one outside ASCII in hex. */
export function printable(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  return bytes
    .toString('latin1')
    .replaceAll(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
