import { restoreWords } from '../strings-restore.ts';
import { type Failure, made } from './failure.ts';
import { type DocumentFacts, peekDocument, refuseCutDocument } from './peek-document.ts';

const { upload: w } = restoreWords;

/** What a file is, found out before a byte of it is sent. */
export type Peeked =
  | { kind: 'backup'; madeAt: string; rows: number; tables: number; by: string; database: string }
  /** BackupData; only the server can say whether all of it is right. `packed`: it goes as it is. */
  | { kind: 'document'; packed: boolean; facts: DocumentFacts | null };

const END_OF_DIRECTORY = 0x06054b50;
const END_LENGTH = 22;
const LONGEST_COMMENT = 65_535;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const MANIFEST = 'manifest.json';
/** A directory of some hundred thousand entries; a larger one is left to the server. */
const LONGEST_DIRECTORY = 64 * 1024 ** 2;
const LONGEST_MANIFEST = 64 * 1024 ** 2;
const FORMAT_MAJOR = 1;

/** Reads as little of a file as shows what it is: its first bytes, and of a ZIP the table of contents and the manifest. Throws a Failure. */
export async function peek(file: Blob): Promise<Peeked> {
  if (file.size === 0) throw made('INPUT_INVALID', w.empty, w.kindHint);
  const start = await bytesOf(file, 0, 64);
  const text = new TextDecoder('latin1').decode(start);
  if (text.startsWith('age-encryption.org/')) throw made('INPUT_INVALID', w.encrypted, w.encryptedHint);
  if (text.startsWith('PK')) return peekZip(file);
  if (start[0] === 0x1f && start[1] === 0x8b) {
    const unpacked = file.stream().pipeThrough(new DecompressionStream('gzip'));
    return { kind: 'document', packed: true, facts: await peekDocument(unpacked) };
  }
  if (/^(\xef\xbb\xbf)?[ \t\r\n]*[{[]/.test(text)) {
    const facts = await peekDocument(file.stream());
    await refuseCutDocument(file);
    return { kind: 'document', packed: false, facts };
  }
  if (/^(\xff\xfe|\xfe\xff)/.test(text)) throw made('INPUT_INVALID', w.wide, w.wideHint);
  if (text.startsWith('PGDMP')) throw made('INPUT_INVALID', w.dump, w.dumpHint);
  throw made('INPUT_INVALID', w.notZip, w.kindHint);
}

async function peekZip(file: Blob): Promise<Peeked> {
  const entries = await readDirectory(file);
  const manifest = entries.find(({ name }) => name === MANIFEST);
  if (manifest) return readManifest(file, manifest);
  const [only, ...others] = entries;
  if (only && others.length === 0 && /\.json$/i.test(only.name)) {
    return { kind: 'document', packed: true, facts: await peekDocument(await contentOf(file, only)) };
  }
  throw made('ARCHIVE_INVALID', w.notOurs, w.notOursHint);
}

interface Entry {
  name: string;
  method: number;
  storedSize: number;
  size: number;
  at: number;
}

async function readDirectory(file: Blob): Promise<Entry[]> {
  const tailLength = Math.min(file.size, END_LENGTH + LONGEST_COMMENT);
  const tail = viewOf(await bytesOf(file, file.size - tailLength, file.size));
  let end = tail.byteLength - END_LENGTH;
  while (end >= 0 && tail.getUint32(end, true) !== END_OF_DIRECTORY) end--;
  if (end < 0) throw cut();
  let length = tail.getUint32(end + 12, true);
  let start = tail.getUint32(end + 16, true);
  if (start === 0xffffffff || length === 0xffffffff) {
    // The large form keeps its own numbers, in the 56 bytes that its 20-byte sign-post stands behind.
    const large = end - 20 - 56;
    if (large < 0 || tail.getUint32(large, true) !== 0x06064b50) throw cut();
    length = Number(tail.getBigUint64(large + 40, true));
    start = Number(tail.getBigUint64(large + 48, true));
  }
  if (length > LONGEST_DIRECTORY || start + length > file.size) throw cut();
  return entriesIn(viewOf(await bytesOf(file, start, start + length)));
}

function entriesIn(view: DataView): Entry[] {
  const decoder = new TextDecoder();
  const entries: Entry[] = [];
  for (let at = 0; at + 46 <= view.byteLength; ) {
    if (view.getUint32(at, true) !== ENTRY) throw cut();
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const name = decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, nameLength));
    const method = view.getUint16(at + 10, true);
    const large = largeNumbers(view, at, at + 46 + nameLength, extraLength);
    entries.push({ name, method, ...large });
    at += 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  }
  return entries;
}

