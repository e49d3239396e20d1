import { deflateRawSync, gzipSync } from 'node:zlib';
import { sha256Hex } from '../archive/codec.ts';
import type { ManifestEntry } from '../archive/manifest/manifest.ts';
import { chunkName } from '../archive/names.ts';
import { sampleManifest } from '../archive/sample.fixture.ts';
import { chunkPart, entryFor, forgeZip, manifestPart } from '../archive/zip.fixture.ts';

/** A file made to cost far more than it is. */
export interface HostileFile {
  what: string;
  bytes(): Uint8Array;
}

const MEBIBYTE = 1024 ** 2;
/** What the bombs become, whatever they are: enough to be far beyond every limit. */
const EXPANDED = 100 * MEBIBYTE;
const staff = { schema: 'public', name: 'staff' };
const FITTING = sampleManifest([]);

/**
 * Makes hostile files of about so many bytes, each when it is asked for. None of them is a backup, and none may cost what its maker meant it
 * to.
 */
export function hostileFiles(size: number): HostileFile[] {
  const fill = (text: string) => Buffer.alloc(size, text);
  const list = (item: string) => Buffer.alloc(Math.floor(size / item.length) * item.length, item);
  const archive = (...pieces: (string | Buffer)[]) =>
    forgeZip([manifestPart(new Uint8Array(Buffer.concat(pieces.map((piece) => Buffer.from(piece)))))]);
  const open = (key: string) => JSON.stringify({ ...FITTING, [key]: undefined }).slice(0, -1);
  const document = (before: string, item: Buffer, after: string) =>
    Buffer.concat([
      Buffer.from(`{"metadata":{"version":"1"},"data":{"categories":[${before}`),
      item,
      Buffer.from(after),
    ]);
  const keys = (text: string) => {
    const count = Math.floor(size / (text.length + 10));
    return Buffer.from(Array.from({ length: count }, (_, index) => `"${text}${index}":0,`).join(''));
  };
  return [
    {
      what: 'a manifest of empty tables',
      bytes: () => archive('{"formatVersion":"1.0","tables":[', list('{},'), '{}]}'),
    },
    { what: 'a manifest of empty entries', bytes: () => archive(open('entries'), ',"entries":[', list('{},'), '{}]}') },
    {
      what: 'a manifest of empty warnings',
      bytes: () => archive(open('warnings'), ',"warnings":[', list('"",'), '""]}'),
    },
    {
      what: 'a manifest of one table of empty columns',
      bytes: () => archive('{"tables":[{"columns":[', list('{},'), '{}]}]}'),
    },
    { what: 'a manifest of levels', bytes: () => archive('{"later":', fill('[')) },
    { what: 'a manifest of one text', bytes: () => archive('{"later":"', fill('x'), '"}') },
    { what: 'a manifest of one number', bytes: () => archive('{"later":', fill('9'), '}') },
    { what: 'a manifest of keys', bytes: () => archive('{', keys('k'), '"a":0}') },
    { what: 'a manifest that repeats itself', bytes: () => archive('{', list('"tables":[],'), '"a":0}') },
    { what: 'a manifest of quotes', bytes: () => archive('{"later":["', list('\\"'), '"]}') },
    {
      what: 'a manifest of what later versions may add',
      bytes: () => archive(open('types'), ',"types":[],"later":{"a":[', list('{},'), '{}]}}'),
    },
    { what: 'a manifest that is no UTF-8', bytes: () => archive('{"later":"', Buffer.alloc(size, 0xff), '"}') },
    { what: 'a chunk that expands a thousandfold, as it says', bytes: () => bomb((entry) => entry) },
    {
      what: 'a chunk that expands a thousandfold and says it does not',
      bytes: () => bomb((entry) => ({ ...entry, size: 1000 })),
    },
    { what: 'a zstd chunk of an endless window', bytes: () => endlessWindow() },
    { what: 'a ZIP of very many entries', bytes: () => manyEntries(size) },
    { what: 'a ZIP of names of 64 KB', bytes: () => longNames(size) },
    { what: 'a ZIP that lies about where things are, by ZIP64', bytes: () => lostDirectory() },
    { what: 'ZIPs within each other', bytes: () => nested(size) },
    { what: 'spaces, by gzip', bytes: () => gzipSync(Buffer.alloc(EXPANDED, ' ')) },
    {
      what: 'a document of one text, by gzip',
      bytes: () => gzipSync(document('{"id":"', Buffer.alloc(EXPANDED, 'x'), '"}]}}')),
    },
    { what: 'a document of empty rows', bytes: () => document('', list('{},'), '{}]}}') },
    { what: 'a document of one key', bytes: () => document('{"', fill('k'), '":1}]}}') },
    { what: 'a document of one number', bytes: () => document('{"id":', fill('9'), '}]}}') },
    { what: 'a document of one row of keys', bytes: () => document('{', keys('id'), '"a":0}]}}') },
    { what: 'a document of levels', bytes: () => document('{"id":', fill('['), '') },
    { what: 'a document of metadata', bytes: () => Buffer.concat([Buffer.from('{"metadata":{"a":['), list('{},')]) },
    { what: 'a document that repeats itself', bytes: () => document('', list('{"id":"a","id":"b"},'), '{}]}}') },
  ];
}

