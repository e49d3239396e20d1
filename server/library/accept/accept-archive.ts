import { DAMAGED_HINT, inspectContainer } from '../../archive/inspect.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import { DEFAULT_LIMITS } from '../../archive/reader.ts';
import { refuseFullDisk } from '../../backup/checks/space.ts';
import { archiveName } from '../../backup/file-name.ts';
import { verifyArchive } from '../../backup/verify.ts';
import type { ByteSource } from '../../core/bytes.ts';
import { AppError, throwIfCancelled } from '../../core/errors.ts';
import { readPieces, sameContent } from '../../core/pieces.ts';
import type { OnProgress } from '../../core/progress.ts';
import { refuseOurOwn } from '../../postgres/catalog/own-schemas.ts';
import { writeFirstSidecar } from '../../storage/first-sidecar.ts';
import { readBack } from '../../storage/read-back.ts';
import type { Storage } from '../../storage/storage.ts';

export interface AcceptDeps {
  storage: Storage;
  now: () => Date;
}

export interface AcceptedArchive {
  fileName: string;
  backupId: string;
  digest: string;
  size: number;
  totalRecords: number;
  /** The moment whose data the backup holds, in ISO form. */
  timestamp: string;
  /** True when exactly these bytes were stored already, under `fileName`; nothing was written. */
  existing: boolean;
  warnings: string[];
}

/**
 * Limits of any archive, but a smaller manifest: 70 000 chunks (half a terabyte of rows) are parsed in 150 MB of
 * memory.
 */
const UPLOAD_LIMITS = { ...DEFAULT_LIMITS, manifestBytes: 32 * 1024 * 1024 };
/**
 * Most bytes of content per stored byte. Business rows compress to a twentieth at most, repetitive ones to a fiftieth.
 */
const MOST_EXPANSION = 100;
/** Most differing archives with one time and id: they are damaged or forged, and nobody has many. */
const MOST_NAMES = 100;

/**
 * Verifies every byte of a received archive, stores it as a backup of kind `uploaded` named from its manifest, and
 * reads it back. Returns the existing backup when the same bytes are stored already; neither closes the source nor
 * removes the file behind it. Reports the stages `open`, `copy` and `verify`.
 *
 * Rejects with ARCHIVE_INVALID, ARCHIVE_DAMAGED with its faults, ARCHIVE_TOO_NEW, ARCHIVE_LIMIT, CANCELLED or a storage
 * error, and then leaves nothing.
 */