/** Sizes and place of an entry, from its extra field where they do not fit into 32 bits. */
function largeNumbers(view: DataView, entry: number, extra: number, extraLength: number) {
  let storedSize = view.getUint32(entry + 20, true);
  let size = view.getUint32(entry + 24, true);
  let at = view.getUint32(entry + 42, true);
  for (let next = extra; next + 4 <= extra + extraLength; next += 4 + view.getUint16(next + 2, true)) {
    if (view.getUint16(next, true) !== 1) continue;
    let value = next + 4;
    const read = () => {
      const number = Number(view.getBigUint64(value, true));
      value += 8;
      return number;
    };
    if (size === 0xffffffff) size = read();
    if (storedSize === 0xffffffff) storedSize = read();
    if (at === 0xffffffff) at = read();
  }
  return { storedSize, size, at };
}

async function readManifest(file: Blob, { method, size, at }: Entry): Promise<Peeked> {
  if (method !== STORED || size > LONGEST_MANIFEST) throw made('ARCHIVE_INVALID', w.notOurs, w.notOursHint);
  const begin = await beginOf(file, at);
  const bytes = await bytesOf(file, begin, begin + size);
  if (bytes.length !== size) throw cut();
  return described(parsed(new TextDecoder().decode(bytes)));
}

/** The bytes of an entry, unpacked as they are asked for. */
async function contentOf(
  file: Blob,
  { method, storedSize, at }: Entry,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const begin = await beginOf(file, at);
  const stored = file.slice(begin, begin + storedSize).stream();
  if (method === STORED) return stored;
  if (method === DEFLATED) return stored.pipeThrough(new DecompressionStream('deflate-raw'));
  throw made('ARCHIVE_INVALID', w.notOurs, w.notOursHint);
}

/** Where the content of an entry begins, behind its own header. */
async function beginOf(file: Blob, at: number): Promise<number> {
  const header = viewOf(await bytesOf(file, at, at + 30));
  if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL) throw cut();
  return at + 30 + header.getUint16(26, true) + header.getUint16(28, true);
}

function described(manifest: unknown): Peeked {
  const metadata = property(manifest, 'metadata');
  const [version, madeAt] = [property(manifest, 'formatVersion'), property(metadata, 'timestamp')];
  const [rows, tables] = [property(metadata, 'totalRecords'), property(manifest, 'tables')];
  if (typeof version !== 'string' || typeof madeAt !== 'string' || typeof rows !== 'number' || !Array.isArray(tables))
    throw made('ARCHIVE_INVALID', w.notOurs, w.notOursHint);
  if (Number(version.split('.')[0]) > FORMAT_MAJOR) throw made('ARCHIVE_TOO_NEW', w.newer(version), w.newerHint);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const by = text(property(metadata, 'createdBy'));
  return { kind: 'backup', madeAt, rows, tables: tables.length, by, database: text(property(metadata, 'databaseUrl')) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw cut();
  }
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

async function bytesOf(file: Blob, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(from, to).arrayBuffer());
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function cut(): Failure {
  return made('ARCHIVE_DAMAGED', w.cut, w.cutHint);
}
