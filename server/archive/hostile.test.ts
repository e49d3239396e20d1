import { expect, test } from 'bun:test';
import { deflateRawSync } from 'node:zlib';
import { codeOf } from '../../db/testing/code-of.fixture.ts';
import { AppError } from '../core/errors.ts';
import { bytesSource } from '../storage/memory.ts';
import { crc32Hex, sha256Hex } from './codec.ts';
import type { Manifest, ManifestEntry } from './manifest/manifest.ts';
import { chunkName } from './names.ts';
import { checkContainer, openArchive } from './reader.ts';
import { sampleArchive, sampleManifest } from './sample.fixture.ts';
import { chunkPart, entryFor, type ForgedEntry, forgeZip, manifestPart, partsOf } from './zip.fixture.ts';

const { bytes, manifest } = await sampleArchive();
const parts = partsOf(bytes, manifest);
const [first, second, third, readme, last] = parts;
if (!first || !second || !third || !readme || !last)
  throw new Error('the sample has fewer entries than this test needs');

async function readAll(archive: Uint8Array): Promise<void> {
  const opened = await openArchive(bytesSource(archive));
  await checkContainer(opened);
  for (const entry of opened.manifest.entries) await opened.readEntry(entry);
}

test('the forger makes the same archive as the writer when it changes nothing', () => {
  expect(forgeZip(parts)).toEqual(bytes);
});

const containers: Record<string, Uint8Array> = {
  'a missing chunk': forgeZip([first, third, readme, last]),
  'a missing text': forgeZip([first, second, third, last]),
  'an extra entry': forgeZip([
    first,
    second,
    third,
    chunkPart('data/public.staff/00003.csv', 'id,name\n'),
    readme,
    last,
  ]),
  'an extra entry after the manifest': forgeZip([...parts, chunkPart('more', 'more')]),
  'a repeated chunk': forgeZip([first, first, second, third, readme, last]),
  'a second manifest': forgeZip([last, ...parts]),
  'a renamed chunk': forgeZip([first, { ...second, name: 'data/public.loans/00002.csv' }, third, readme, last]),
  'two chunks in the other order': forgeZip([third, second, first, readme, last]),
  'two chunks with their contents swapped': forgeZip([
    { ...third, name: first.name },
    second,
    { ...first, name: third.name },
    readme,
    last,
  ]),
  'the contents of another chunk': forgeZip([first, second, { ...first, name: third.name }, readme, last]),
  'the wrong compression method': forgeZip([{ ...first, method: 'store' }, second, third, readme, last]),
  'something before it': Buffer.concat([Buffer.from('#!/bin/sh\n'), bytes]),
  'something after it': Buffer.concat([bytes, Buffer.from('\n')]),
  'another archive before it': Buffer.concat([bytes, bytes]),
  'a comment': Buffer.concat([bytes.subarray(0, -2), Uint8Array.of(2, 0), Buffer.from('hi')]),
  'a gap between entries': withGap(bytes, first),
};

function withGap(archive: Uint8Array, entry: ForgedEntry): Uint8Array {
  const end = 30 + entry.name.length + entry.stored.length;
  return Buffer.concat([archive.subarray(0, end), new Uint8Array(8), archive.subarray(end)]);
}

for (const [what, archive] of Object.entries(containers)) {
  test(`an archive with ${what} is refused`, async () => {
    expect(await codeOf(readAll(archive))).toMatch(/^ARCHIVE_(DAMAGED|INVALID)$/);
  });
}

test('openArchive() calls what is no archive of ours ARCHIVE_INVALID', async () => {
  for (const foreign of ['', 'PK', '{"metadata":{}}', 'x'.repeat(5000)]) {
    expect(await codeOf(openArchive(bytesSource(Buffer.from(foreign))))).toBe('ARCHIVE_INVALID');
  }
  expect(await codeOf(openArchive(bytesSource(forgeZip([]))))).toBe('ARCHIVE_INVALID');
  expect(await codeOf(openArchive(bytesSource(forgeZip([chunkPart('notes.txt', 'hello')]))))).toBe('ARCHIVE_INVALID');
});

test('openArchive() calls an archive whose end is missing ARCHIVE_DAMAGED', async () => {
  expect(await codeOf(openArchive(bytesSource(bytes.subarray(0, bytes.length - 1))))).toBe('ARCHIVE_DAMAGED');
  expect(await codeOf(openArchive(bytesSource(bytes.subarray(0, 600))))).toBe('ARCHIVE_DAMAGED');
});

