import type { CompressionMethod } from './manifest/manifest.ts';

/**
 * One entry of the ZIP container, which the functions here write from a manifest in exactly one way. Local headers are
 * complete: no data descriptors, comments or extra fields but the ZIP64 offset, and one time for all. Entries are
 * smaller than 4 GiB (the file need not be); these bytes may not change within a major version.
 */
export interface ContainerEntry {
  /** Printable ASCII. */
  name: string;
  method: CompressionMethod;
  size: number;
  storedSize: number;
  /** Eight hex digits, of the content before compression. */
  crc32: string;
}

export const END_BYTES = 22;
export const END64_BYTES = 56 + 20;
const LOCAL_HEADER_BYTES = 30;
export const DIRECTORY_RECORD_BYTES = 46;
export const OFFSET64_BYTES = 12;
const LIMIT_16 = 0xffff;
const LIMIT_32 = 0xffff_ffff;

const METHOD = { store: 0, deflate: 8, zstd: 93 } as const satisfies Record<CompressionMethod, number>;
const VERSION_NEEDED = { store: 10, deflate: 20, zstd: 63 } as const satisfies Record<CompressionMethod, number>;
/** Unix, ZIP specification 6.3. */
const VERSION_MADE_BY = (3 << 8) | 63;
/** Mode of a plain file that only its owner may read and write, because rows are private. */
const ATTRIBUTES = (0o100600 << 16) >>> 0;

export function localHeaderLength(entry: ContainerEntry): number {
  return LOCAL_HEADER_BYTES + entry.name.length;
}

/** Returns the bytes that precede an entry's stored bytes. */
export function localHeader(entry: ContainerEntry, time: Date): Uint8Array {
  const record = new RecordWriter(localHeaderLength(entry));
  record.u32(0x04034b50);
  common(record, entry, VERSION_NEEDED[entry.method], time);
  record.u16(0);
  record.ascii(entry.name);
  return record.bytes;
}

/** Returns the directory record of the entry whose local header begins at `offset`. */
export function directoryRecord(entry: ContainerEntry, offset: number, time: Date): Uint8Array {
  const far = offset >= LIMIT_32;
  const record = new RecordWriter(DIRECTORY_RECORD_BYTES + entry.name.length + (far ? OFFSET64_BYTES : 0));
  record.u32(0x02014b50);
  record.u16(VERSION_MADE_BY);
  common(record, entry, far ? Math.max(45, VERSION_NEEDED[entry.method]) : VERSION_NEEDED[entry.method], time);
  record.u16(far ? OFFSET64_BYTES : 0);
  record.u16(0);
  record.u16(0);
  record.u16(0);
  record.u32(ATTRIBUTES);
  record.u32(far ? LIMIT_32 : offset);
  record.ascii(entry.name);
  if (far) {
    record.u16(1);
    record.u16(8);
    record.u64(offset);
  }
  return record.bytes;
}

/** Returns the last bytes of the file. They use ZIP64 only when a number does not fit otherwise. */
export function directoryEnd(entries: number, offset: number, length: number): Uint8Array {
  const zip64 = entries >= LIMIT_16 || offset >= LIMIT_32 || length >= LIMIT_32;
  const record = new RecordWriter(END_BYTES + (zip64 ? END64_BYTES : 0));
  if (zip64) {
    record.u32(0x06064b50);
    record.u64(44);
    record.u16(VERSION_MADE_BY);
    record.u16(45);
    record.u32(0);
    record.u32(0);
    record.u64(entries);
    record.u64(entries);
    record.u64(length);
    record.u64(offset);
    record.u32(0x07064b50);
    record.u32(0);
    record.u64(offset + length);
    record.u32(1);
  }
  record.u32(0x06054b50);
  record.u16(0);
  record.u16(0);
  record.u16(zip64 ? LIMIT_16 : entries);
  record.u16(zip64 ? LIMIT_16 : entries);
  record.u32(zip64 ? LIMIT_32 : length);
  record.u32(zip64 ? LIMIT_32 : offset);
  record.u16(0);
  return record.bytes;
}

/**
 * Returns the MS-DOS date and time of a moment in UTC, whatever the machine's time zone. It counts in steps of two
 * seconds, from 1980 to 2107.
 */
export function dosTime(time: Date): number {
  const year = Math.min(Math.max(time.getUTCFullYear(), 1980), 2107);
  const date = ((year - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate();
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1);
  return ((date << 16) | clock) >>> 0;
}

function common(record: RecordWriter, entry: ContainerEntry, versionNeeded: number, time: Date): void {
  record.u16(versionNeeded);
  record.u16(0);
  record.u16(METHOD[entry.method]);
  record.u32(dosTime(time));
  record.u32(Number.parseInt(entry.crc32, 16));
  record.u32(entry.storedSize);
  record.u32(entry.size);
  record.u16(entry.name.length);
}

class RecordWriter {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private position = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
  }

  u16(value: number): void {
    this.view.setUint16(this.position, value, true);
    this.position += 2;
  }

  u32(value: number): void {
    this.view.setUint32(this.position, value, true);
    this.position += 4;
  }

  u64(value: number): void {
    this.view.setBigUint64(this.position, BigInt(value), true);
    this.position += 8;
  }

  ascii(text: string): void {
    this.position += new TextEncoder().encodeInto(text, this.bytes.subarray(this.position)).written;
  }
}
