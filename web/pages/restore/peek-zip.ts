import { Unzip, UnzipInflate } from 'fflate';

const END_OF_DIRECTORY = 'PK\x05\x06';
const END_LENGTH = 22;
const MAX_COMMENT_BYTES = 65_535;
const ENTRY = 'PK\x03\x04';
/** Bytes from the start of an entry to its name. */
const ENTRY_LENGTH = 30;
/** Bytes searched first for the manifest: enough for some thousand chunks. */
const FIRST_READ_BYTES = 256 * 1024;
const MAX_READ_BYTES = 80 * 1024 ** 2;

/** The end record of a ZIP. */
export interface ZipEnd {
  /** The offset of the end record from the beginning of the file. */
  at: number;
  entries: number;
}

/** Finds the end record of a ZIP. Null when there is none, or when bytes before it are missing: the file was cut. */
export async function endOfZip(file: Blob): Promise<ZipEnd | null> {
  const from = Math.max(0, file.size - END_LENGTH - MAX_COMMENT_BYTES);
  const bytes = await bytesOf(file, from, file.size);
  const found = latin1(bytes).lastIndexOf(END_OF_DIRECTORY);
  if (found < 0 || found + END_LENGTH > bytes.length) return null;
  const record = new DataView(bytes.buffer, bytes.byteOffset + found, END_LENGTH);
  const [length, start, at] = [record.getUint32(12, true), record.getUint32(16, true), from + found];
  // A large archive (ZIP64) keeps these numbers elsewhere.
  const isLarge = length === 0xffffffff || start === 0xffffffff;
  return isLarge || start + length === at ? { at, entries: record.getUint16(10, true) } : null;
}

/**
 * Returns the content of the last entry of this name, reading little more than what follows it. Null when there is none. Throws when it
 * does not decompress.
 */
export async function lastEntry(file: Blob, end: ZipEnd, name: string): Promise<Uint8Array | null> {
  for (let length = FIRST_READ_BYTES; ; length *= 4) {
    const from = Math.max(0, end.at - length);
    const bytes = await bytesOf(file, from, end.at);
    const found = lastNamed(latin1(bytes), name);
    if (found >= 0) return contentOf(file.slice(from + found, end.at));
    if (from === 0 || length > MAX_READ_BYTES) return null;
  }
}

async function contentOf(fromEntry: Blob): Promise<Uint8Array> {
  return new Uint8Array(await new Response(await firstEntry(fromEntry, /./)).arrayBuffer());
}

function lastNamed(text: string, name: string): number {
  for (let at = text.lastIndexOf(name); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(name, at - 1)) {
    if (at >= ENTRY_LENGTH && text.startsWith(ENTRY, at - ENTRY_LENGTH)) return at - ENTRY_LENGTH;
  }
  return -1;
}

/** Returns the first entry of a ZIP as a stream that decompresses on demand; null when its name does not match. */
export async function firstEntry(file: Blob, ending: RegExp): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | null> {
  let name: string | null = null;
  const ready: Uint8Array<ArrayBuffer>[] = [];
  const unzip = new Unzip((entry) => {
    // Later entries are skipped.
    if (name !== null) return;
    name = entry.name;
    entry.ondata = (error, piece) => {
      if (error) throw error;
      if (piece.length > 0) ready.push(new Uint8Array(piece));
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  const reader = file.stream().getReader();
  const readMore = async () => {
    const { done, value } = await reader.read();
    unzip.push(value ?? new Uint8Array(), done);
    return done;
  };
  let done = false;
  while (name === null && !done) done = await readMore();
  if (!ending.test(name ?? '')) {
    await reader.cancel();
    return null;
  }
  return new ReadableStream({
    async pull(controller) {
      while (ready.length === 0 && !done) done = await readMore();
      const piece = ready.shift();
      if (piece) controller.enqueue(piece);
      else controller.close();
    },
    cancel: () => reader.cancel(),
  });
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}

async function bytesOf(file: Blob, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(from, to).arrayBuffer());
}
