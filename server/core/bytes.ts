import { isUtf8 } from 'node:buffer';

/** Bytes that can be read at any place: a stored archive, a file, memory. */
export interface ByteSource extends AsyncDisposable {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; rejects with ARCHIVE_DAMAGED when the source ends before. A buffer given is filled and a view of it returned. */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
}

/** Where bytes go, one write after the other. */
export interface ByteSink {
  /** Appends in call order; resolves when the bytes may be reused by the caller. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Bytes that are UTF-8 as they are; of others each that is not ASCII in hex. */
export function printable(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  return bytes
    .toString('latin1')
    .replaceAll(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