function bomb(lie: (entry: ManifestEntry) => ManifestEntry): Uint8Array {
  const content = Buffer.alloc(EXPANDED, 'a');
  const name = chunkName(staff, 1, 'csv');
  const part = chunkPart(name, content);
  const entry = lie(entryFor(part, content, { table: staff, rows: 1 }));
  return forgeZip([{ ...part, size: entry.size }, manifestPart(sampleManifest([entry]))]);
}

/** Makes a frame that asks for a window of two gigabytes. */
function endlessWindow(): Uint8Array {
  const stored = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x53, 0x00, 0x00, 0x41]);
  const name = chunkName(staff, 1, 'csv');
  const content = Buffer.alloc(10, 'A');
  const part = { ...chunkPart(name, content), method: 'zstd' as const, stored, storedSize: stored.length };
  const entry = { ...entryFor(part, content, { table: staff, rows: 1 }), storedSha256: sha256Hex(stored) };
  return forgeZip([part, manifestPart(sampleManifest([entry]))]);
}

function manyEntries(size: number): Uint8Array {
  const part = { ...chunkPart('x', ''), method: 'store' as const, stored: new Uint8Array(), storedSize: 0 };
  return forgeZip(Array.from({ length: Math.floor(size / 90) }, (_, index) => ({ ...part, name: index.toString(36) })));
}

function longNames(size: number): Uint8Array {
  const part = { ...chunkPart('x', ''), method: 'store' as const, stored: new Uint8Array(), storedSize: 0 };
  const count = Math.max(2, Math.floor(size / 131_000));
  return forgeZip(
    Array.from({ length: count }, (_, index) => ({ ...part, name: `${index}${'x'.repeat(65_000)}`.slice(0, 65_000) })),
  );
}

/** Makes a ZIP whose end says that the directory is longer than any file. */
function lostDirectory(): Uint8Array {
  const end64 = Buffer.alloc(76);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(2n ** 63n, 40);
  end64.writeBigUInt64LE(2n ** 63n, 48);
  end64.writeUInt32LE(0x07064b50, 56);
  const end = Buffer.alloc(22, 0xff);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(0, 20);
  const line = Buffer.alloc(60);
  line.writeUInt32LE(0x02014b50, 0);
  line.write('manifest.json', 46);
  return Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100), line, end64, end]);
}

function nested(size: number): Uint8Array {
  let inner: Uint8Array = deflateRawSync(Buffer.alloc(size, 0));
  for (let level = 0; level < 10; level++) {
    const name = level === 9 ? 'backup.json' : 'inner.zip';
    inner = forgeZip([chunkPart(name, inner)]);
  }
  return inner;
}
