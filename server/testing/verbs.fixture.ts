import type { SchemaModel } from '../../db/model/model.ts';
import type { Manifest } from '../archive/manifest/manifest.ts';
import { openArchive } from '../archive/reader.ts';
import { type BackupInput, type BackupResult, createBackup } from '../backup/create.ts';
import type { Exclusion } from '../backup/exclusions.ts';
import { runOperation } from '../jobs/operations.ts';
import { type CompareInput, type Comparison, compareArchive } from '../restore/compare/compare.ts';
import { type RestoreInput, type RestoreResult, restoreArchive } from '../restore/restore.ts';
import { bytesSource, createMemoryStorage } from '../storage/memory.ts';

export interface MadeBackup {
  result: BackupResult;
  manifest: Manifest;
  /** The archive's bytes. */
  bytes: Uint8Array;
}

const deps = { now: () => new Date(), newId: () => crypto.randomUUID(), pause: (ms: number) => Bun.sleep(ms) };
const run = () => ({ signal: new AbortController().signal, onProgress: () => undefined });
const operation = { actor: 'a test', parameters: {}, wait: true };

/** Gives a test as many connections as it asks for, however little there is to copy. */
function asManyAs({ jobs }: { jobs?: number }): { bytesPerSession?: number } {
  return jobs === undefined ? {} : { bytesPerSession: 0 };
}

/** Backs up as the owner, as an operation, and reads the archive back. `lockGiveUpMs` limits the wait for a locked table. */
export async function backupOf(
  database: { url: string },
  model: SchemaModel,
  input: Partial<BackupInput> & { lockGiveUpMs?: number; exclusions?: Exclusion[] } = {},
): Promise<MadeBackup> {
  const { lockGiveUpMs = 10_000, exclusions = [], ...words } = input;
  const storage = createMemoryStorage(deps.now);
  const { signal, onProgress } = run();
  const result = await runOperation(
    { ...deps, databaseUrl: database.url },
    { ...operation, kind: 'backup' },
    signal,
    ({ signal: alive }) =>
      createBackup(
        {
          ...deps,
          databaseUrl: database.url,
          storage,
          model,
          application: { name: 'Palace Backup', version: '0.0.0' },
          lockGiveUpMs,
          ...asManyAs(words),
          exclusions,
        },
        { compression: 'deflate', jobs: 2, strict: false, verify: true, createdBy: 'a test', ...words },
        { signal: alive, onProgress },
      ),
  );
  await using source = await storage.open(result.fileName);
  const { manifest } = await openArchive(source);
  return { result, manifest, bytes: await source.read(0, source.size) };
}

/** Restores as the owner, as an operation; by the way `rewrite`, which takes every kind of table, unless another one is named. */
export async function restoreInto(
  database: { url: string },
  archive: Pick<MadeBackup, 'bytes'>,
  input: Partial<RestoreInput> & { lockGiveUpMs?: number } = {},
): Promise<RestoreResult> {
  const { lockGiveUpMs = 10_000, ...words } = input;
  const { signal, onProgress } = run();
  return runOperation(
    { ...deps, databaseUrl: database.url },
    { ...operation, kind: 'restore' },
    signal,
    ({ receipt, signal: alive }) =>
      restoreArchive(
        {
          ...deps,
          databaseUrl: database.url,
          source: bytesSource(archive.bytes),
          receipt,
          lockTryMs: 2000,
          lockGiveUpMs,
          ...asManyAs(words),
        },
        { jobs: 2, apply: 'rewrite', ...words },
        { signal: alive, onProgress },
      ),
  );
}

/** Compares as the owner, as an operation. */
export async function compareWith(
  database: { url: string },
  archive: Pick<MadeBackup, 'bytes'>,
  input: Partial<CompareInput> & { lockGiveUpMs?: number } = {},
): Promise<Comparison> {
  const { lockGiveUpMs = 10_000, ...words } = input;
  const { signal, onProgress } = run();
  return runOperation(
    { ...deps, databaseUrl: database.url },
    { ...operation, kind: 'plan' },
    signal,
    ({ id, receipt, signal: alive }) =>
      compareArchive(
        {
          now: deps.now,
          databaseUrl: database.url,
          source: bytesSource(archive.bytes),
          operationId: id,
          begin: receipt.begin,
          lockGiveUpMs,
          ...asManyAs(words),
        },
        { jobs: 2, ...words },
        { signal: alive, onProgress },
      ),
  );
}

/** Returns the rows of a table's chunks, as the archive holds them. */
export async function chunksOf(archive: Pick<MadeBackup, 'bytes'>, schema: string, name: string): Promise<string> {
  const opened = await openArchive(bytesSource(archive.bytes));
  const decoder = new TextDecoder();
  const texts: string[] = [];
  for (const chunk of opened.chunks({ schema, name })) {
    const text = decoder.decode(await opened.readEntry(chunk));
    texts.push(chunk.format === 'csv' ? text.slice(text.indexOf('\n') + 1) : text);
  }
  return texts.join('');
}
