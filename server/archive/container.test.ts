import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configure, Uint8ArrayReader, Uint8ArrayWriter, ZipReader, ZipWriter } from '@zip.js/zip.js';
import { bytesSource } from '../storage/memory.ts';
import { directoryEnd, directoryRecord, dosTime, localHeader } from './container.ts';
import { inspectContainer } from './inspect.ts';
import { encodeManifest } from './manifest/manifest.ts';
import { chunkName } from './names.ts';
import { openArchive } from './reader.ts';
import { SAMPLE_TIME, sampleArchive, sampleManifest } from './sample.fixture.ts';
import { chunkPart, entryFor, forgeZip, manifestPart, partsOf } from './zip.fixture.ts';

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

test('dosTime() is the UTC time whatever the time zone, in steps of two seconds, from 1980 to 2107', () => {
  expect(dosTime(new Date('2026-11-23T09:30:15.999Z'))).toBe(
    (((46 << 9) | (11 << 5) | 23) << 16) | (9 << 11) | (30 << 5) | 7,
  );
  expect(dosTime(new Date('1970-01-01T00:00:00Z')) >>> 25).toBe(0);
  expect(dosTime(new Date('2200-01-01T00:00:00Z')) >>> 25).toBe(127);
});

test('another ZIP library, given the same entries, writes the same bytes', async () => {
  const { bytes, manifest } = await sampleArchive({ method: 'zstd' });
  configure({ useWebWorkers: false });
  const writer = new ZipWriter(new Uint8ArrayWriter(), { keepOrder: true });
  for (const part of partsOf(bytes, manifest)) {
    await writer.add(part.name, new Uint8ArrayReader(part.stored), {
      passThrough: true,
      uncompressedSize: part.size,
      crc32: Number.parseInt(part.crc32, 16),
      compressionMethod: { store: 0, deflate: 8, zstd: 93 }[part.method],
      version: { store: 10, deflate: 20, zstd: 63 }[part.method],
      versionMadeBy: 0x33f,
      externalFileAttributes: (0o100600 << 16) >>> 0,
      rawLastModDate: dosTime(SAMPLE_TIME),
      extendedTimestamp: false,
      dataDescriptor: false,
      useUnicodeFileNames: false,
    });
  }
  expect(await writer.close()).toEqual(new Uint8Array(bytes));
});

test('another ZIP library reads every entry and finds every checksum right', async () => {
  const { bytes, manifest } = await sampleArchive();
  const reader = new ZipReader(new Uint8ArrayReader(new Uint8Array(bytes)), {
    checkSignature: true,
    useWebWorkers: false,
  });
  const found = await reader.getEntries();
  expect(found.map((entry) => entry.filename)).toEqual([
    ...manifest.entries.map((entry) => entry.name),
    'manifest.json',
  ]);
  const archive = await openArchive(bytesSource(bytes));
  for (const [index, entry] of manifest.entries.entries()) {
    const other = found[index];
    if (!other || other.directory) throw new Error('an entry is missing');
    expect(await other.getData(new Uint8ArrayWriter())).toEqual(new Uint8Array(await archive.readEntry(entry)));
  }
});

const plain = { name: 'a', method: 'deflate', size: 5, storedSize: 5, crc32: 'deadbeef' } as const;

test('directoryRecord() writes a ZIP64 offset from 4 GiB on, and none before', () => {
  const near = directoryRecord(plain, 0xffff_fffe, SAMPLE_TIME);
  expect([near.length, view(near).getUint32(42, true)]).toEqual([47, 0xffff_fffe]);
  const far = directoryRecord(plain, 0xffff_ffff, SAMPLE_TIME);
  expect([far.length, view(far).getUint32(42, true), view(far).getBigUint64(51, true)]).toEqual([
    59,
    0xffff_ffff,
    0xffff_ffffn,
  ]);
  expect(localHeader(plain, SAMPLE_TIME).length).toBe(31);
});

