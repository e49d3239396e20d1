import { type BackupDeps, type BackupInput, type BackupResult, createBackup } from '../backup/create.ts';
import { archiveName } from '../backup/file-name.ts';
import { type VerifyReport, verifyArchive } from '../backup/verify.ts';
import type { ByteSource } from '../core/bytes.ts';
import type { AppError } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import { noteVerified, notingDamage } from '../library/mark-checked.ts';
import { type CompareDeps, type CompareInput, type Comparison, compareArchive } from '../restore/compare/compare.ts';
import { type RestoreDeps, type RestoreInput, type RestoreResult, restoreArchive } from '../restore/restore.ts';
import type { Storage } from '../storage/storage.ts';
import type { Operation } from './operations.ts';

/** An archive to read; `name` is null for a file that is not in the storage. */
export interface ReadArchive {
  storage: Storage;
  name: string | null;
  source: ByteSource;
}

/** Receiver of a verb's progress, and whether the record names the archive. */
export interface VerbOptions {
  onProgress?: OnProgress;
  /** False for an archive that is only passed through: the record names none. */
  namesArchive?: boolean;
}

/**
 * Makes a backup under an operation, so that archive and record share one id and one name. Throws what `createBackup`
 * throws.
 */
export async function backUp(
  operation: Operation,
  deps: Omit<BackupDeps, 'newId'>,
  input: BackupInput,
  { onProgress = operation.report, namesArchive = true }: VerbOptions = {},
): Promise<BackupResult> {
  const name = archiveName(input.name, deps.now(), operation.id);
  if (namesArchive) await operation.nameArchive(name);
  return await createBackup(
    { ...deps, newId: () => operation.id },
    { ...input, name },
    { signal: operation.signal, onProgress },
  );
}

/** Result of verifying a sound archive. */
export interface SoundArchive extends Omit<VerifyReport, 'faults' | 'digest'> {
  digest: string;
  durationMs: number;
  /** One sentence for each thing that could not be written to the sidecar. */
  warnings: string[];
}

/**
 * Verifies an archive, and writes the result to the sidecar of a stored one. Throws what `damaged` makes of a damaged
 * archive's report, and what `verifyArchive` throws.
 */
export async function verify(
  { storage, name, source }: ReadArchive,
  deps: { now: () => Date; damaged: (report: VerifyReport) => AppError },
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<SoundArchive> {
  const started = performance.now();
  const report = await notingDamage({ storage, name, now: deps.now }, async () => {
    const found = await verifyArchive(source, run);
    if (!found.ok || found.digest === null) throw deps.damaged(found);
    const { faults: _, ...sound } = found;
    return { ...sound, digest: found.digest };
  });
  const durationMs = Math.round(performance.now() - started);
  const warnings = name === null ? [] : await noteVerified(storage, name, report.digest, deps.now());
  return { ...report, durationMs, warnings };
}

/**
 * Restores an archive under an operation, and writes any damage found to the sidecar of a stored one. Throws what
 * `restoreArchive` throws.
 */
export async function restore(
  operation: Operation,
  { storage, name, source }: ReadArchive,
  deps: Omit<RestoreDeps, 'source' | 'receipt'>,
  { planDigest, ...input }: Omit<RestoreInput, 'plan'> & { planDigest?: string },
  { onProgress = operation.report }: Pick<VerbOptions, 'onProgress'> = {},
): Promise<RestoreResult> {
  const run = { signal: operation.signal, onProgress };
  const plan = planDigest === undefined ? undefined : await operation.readPlan(planDigest);
  return await notingDamage({ storage, name, now: deps.now }, () =>
    restoreArchive({ ...deps, source, receipt: operation.receipt }, { ...input, ...(plan && { plan }) }, run),
  );
}

/**
 * Compares an archive with live under an operation, and writes any damage found to the sidecar of a stored one. Throws
 * what `compareArchive` throws.
 */
export async function compare(
  operation: Operation,
  { storage, name, source }: ReadArchive,
  deps: Omit<CompareDeps, 'source' | 'operationId' | 'begin'>,
  input: CompareInput,
  { onProgress = operation.report }: Pick<VerbOptions, 'onProgress'> = {},
): Promise<Comparison> {
  const run = { signal: operation.signal, onProgress };
  const { id: operationId, receipt } = operation;
  return await notingDamage({ storage, name, now: deps.now }, () =>
    compareArchive({ ...deps, source, operationId, begin: receipt.begin }, input, run),
  );
}