export async function acceptArchive(
  deps: AcceptDeps,
  source: ByteSource,
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<AcceptedArchive> {
  const { manifest } = await inspectContainer(source, UPLOAD_LIMITS);
  refuseOurOwn([...manifest.tables, ...manifest.sequences]);
  refuseInflated(manifest, source.size);
  const digest = await verifyWhole(source, run);
  const facts = {
    backupId: manifest.metadata.backupId,
    digest,
    size: source.size,
    totalRecords: manifest.metadata.totalRecords,
    timestamp: manifest.metadata.timestamp,
  };
  const same = await findSame(deps.storage, source, run.signal);
  if (same !== null) return { ...facts, fileName: same, existing: true, warnings: [] };
  await refuseFullDisk(deps.storage, source.size, {
    what: 'the archive needs',
    hint: 'Free space there (remove old backups), then accept the upload again.',
  });
  const { fileName, existing } = await store(deps.storage, source, manifest, run);
  const warnings = existing
    ? []
    : await writeFirstSidecar(deps.storage, fileName, { digest, kind: 'uploaded', lastVerified: deps.now() });
  return { ...facts, fileName, existing, warnings };
}

/**
 * Throws for content that expands beyond what rows ever do: such a file is made to fill the memory or keep the server
 * busy.
 */
function refuseInflated(manifest: Manifest, stored: number): void {
  const total = manifest.entries.reduce((sum, entry) => sum + entry.size, 0);
  const inflated =
    (total > 1024 ** 3 && total > MOST_EXPANSION * stored) ||
    manifest.entries.some((entry) => entry.size > 64 * 1024 ** 2 && entry.size > 500 * entry.storedSize);
  if (!inflated) return;
  throw new AppError(
    'ARCHIVE_LIMIT',
    `The archive has ${stored} bytes and would expand to ${total}; uploads may expand ${MOST_EXPANSION}-fold.`,
    {
      hint: 'If it is yours all the same, copy it into the folder of the backups by hand.',
      details: { stored, total },
    },
  );
}

async function verifyWhole(source: ByteSource, run: { signal: AbortSignal; onProgress: OnProgress }): Promise<string> {
  const report = await verifyArchive(source, {
    signal: run.signal,
    limits: UPLOAD_LIMITS,
    // The bytes that are read back once they are stored are those of `verify`.
    onProgress: (event) => run.onProgress({ ...event, stage: 'open' }),
  });
  if (report.ok && report.digest !== null) return report.digest;
  const [fault] = report.faults;
  const more = report.faults.length > 1 ? ` ${report.faults.length - 1} more faults were found.` : '';
  throw new AppError('ARCHIVE_DAMAGED', `${fault?.message ?? 'The archive is damaged.'}${more}`, {
    hint: DAMAGED_HINT,
    details: { faults: report.faults.slice(0, 10) },
  });
}

/**
 * Finds a stored archive with these bytes. Skips a damaged one of the same name, id and digest, so that a good copy can
 * be uploaded beside it.
 */
async function findSame(storage: Storage, source: ByteSource, signal: AbortSignal): Promise<string | null> {
  for (const object of await storage.list()) {
    if (object.size === source.size && (await isSame(storage, object.name, source, signal))) return object.name;
  }
  return null;
}

async function isSame(storage: Storage, name: string, source: ByteSource, signal: AbortSignal): Promise<boolean> {
  try {
    await using stored = await storage.open(name);
    return await sameContent(stored, source, { what: 'Accepting the archive', signal });
  } catch (error) {
    // Removed meanwhile, or unreadable: not one to rely on.
    if (error instanceof AppError && error.code !== 'CANCELLED') return false;
    throw error;
  }
}

/**
 * Stores the archive under the first free name. Of two concurrent uploads that want one name, the second to commit
 * takes the next, or none when the bytes are the same.
 */
async function store(
  storage: Storage,
  source: ByteSource,
  manifest: Manifest,
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<{ fileName: string; existing: boolean }> {
  const { timestamp, backupId } = manifest.metadata;
  for (let again = 1; ; again++) {
    const fileName = archiveName(undefined, new Date(timestamp), backupId, again);
    try {
      await copyTo(storage, fileName, source, run);
      return { fileName, existing: false };
    } catch (error) {
      const taken = error instanceof AppError && error.code === 'ALREADY_EXISTS';
      if (!taken || again === MOST_NAMES) throw error;
      if (await isSame(storage, fileName, source, run.signal)) return { fileName, existing: true };
    }
  }
}

async function copyTo(
  storage: Storage,
  name: string,
  source: ByteSource,
  { signal, onProgress }: { signal: AbortSignal; onProgress: OnProgress },
): Promise<void> {
  const reading = { what: 'Accepting the archive', signal };
  const report = (stage: 'copy' | 'verify', bytes: number) =>
    onProgress({ stage, rows: 0, bytes, totalBytes: source.size });
  {
    await using object = await storage.create(name);
    let written = 0;
    for await (const piece of readPieces(source, reading)) {
      await object.write(piece);
      written += piece.length;
      report('copy', written);
    }
    throwIfCancelled(signal, 'Accepting the archive');
    await object.commit();
  }
  await readBack(storage, name, 'STORAGE_UNAVAILABLE', async (stored) =>
    (await sameContent(stored, source, { ...reading, onEqual: (bytes) => report('verify', bytes) }))
      ? null
      : { what: 'its bytes differ' },
  );
}