test('directoryEnd() turns ZIP64 when entries, offset or length ask for it, and only then', () => {
  expect(directoryEnd(65_534, 0xffff_fffe, 0xffff_fffe).length).toBe(22);
  for (const end of [
    directoryEnd(65_535, 10, 10),
    directoryEnd(1, 0xffff_ffff, 10),
    directoryEnd(1, 10, 0xffff_ffff),
  ]) {
    expect([end.length, view(end).getUint32(0, true)]).toEqual([98, 0x06064b50]);
  }
});

/** Returns a file that is zero except in a few places. */
function sparse(size: number, pieces: { offset: number; bytes: Uint8Array }[]) {
  return {
    size,
    read: async (offset: number, length: number, into?: Uint8Array) => {
      const target = (into?.subarray(0, length) ?? new Uint8Array(length)).fill(0);
      for (const piece of pieces) {
        const from = Math.max(offset, piece.offset);
        const to = Math.min(offset + length, piece.offset + piece.bytes.length);
        if (from < to) target.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - offset);
      }
      return target;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

test('openArchive() reads chunks that lie beyond 4 GiB', async () => {
  const { bytes, manifest } = await sampleArchive();
  const [first] = manifest.entries;
  if (!first?.table) throw new Error('the sample has no chunk');
  const huge = Array.from({ length: 5 }, (_, index) => {
    const name = `data/public.huge/0000${index + 1}.csv`;
    return {
      ...first,
      name,
      table: { schema: 'public', name: 'huge' },
      method: 'store' as const,
      rows: 0,
      size: 1_000_000_000,
      storedSize: 1_000_000_000,
    };
  });
  const larger = sampleManifest([...huge, first]);
  const pieces: { offset: number; bytes: Uint8Array }[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of [...larger.entries, manifestPart(larger)]) {
    directory.push(directoryRecord(entry, offset, SAMPLE_TIME));
    pieces.push({ offset, bytes: localHeader(entry, SAMPLE_TIME) });
    offset += 30 + entry.name.length;
    if (entry === first) pieces.push({ offset, bytes: partsOf(bytes, manifest)[0]?.stored ?? new Uint8Array() });
    if (entry.name === 'manifest.json') pieces.push({ offset, bytes: encodeManifest(larger) });
    offset += entry.storedSize;
  }
  const lines = Buffer.concat(directory);
  const end = directoryEnd(directory.length, offset, lines.length);
  pieces.push({ offset, bytes: lines }, { offset: offset + lines.length, bytes: end });
  const source = sparse(offset + lines.length + end.length, pieces);

  expect(source.size).toBeGreaterThan(2 ** 32);
  expect((await inspectContainer(source, { entries: 100, manifestBytes: 1_000_000 })).faults).toEqual([]);
  const archive = await openArchive(source);
  expect(new TextDecoder().decode(await archive.readEntry(first))).toStartWith('id,name\n1,Adaeze\n');
});

test('an archive of more than 65 535 entries is ZIP64 and reads back whole, here and with unzip', async () => {
  const staff = { schema: 'public', name: 'staff' };
  const content = 'id,name\n1,a\n';
  const part = chunkPart('any', content);
  const parts = Array.from({ length: 66_000 }, (_, index) => ({ ...part, name: chunkName(staff, index + 1, 'csv') }));
  const entry = entryFor(part, content, { table: staff, rows: 1 });
  const manifest = sampleManifest(parts.map(({ name }) => ({ ...entry, name })));
  const bytes = forgeZip([...parts, manifestPart(manifest)]);

  const archive = await openArchive(bytesSource(bytes));
  expect(archive.chunks(staff).length).toBe(66_000);
  const last = archive.chunks(staff).at(-1);
  expect(last && new TextDecoder().decode(await archive.readEntry(last))).toBe(content);

  const folder = await mkdtemp(join(tmpdir(), 'zip64-'));
  await Bun.write(join(folder, 'large.zip'), bytes);
  const listed = await Bun.$`unzip -Z1 large.zip | wc -l`.cwd(folder).quiet().text();
  await rm(folder, { recursive: true });
  expect(listed.trim()).toBe('66001');
});
