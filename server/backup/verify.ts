import { qualifiedName } from '../../db/model/model.ts';
import { DAMAGED_HINT, type Inspection, inspectContainer } from '../archive/inspect.ts';
import { lossesOf, lossText } from '../archive/manifest/losses.ts';
import type { ManifestEntry } from '../archive/manifest/manifest.ts';
import { type Archive, type ArchiveLimits, archiveOf, DEFAULT_LIMITS, describeEntry } from '../archive/reader.ts';
import { countRows } from '../archive/rows/records.ts';
import type { ByteSource } from '../core/bytes.ts';
import { forEachConcurrent } from '../core/concurrent-map.ts';
import { AppError, cancelled, redacted } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';

export interface VerifyFault {
  place: 'container' | 'manifest' | 'chunk';
  /** `schema.name`, for a chunk. */
  table?: string;
  /** Name of the damaged entry in the archive, if it is an entry. */
  entry?: string;
  message: string;
}

export interface VerifyReport {
  ok: boolean;
  /** SHA-256 of the manifest; null when it could not be read. */
  digest: string | null;
  /** Entries read and found intact. */
  entries: number;
  /** Rows counted in these entries, and their bytes before compression. */
  rows: number;
  bytes: number;
  faults: VerifyFault[];
  /** Losses that the manifest names: no damage, but the archive does not hold everything. */
  losses: string[];
}

export interface VerifyOptions {
  signal: AbortSignal;
  onProgress: OnProgress;
  /** Entries read at once. */
  concurrency?: number;
  limits?: Partial<ArchiveLimits>;
}

/** Entries above this size are read one at a time and in pieces, so that huge values take no memory. */
const LARGE_ENTRY_BYTES = 16 * 1024 * 1024;

/**
 * Reads every byte of an archive, without a database: container, manifest, the hashes of each entry, and the row count of each chunk.
 * Reports every damaged chunk it can reach instead of stopping. Rejects only with ARCHIVE_INVALID, ARCHIVE_TOO_NEW, ARCHIVE_LIMIT or
 * CANCELLED, or when the source fails.
 */
export async function verifyArchive(source: ByteSource, options: VerifyOptions): Promise<VerifyReport> {
  const report: VerifyReport = { ok: false, digest: null, entries: 0, rows: 0, bytes: 0, faults: [], losses: [] };
  const inspection = await inspectContainer(source, { ...DEFAULT_LIMITS, ...options.limits }).catch(
    (error: unknown) => {
      report.faults.push(faultOf(error));
      return null;
    },
  );
  if (inspection) await verifyEntries(source, inspection, options, report);
  report.ok = report.faults.length === 0;
  return report;
}

async function verifyEntries(
  source: ByteSource,
  inspection: Inspection,
  options: VerifyOptions,
  report: VerifyReport,
): Promise<void> {
  const { signal, onProgress, concurrency = 3 } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { manifest, digest, faults, shift } = inspection;
  report.digest = digest;
  report.losses = lossesOf(manifest).map(lossText);
  for (const fault of faults)
    report.faults.push({ place: 'container', message: `The archive's container is damaged: ${fault}.` });
  const archives = [archiveOf(source, inspection, limits, signal)];
  // Bytes added or lost move all that follows; entries are tried there too, so that only the damaged ones are named.
  if (shift !== 0) archives.push(archiveOf(source, shifted(inspection), limits, signal));

  const totalBytes = manifest.entries.reduce((sum, entry) => sum + entry.size, 0);
  const found = new Map<ManifestEntry, VerifyFault>();
  const verifyOne = async (entry: ManifestEntry): Promise<void> => {
    if (signal.aborted) throw cancelled('Verifying the archive');
    try {
      // Added in one step: `+= await` would read the sum before waiting, and lose what others add meanwhile.
      const rows = await verifyEntry(archives, entry);
      report.rows += rows;
      report.entries += 1;
      report.bytes += entry.size;
    } catch (error) {
      found.set(entry, faultOf(error));
    }
    const table = entry.table && qualifiedName(entry.table);
    onProgress({
      stage: 'verify',
      rows: report.rows,
      bytes: report.bytes,
      totalBytes,
      ...(table !== null && { table }),
    });
  };
  const small = manifest.entries.filter((entry) => !isLarge(entry));
  await forEachConcurrent(concurrency, small, verifyOne);
  await forEachConcurrent(1, manifest.entries.filter(isLarge), verifyOne);
  // In the order of the archive, not in the order of reading.
  for (const entry of manifest.entries) {
    const fault = found.get(entry);
    if (fault) report.faults.push(fault);
  }
}

/** Returns the entry's rows, read at its own position or, failing that, where it may have moved to. */
async function verifyEntry(archives: Archive[], entry: ManifestEntry): Promise<number> {
  let rows: number | undefined;
  let failure: unknown;
  for (const archive of archives) {
    rows = await countEntry(archive, entry).catch((error: unknown) => {
      faultOf(error);
      failure ??= error;
      return undefined;
    });
    if (rows !== undefined) break;
  }
  if (rows === undefined) throw failure;
  if (entry.format === 'text' || rows === entry.rows) return rows;
  throw chunkFault(entry, `the manifest says ${entry.rows} rows, it holds ${rows}`);
}

/** Counts the rows of an entry. Small entries are read whole, which is faster; large ones would add up in memory. */
async function countEntry(archive: Archive, entry: ManifestEntry): Promise<number> {
  if (isLarge(entry)) return await archive.checkEntry(entry);
  return await archive.useEntry(entry, 'both', (content) => (entry.format === 'text' ? 0 : rowsIn(content, entry)));
}

function isLarge({ size, storedSize }: ManifestEntry): boolean {
  return Math.max(size, storedSize) > LARGE_ENTRY_BYTES;
}

function rowsIn(content: Uint8Array, entry: ManifestEntry): number {
  try {
    return countRows(content, entry.format === 'copy' ? 'copy' : 'csv');
  } catch (error) {
    if (error instanceof RangeError) throw chunkFault(entry, error.message);
    throw error;
  }
}

function chunkFault(entry: ManifestEntry, what: string): AppError {
  const table = entry.table ? qualifiedName(entry.table) : undefined;
  return new AppError('ARCHIVE_DAMAGED', `${describeEntry(entry)} is damaged: ${what}.`, {
    hint: DAMAGED_HINT,
    details: { place: 'chunk', entry: entry.name, table },
  });
}

/** Returns ARCHIVE_DAMAGED as a fault; rethrows every other error. */
function faultOf(error: unknown): VerifyFault {
  if (!(error instanceof AppError) || error.code !== 'ARCHIVE_DAMAGED') throw error;
  const { place, table, entry } = error.details ?? {};
  return {
    place: place === 'chunk' || place === 'manifest' ? place : 'container',
    ...(typeof table === 'string' && { table }),
    ...(typeof entry === 'string' && { entry }),
    message: redacted(error).message,
  };
}

function shifted(inspection: Inspection): Inspection {
  const { shift, placements } = inspection;
  const moved = [...placements].map(
    ([name, at]) => [name, { offset: at.offset + shift, dataOffset: at.dataOffset + shift }] as const,
  );
  return { ...inspection, placements: new Map(moved) };
}
