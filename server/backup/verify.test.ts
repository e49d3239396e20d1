import { expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, codeOfError } from '../../db/testing/code-of.fixture.ts';
import { forever, SAMPLE_CHUNKS, sampleArchive } from '../archive/sample.fixture.ts';
import { forgeZip, partsOf } from '../archive/zip.fixture.ts';
import type { ProgressEvent } from '../core/progress.ts';
import { bytesSource } from '../storage/memory.ts';
import { type VerifyReport, verifyArchive } from './verify.ts';

const { bytes, manifest, digest } = await sampleArchive();
const parts = partsOf(bytes, manifest);

async function verify(archive: Uint8Array): Promise<VerifyReport> {
  return await verifyArchive(bytesSource(archive), { signal: forever(), onProgress: () => undefined });
}

/** Returns the offset of the stored bytes of the entry at this position in the archive. */
function dataOffset(number: number): number {
  return parts
    .slice(0, number + 1)
    .reduce((sum, part, index) => sum + 30 + part.name.length + (index < number ? part.storedSize : 0), 0);
}

function flipped(...offsets: number[]): Uint8Array {
  const damaged = new Uint8Array(bytes);
  for (const offset of offsets) damaged[offset] = (damaged[offset] ?? 0) ^ 1;
  return damaged;
}

const names = [
  'data/public.staff/00001.csv',
  'data/public.loans/00001.csv',
  'data/public.staff/00002.copy',
  'README.txt',
];

test('verifyArchive() finds a sound archive sound and counts its rows', async () => {
  for (const method of ['deflate', 'zstd'] as const) {
    const sample = await sampleArchive({ method });
    const size = SAMPLE_CHUNKS.reduce((sum, chunk) => sum + chunk.content.length, 'Read me.\n'.length);
    expect(await verify(sample.bytes)).toEqual({
      ok: true,
      digest: sample.digest,
      entries: 4,
      rows: 5,
      bytes: size,
      faults: [],
      losses: [],
    });
  }
});

test('verifyArchive() names the one damaged entry, its table and its chunk', async () => {
  for (const [number, name] of names.entries()) {
    for (const offset of [
      dataOffset(number),
      dataOffset(number) + (parts[number]?.storedSize ?? 0) - 1,
      dataOffset(number) - 1,
    ]) {
      const report = await verify(flipped(offset));
      expect(report).toMatchObject({ ok: false, digest, entries: 3 });
      expect(report.faults.map((fault) => [fault.place, fault.entry])).toEqual([['chunk', name]]);
    }
  }
  const [fault] = (await verify(flipped(dataOffset(2)))).faults;
  expect(fault).toMatchObject({
    table: 'public.staff',
    message: expect.stringContaining('Chunk 2 of table public.staff'),
  });
});

test('verifyArchive() names every damaged chunk, not only the first', async () => {
  const report = await verify(flipped(dataOffset(0), dataOffset(1), dataOffset(2)));
  expect(report.faults.map((fault) => fault.entry)).toEqual(names.slice(0, 3));
  expect(report.entries).toBe(1);
});

test('verifyArchive() names the chunk into which a byte was put or from which one is missing, and only that', async () => {
  const inside = dataOffset(1) + 3;
  const added = Buffer.concat([bytes.subarray(0, inside), Uint8Array.of(0), bytes.subarray(inside)]);
  const removed = Buffer.concat([bytes.subarray(0, inside), bytes.subarray(inside + 1)]);
  for (const damaged of [added, removed]) {
    const report = await verify(damaged);
    expect(report.faults.map((fault) => [fault.place, fault.entry])).toEqual([
      ['container', undefined],
      ['chunk', 'data/public.loans/00001.csv'],
    ]);
    expect(report.entries).toBe(3);
  }
});

