import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../../db/testing/code-of.fixture.ts';
import { memorySink, SAMPLE_TIME, sampleArchive, sampleManifest } from '../../archive/sample.fixture.ts';
import { createArchiveWriter } from '../../archive/writer.ts';
import { verifyArchive } from '../../backup/verify.ts';
import type { ByteSource } from '../../core/bytes.ts';
import { MARKER } from '../../storage/local/folder-marker.ts';
import { createLocalStorage } from '../../storage/local/local.ts';
import { bytesSource } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { acceptArchive } from './accept-archive.ts';

const NAME = 'backup_20261123T093015Z_6f9619ff.zip';
const now = () => new Date('2026-11-24T00:00:00Z');
let folder: string;
let storage: Storage;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palace-accept-'));
  storage = createLocalStorage(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const run = (signal = new AbortController().signal) => ({ signal, onProgress: () => undefined });
const accept = (bytes: Uint8Array, into: Storage = storage, signal?: AbortSignal) =>
  acceptArchive({ storage: into, now }, bytesSource(bytes), run(signal));
const names = async () => (await readdir(folder)).filter((name) => name !== MARKER).sort();
/** Returns the storage with some of its methods replaced. */
const withChanges = (changes: Partial<Storage>): Storage => ({
  label: storage.label,
  redactions: storage.redactions,
  demandPresent: () => storage.demandPresent(),
  create: (name) => storage.create(name),
  open: (name) => storage.open(name),
  list: () => storage.list(),
  listDocuments: () => storage.listDocuments(),
  remove: (name) => storage.remove(name),
  writeSidecar: (name, sidecar) => storage.writeSidecar(name, sidecar),
  readSidecar: (name) => storage.readSidecar(name),
  freeSpace: () => storage.freeSpace(),
  sweep: () => storage.sweep(),
  locate: (name) => storage.locate(name),
  ...changes,
});

test('an accepted archive is stored whole, with notes that it was uploaded and verified', async () => {
  for (const method of ['deflate', 'zstd'] as const) {
    const { bytes, digest } = await sampleArchive({ method });
    const accepted = await accept(bytes);
    expect(accepted).toMatchObject({ digest, size: bytes.length, totalRecords: 5, existing: false, warnings: [] });
    await using source = await storage.open(accepted.fileName);
    expect((await verifyArchive(source, run())).ok).toBe(true);
    expect(await storage.readSidecar(accepted.fileName)).toEqual({
      digest,
      kind: 'uploaded',
      pinned: false,
      note: null,
      lastVerified: now().toISOString(),
      lastProved: null,
    });
  }
  // One moment, one id, other bytes: two names.
  expect((await storage.list()).map(({ name }) => name).sort()).toEqual([NAME.replace('.zip', '-2.zip'), NAME]);
});

test('promise 4: one flipped bit anywhere is found, and nothing is stored', async () => {
  const { bytes } = await sampleArchive();
  for (let at = 0; at < bytes.length; at += 37) {
    const damaged = new Uint8Array(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    const code = await codeOf(accept(damaged));
    expect([at, code]).toEqual([at, expect.stringMatching(/^ARCHIVE_(DAMAGED|INVALID)$/)]);
  }
  expect(await names()).toEqual([]);
});

test('promise 7: an archive that speaks of our own schemas is refused before it is stored', async () => {
  for (const schema of ['backup_system', 'backup_queue', `restore_${'0'.repeat(32)}`]) {
    const sink = memorySink();
    const { signal } = new AbortController();
    const writer = createArchiveWriter({ sink, compression: { method: 'deflate' }, time: SAMPLE_TIME, signal });
    const table = { schema, name: 'sessions' };
    await writer.addChunk({ table, format: 'csv', rows: 1, content: Buffer.from('id\nforged\n') });
    const manifest = sampleManifest(writer.entries);
    const [first] = manifest.tables;
    const columns = [{ ...first?.columns[0], name: 'id', key: 'id', sqlType: 'text' }];
    await writer.finish({ ...manifest, tables: [{ ...first, ...table, columns }] } as typeof manifest);
    expect([schema, await codeOf(accept(sink.bytes()))]).toEqual([schema, 'RESTORE_REFUSED']);
  }
  expect(await names()).toEqual([]);
});

test('two who bring the same archive at once make one backup', async () => {
  const { bytes } = await sampleArchive();
  const both = await Promise.all([accept(bytes), accept(bytes)]);
  expect(both.map(({ fileName }) => fileName)).toEqual([NAME, NAME]);
  expect(both.map(({ existing }) => existing).sort()).toEqual([false, true]);
  expect(await names()).toEqual([NAME, `${NAME}.json`]);
});

test('a stored archive is known again under any name', async () => {
  const { bytes } = await sampleArchive();
  await Bun.write(join(folder, 'mine.zip'), bytes);
  expect(await accept(bytes)).toMatchObject({ fileName: 'mine.zip', existing: true });
  expect(await names()).toEqual(['mine.zip']);
});

test('cancelling at any read leaves nothing', async () => {
  const { bytes } = await sampleArchive();
  for (let stopAt = 0; ; stopAt++) {
    const abort = new AbortController();
    let reads = 0;
    const inner = bytesSource(bytes);
    const source: ByteSource = {
      ...inner,
      size: inner.size,
      read: (...words) => {
        if (reads++ === stopAt) abort.abort();
        return inner.read(...words);
      },
    };
    const code = await codeOf(acceptArchive({ storage, now }, source, run(abort.signal)));
    if (reads <= stopAt) break;
    // The very last read may come after the last check of the signal.
    if (code === 'CANCELLED') expect([stopAt, await names()]).toEqual([stopAt, []]);
    else for (const name of [NAME, `${NAME}.json`]) await rm(join(folder, name), { force: true });
  }
});

test('a storage that gives back other bytes keeps none of them', async () => {
  const { bytes } = await sampleArchive();
  const lying = withChanges({
    open: async (name) => {
      await using source = await storage.open(name);
      const other = await source.read(0, source.size);
      other[40] = (other[40] ?? 0) ^ 1;
      return bytesSource(other);
    },
  });
  expect(await codeOf(accept(bytes, lying))).toBe('STORAGE_UNAVAILABLE');
  expect(await names()).toEqual([]);
});

test('a full disk is told before anything is written', async () => {
  const { bytes } = await sampleArchive();
  expect(await codeOf(accept(bytes, withChanges({ freeSpace: async () => bytes.length - 1 })))).toBe('DISK_FULL');
  expect(await names()).toEqual([]);
});

test('notes that cannot be written are told, and the archive stays', async () => {
  const { bytes } = await sampleArchive();
  const { fileName, warnings } = await accept(
    bytes,
    withChanges({ writeSidecar: () => Promise.reject(new Error('no')) }),
  );
  expect([fileName, warnings.length, await names()]).toEqual([NAME, 1, [NAME]]);
});

test('an archive that would expand beyond reason is refused, before anything of it is expanded', async () => {
  const { bytes } = await sampleArchive({
    method: 'zstd',
    chunks: [{ table: 'staff', rows: 1, content: new Uint8Array(80 * 1024 ** 2) }],
  });
  const stages: string[] = [];
  const code = await codeOf(
    acceptArchive({ storage, now }, bytesSource(bytes), {
      ...run(),
      onProgress: ({ stage }) => void stages.push(stage),
    }),
  );
  expect([code, stages]).toEqual(['ARCHIVE_LIMIT', []]);
});