test('openArchive() refuses an empty, a broken and an oversized manifest', async () => {
  const alone = (content: string) => forgeZip([manifestPart(Buffer.from(content))]);
  for (const wrong of ['', 'null', '{', '[]', '{}', '"\xff"', 'true', '{"formatVersion":"1.0"}']) {
    expect(await codeOf(openArchive(bytesSource(alone(wrong))))).toBe('ARCHIVE_DAMAGED');
  }
  const latin1 = forgeZip([manifestPart(Uint8Array.of(0x22, 0xff, 0x22))]);
  expect(await codeOf(openArchive(bytesSource(latin1)))).toBe('ARCHIVE_DAMAGED');
  const huge = forgeZip([manifestPart(new Uint8Array(64 * 1024 * 1024 + 1))]);
  expect(await codeOf(openArchive(bytesSource(huge)))).toBe('ARCHIVE_LIMIT');
});

test('openArchive() refuses a newer major version and says which program wrote it', async () => {
  const newer = Buffer.from(
    JSON.stringify({ formatVersion: '2.0', application: { name: 'Palace Backup', version: '9.1.0' }, other: 'things' }),
  );
  const error = await openArchive(bytesSource(forgeZip([manifestPart(newer)]))).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({
    code: 'ARCHIVE_TOO_NEW',
    message: expect.stringContaining('written by Palace Backup 9.1.0'),
  });
});

test('openArchive() reads a newer minor version and passes over what it does not know', async () => {
  const json = JSON.parse(new TextDecoder().decode(last.stored)) as object;
  const newer = manifestPart(
    Buffer.from(`${JSON.stringify({ ...json, formatVersion: '1.7', added: { later: true } })}\n`),
  );
  await readAll(forgeZip([first, second, third, readme, newer]));
});

test('openArchive() accepts a signature after the manifest and nothing larger in its place', async () => {
  const signature = (size: number) => ({ ...manifestPart(new Uint8Array(size)), name: 'manifest.sig' });
  await readAll(forgeZip([...parts, signature(64)]));
  expect(await codeOf(readAll(forgeZip([...parts, signature(5000)])))).toBe('ARCHIVE_LIMIT');
});

const staff = { schema: 'public', name: 'staff' };

/** Returns an archive of one chunk about which the manifest may lie. */
function lying(
  content: string | Uint8Array,
  lie: (entry: ManifestEntry) => ManifestEntry,
  forge = (part: ForgedEntry) => part,
): Uint8Array {
  const name = chunkName(staff, 1, 'csv');
  const part = forge(chunkPart(name, content));
  const entry = lie(entryFor(part, content, { table: staff, rows: 1 }));
  const { size, storedSize, crc32, method } = entry;
  return forgeZip([{ ...part, size, storedSize, crc32, method }, manifestPart(sampleManifest([entry]))]);
}

async function readOnly(archive: Uint8Array): Promise<void> {
  const opened = await openArchive(bytesSource(archive));
  for (const entry of opened.manifest.entries) await opened.readEntry(entry);
}

/** Checks as `readOnly` reads, in pieces. */
async function checkOnly(archive: Uint8Array): Promise<number[]> {
  const opened = await openArchive(bytesSource(archive));
  const rows: number[] = [];
  for (const entry of opened.manifest.entries) rows.push(await opened.checkEntry(entry));
  return rows;
}

test('checkEntry() counts the rows that readEntry() gives, of every method and format, in one piece or in many', async () => {
  for (const method of ['deflate', 'zstd'] as const) {
    const sample = await sampleArchive({ method });
    expect(await checkOnly(sample.bytes)).toEqual(sample.manifest.entries.map((entry) => entry.rows));
  }
  // Quotes and line ends on both sides of every seam.
  const long = `id,name\n${'1,"a""\n"\n'.repeat(100_000)}`;
  expect(await checkOnly(lying(long, (entry) => entry))).toEqual([100_000]);
  const stored = (part: ForgedEntry) => ({ ...part, method: 'store' as const, stored: Buffer.from(long) });
  const plain = (entry: ManifestEntry) => ({
    ...entry,
    method: 'store' as const,
    storedSize: long.length,
    storedSha256: entry.sha256,
  });
  expect(await checkOnly(lying(long, plain, stored))).toEqual([100_000]);
  expect(await codeOf(checkOnly(lying(`${long}2,"`, (entry) => entry)))).toBe('ARCHIVE_DAMAGED');
});