test('promise 4: verifyArchive() names each chunk that was swapped or put in the place of another', async () => {
  const [first, second, third, readme, last] = parts;
  if (!first || !second || !third || !readme || !last) throw new Error('the sample is too small');
  const swapped = forgeZip([{ ...third, name: first.name }, second, { ...first, name: third.name }, readme, last]);
  const named = (await verify(swapped)).faults.flatMap((fault) => fault.entry ?? []);
  expect(named).toContain(first.name);
  expect(named).toContain(third.name);
});

test('verifyArchive() finds a chunk that holds another number of rows than the manifest says', async () => {
  const chunks = [{ table: 'staff', rows: 7, content: 'id,name\n1,a\n2,"b\n"\n' }];
  const report = await verify((await sampleArchive({ chunks })).bytes);
  expect(report.faults).toMatchObject([
    {
      place: 'chunk',
      table: 'public.staff',
      message: expect.stringContaining('the manifest says 7 rows, it holds 2'),
    },
  ]);
  const cut = [{ table: 'staff', rows: 1, content: 'id,name\n1,"a\n' }];
  expect((await verify((await sampleArchive({ chunks: cut })).bytes)).faults).toMatchObject([
    { message: expect.stringContaining('the last row does not end') },
  ]);
});

test('promise 4: verifyArchive() lets no damaged byte pass', async () => {
  const passed: number[] = [];
  for (let offset = 0; offset < bytes.length; offset++) {
    const report = await verify(flipped(offset)).catch(codeOfError);
    if (typeof report !== 'string' && report.ok) passed.push(offset);
  }
  expect(passed).toEqual([]);
});

test('verifyArchive() reports what is left of an archive whose end was cut off as damaged container', async () => {
  const report = await verify(bytes.subarray(0, bytes.length - 30));
  expect(report).toMatchObject({ ok: false, digest: null, entries: 0, faults: [{ place: 'container' }] });
});

test('verifyArchive() rejects what is no archive at all', async () => {
  expect(await codeOf(verify(Buffer.from('hello')))).toBe('ARCHIVE_INVALID');
});

test('verifyArchive() stops with CANCELLED', async () => {
  const aborted = AbortSignal.abort();
  expect(await codeOf(verifyArchive(bytesSource(bytes), { signal: aborted, onProgress: () => undefined }))).toBe(
    'CANCELLED',
  );
});

test('verifyArchive() tells how far it is: never backwards, and to the end', async () => {
  const events: ProgressEvent[] = [];
  const chunks = Array.from({ length: 30 }, (_, index) => ({
    table: `t${index % 3}`,
    rows: index,
    content: `id,name\n${'1,a\n'.repeat(index)}`,
  }));
  const sample = await sampleArchive({ chunks });
  const report = await verifyArchive(bytesSource(sample.bytes), {
    signal: forever(),
    onProgress: (event) => events.push(event),
  });
  expect(events.length).toBe(31);
  for (const [index, event] of events.entries()) {
    expect(event.bytes).toBeGreaterThanOrEqual(events[index - 1]?.bytes ?? 0);
    expect(event.rows).toBeGreaterThanOrEqual(events[index - 1]?.rows ?? 0);
  }
  expect(events.at(-1)).toMatchObject({
    stage: 'verify',
    rows: report.rows,
    bytes: report.bytes,
    totalBytes: report.bytes,
  });
});

test('verifyArchive() reads entries larger than 32 MiB too', async () => {
  const content = Buffer.alloc(33 * 1024 * 1024, 'x');
  content.write('id,name\n');
  content[content.length - 1] = 10;
  const report = await verify((await sampleArchive({ chunks: [{ table: 'large', rows: 1, content }] })).bytes);
  expect(report).toMatchObject({ ok: true, rows: 1, entries: 2 });
});

test('verifyArchive() finds the archives of every released format sound', async () => {
  const folder = join(import.meta.dir, '../archive/fixtures');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.zip'));
  expect(files.length).toBeGreaterThan(1);
  for (const file of files)
    expect(await verify(await Bun.file(join(folder, file)).bytes())).toMatchObject({ ok: true, faults: [] });
});
