import { expect, test } from 'bun:test';
import { forever, SAMPLE_TIME, sampleArchive } from '../archive/sample.fixture.ts';
import { AppError } from '../core/errors.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { listBackups } from './list.ts';
import { noteVerified } from './mark-checked.ts';

async function store(storage: Storage, name: string, bytes: Uint8Array): Promise<void> {
  await using object = await storage.create(name);
  await object.write(bytes);
  await object.commit();
}

test('listBackups() tells what manifest and notes say, and reads no rows', async () => {
  const storage = createMemoryStorage(() => SAMPLE_TIME);
  const { bytes, digest, manifest } = await sampleArchive();
  const damaged = bytes.slice();
  const chunk = manifest.entries[0]?.name ?? '';
  const at = Buffer.from(damaged).indexOf(chunk) + chunk.length;
  damaged[at] = (damaged[at] ?? 0) ^ 1;
  await store(storage, 'a.zip', damaged);
  await storage.writeSidecar('a.zip', {
    digest,
    kind: 'full',
    pinned: true,
    note: 'before the move',
    lastVerified: null,
    lastProved: null,
  });

  const [backup] = await listBackups(storage, forever());
  expect(backup).toMatchObject({
    name: 'a.zip',
    size: bytes.length,
    manifest: {
      timestamp: SAMPLE_TIME.toISOString(),
      createdBy: 'test',
      kind: 'full',
      digest,
      rows: 5,
      tables: { staff: 4, loans: 1 },
    },
    damaged: null,
    pinned: true,
    note: 'before the move',
    lastVerified: null,
  });
});

test('listBackups() lists an archive that cannot be opened, with the reason, beside the others', async () => {
  const storage = createMemoryStorage(() => SAMPLE_TIME);
  const { bytes } = await sampleArchive();
  await store(storage, 'cut.zip', bytes.subarray(0, bytes.length - 1));
  await store(storage, 'sound.zip', bytes);
  const backups = await listBackups(storage, forever());
  const cut = backups.find((backup) => backup.name === 'cut.zip');
  expect(cut?.manifest).toBeNull();
  expect(cut?.damaged?.code).toStartWith('ARCHIVE_');
  expect(backups.find((backup) => backup.name === 'sound.zip')?.damaged).toBeNull();
});

test('listBackups() stops when it is told to', async () => {
  const storage = createMemoryStorage(() => SAMPLE_TIME);
  await store(storage, 'a.zip', (await sampleArchive()).bytes);
  const error = await listBackups(storage, AbortSignal.abort(new AppError('CANCELLED', 'Stopped.'))).catch(
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(AppError);
});

test('noteVerified() keeps the other notes, makes lost ones again, and refuses an archive that is not the one stored', async () => {
  const storage = createMemoryStorage(() => SAMPLE_TIME);
  const { bytes, digest } = await sampleArchive();
  await store(storage, 'a.zip', bytes);
  const at = new Date('2026-12-01T00:00:00Z');

  expect(await noteVerified(storage, 'a.zip', digest, at)).toEqual([]);
  const made = { digest, kind: 'full', pinned: false, note: null, lastVerified: at.toISOString(), lastProved: null };
  expect(await storage.readSidecar('a.zip')).toEqual(made);

  await storage.writeSidecar('a.zip', { ...made, pinned: true, note: 'keep' });
  expect(await noteVerified(storage, 'a.zip', digest, new Date('2026-12-02T00:00:00Z'))).toEqual([]);
  expect(await storage.readSidecar('a.zip')).toMatchObject({
    pinned: true,
    note: 'keep',
    lastVerified: '2026-12-02T00:00:00.000Z',
  });

  expect(await noteVerified(storage, 'a.zip', 'cd'.repeat(32), at)).toHaveLength(1);
  expect(await storage.readSidecar('a.zip')).toMatchObject({ lastVerified: '2026-12-02T00:00:00.000Z' });
});
