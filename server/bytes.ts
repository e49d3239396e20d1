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