test('readEntry() and checkEntry() refuse a chunk whose manifest lies about its size, checksum or hashes', async () => {
  const content = 'id,name\n1,a\n';
  await readOnly(lying(content, (entry) => entry));
  const lies: ((entry: ManifestEntry) => ManifestEntry)[] = [
    (entry) => ({ ...entry, size: entry.size - 1 }),
    (entry) => ({ ...entry, size: entry.size + 1 }),
    (entry) => ({ ...entry, size: 0 }),
    (entry) => ({ ...entry, storedSize: entry.storedSize - 1 }),
    (entry) => ({ ...entry, storedSize: entry.storedSize + 1 }),
    (entry) => ({ ...entry, crc32: '00000000' }),
    (entry) => ({ ...entry, sha256: 'ab'.repeat(32) }),
    (entry) => ({ ...entry, storedSha256: 'ab'.repeat(32) }),
    (entry) => ({ ...entry, method: 'zstd' }),
  ];
  for (const lie of lies) {
    expect(await codeOf(readOnly(lying(content, lie)))).toBe('ARCHIVE_DAMAGED');
    expect(await codeOf(checkOnly(lying(content, lie)))).toBe('ARCHIVE_DAMAGED');
  }
});

test('readEntry() stops a bomb at the size the manifest gives, and refuses a size beyond the limit', async () => {
  const zeros = new Uint8Array(64 * 1024 * 1024);
  const claim = (size: number) => (entry: ManifestEntry) => ({ ...entry, size });
  expect(await codeOf(readOnly(lying(zeros, claim(1000))))).toBe('ARCHIVE_DAMAGED');
  expect(await codeOf(readOnly(lying(zeros, claim(2 * 1024 ** 3))))).toBe('ARCHIVE_LIMIT');

  const zstd = Bun.zstdCompressSync(zeros);
  const frames = Buffer.concat([zstd, zstd, zstd]);
  const asZstd = (stored: Uint8Array) => (part: ForgedEntry) => ({
    ...part,
    method: 'zstd' as const,
    stored,
    storedSize: stored.length,
  });
  const honestHash = (stored: Uint8Array, size: number) => (entry: ManifestEntry) => ({
    ...entry,
    size,
    method: 'zstd' as const,
    storedSize: stored.length,
    storedSha256: sha256Hex(stored),
  });
  expect(await codeOf(readOnly(lying(zeros, honestHash(zstd, 1000), asZstd(zstd))))).toBe('ARCHIVE_DAMAGED');
  expect(await codeOf(readOnly(lying(zeros, honestHash(frames, zeros.length), asZstd(frames))))).toBe(
    'ARCHIVE_DAMAGED',
  );
});

test('readEntry() refuses compressed bytes that end early, though every hash agrees', async () => {
  const content = Buffer.from('id,name\n1,a\n'.repeat(100));
  const cut = deflateRawSync(content).subarray(0, -3);
  const forge = (part: ForgedEntry) => ({ ...part, stored: cut, storedSize: cut.length });
  const lie = (entry: ManifestEntry) => ({
    ...entry,
    storedSize: cut.length,
    storedSha256: sha256Hex(cut),
    crc32: crc32Hex(content),
  });
  expect(await codeOf(readOnly(lying(content, lie, forge)))).toBe('ARCHIVE_DAMAGED');
});

test('openArchive() refuses more entries than its limit', async () => {
  expect(await codeOf(openArchive(bytesSource(bytes), { limits: { entries: 3 } }))).toBe('ARCHIVE_LIMIT');
});

test('a damaged chunk is named with its table and number', async () => {
  const archive = await openArchive(
    bytesSource(lying('id,name\n1,a\n', (entry) => ({ ...entry, sha256: 'ab'.repeat(32) }))),
  );
  const error = await archive
    .readEntry(archive.manifest.entries[0] as Manifest['entries'][number])
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    message: expect.stringContaining('Chunk 1 of table public.staff (data/public.staff/00001.csv) is damaged'),
    details: { place: 'chunk', table: 'public.staff', entry: 'data/public.staff/00001.csv' },
  });
});
