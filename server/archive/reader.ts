import { type ObjectName, qualifiedName } from '../../db/model/model.ts';
import type { ByteSource } from '../core/bytes.ts';
import { AppError, cancelled } from '../core/errors.ts';
import { sha256OfSource } from '../core/pieces.ts';
import { crc32Hex, decompress, freeContent, returnMemory, sha256Hex } from './codec.ts';
import { localHeader, localHeaderLength } from './container.ts';
import { streamEntry } from './entry-stream.ts';
import { archiveTime, containerDamaged, DAMAGED_HINT, type Inspection, inspectContainer } from './inspect.ts';
import { MAX_MANIFEST_BYTES, type Manifest, type ManifestEntry } from './manifest/manifest.ts';
import { BEYOND_HINT } from './manifest/read.ts';
import { chunkNumber } from './names.ts';

export interface ArchiveLimits {
  /** Most entries in the archive. */
  entries: number;
  /** Largest entry in bytes, before and after compression. Reading one takes twice this memory. */
  entryBytes: number;
  /** Largest manifest in bytes. Parsing it takes four times this memory. */
  manifestBytes: number;
}

/** Room for 250 000 chunks of 8 MiB, and for one value of PostgreSQL's largest size, 1 GB, with a margin. */
export const DEFAULT_LIMITS: ArchiveLimits = {
  entries: 250_000,
  entryBytes: 1.1 * 1024 ** 3,
  manifestBytes: MAX_MANIFEST_BYTES,
};

export interface OpenOptions {
  limits?: Partial<ArchiveLimits>;
  signal?: AbortSignal;
}

/**
 * An archive whose manifest, directory and length were checked. Reading an entry checks that entry and the header
 * before it.
 */
export interface Archive {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes. */
  readonly digest: string;
  readonly size: number;
  /** Returns the table's chunks in file order; empty for a table the archive does not hold. */
  chunks(table: ObjectName): ManifestEntry[];
  /**
   * Returns the entry's content. Rejects with ARCHIVE_DAMAGED, naming table and chunk, unless header, size, CRC-32 and
   * both SHA-256 agree. Calls may overlap.
   */
  readEntry(entry: ManifestEntry): Promise<Uint8Array>;
  /**
   * Runs work on the entry's content and frees it afterwards: the work must keep no part of it. Checks as `readEntry`
   * does; `stored` checks the content by its length alone, because no fault of a disk passes the SHA-256 of the stored
   * bytes.
   */
  useEntry<T>(
    entry: ManifestEntry,
    hashed: 'both' | 'stored',
    work: (content: Uint8Array) => T | Promise<T>,
  ): Promise<T>;
  /**
   * Checks as `readEntry` does, in memory that does not grow with the entry. Returns the number of rows, 0 for a text.
   */
  checkEntry(entry: ManifestEntry): Promise<number>;
  /** Checks header and stored SHA-256 of one entry without decompressing it. Holds at most 1 MiB. */
  checkStored(entry: ManifestEntry): Promise<void>;
}

/**
 * Opens an archive and checks everything outside its entries; reading each entry, or `checkContainer`, checks the rest.
 * Rejects with ARCHIVE_INVALID, ARCHIVE_TOO_NEW, ARCHIVE_LIMIT or ARCHIVE_DAMAGED. Does not close the source.
 */
export async function openArchive(source: ByteSource, options: OpenOptions = {}): Promise<Archive> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const inspection = await inspectContainer(source, limits);
  const [fault] = inspection.faults;
  if (fault) throw containerDamaged(fault);
  return archiveOf(source, inspection, limits, options.signal);
}

/**
 * Checks every byte of every entry that `skip` does not exclude, in bounded memory and without decompressing. Rejects
 * at the first fault.
 */
export async function checkContainer(
  archive: Archive,
  skip: (entry: ManifestEntry) => boolean = () => false,
): Promise<void> {
  for (const entry of archive.manifest.entries) if (!skip(entry)) await archive.checkStored(entry);
}

/** Returns an archive from an inspection, faults included, for callers that go on where `openArchive` stops. */
export function archiveOf(
  source: ByteSource,
  inspection: Inspection,
  limits = DEFAULT_LIMITS,
  signal?: AbortSignal,
): Archive {
  const { manifest, digest, placements } = inspection;
  const time = archiveTime(manifest);
  const byTable = Map.groupBy(manifest.entries, ({ table }) => table && JSON.stringify([table.schema, table.name]));
  const scratch = new ScratchBuffers();

  const locate = (entry: ManifestEntry, most = limits.entryBytes): number => {
    if (signal?.aborted) throw cancelled('Reading the archive');
    if (entry.size > most || entry.storedSize > most) {
      throw new AppError(
        'ARCHIVE_LIMIT',
        `${describeEntry(entry)} has ${entry.size} bytes; at most ${most} are read at once.`,
        { hint: BEYOND_HINT },
      );
    }
    const placement = placements.get(entry.name);
    if (!placement) throw new AppError('NOT_FOUND', `The archive has no entry ${entry.name}.`);
    return placement.offset;
  };

  const checkEntry = async (entry: ManifestEntry): Promise<number> => {
    const offset = locate(entry, Number.POSITIVE_INFINITY);
    const header = localHeader(entry, time);
    if (Buffer.compare(await source.read(offset, header.length), header) !== 0)
      throw entryDamaged(entry, 'the header before it differs');
    const found = await streamEntry(source, offset + header.length, entry, signal).catch((cause: unknown) => {
      if (cause instanceof AppError) throw cause;
      throw entryDamaged(entry, 'it does not decompress to whole rows as the manifest says', cause);
    });
    if (found.storedSha256 !== entry.storedSha256)
      throw entryDamaged(entry, 'its stored bytes differ from the SHA-256 in the manifest');
    if (found.size !== entry.size) throw entryDamaged(entry, 'it does not decompress to what the manifest says');
    if (found.crc32 !== entry.crc32) throw entryDamaged(entry, 'its CRC-32 differs');
    if (found.sha256 !== entry.sha256)
      throw entryDamaged(entry, 'its content differs from the SHA-256 in the manifest');
    return found.rows ?? 0;
  };

  const readContent = async (entry: ManifestEntry, hashed: 'both' | 'stored'): Promise<Uint8Array> => {
    const offset = locate(entry);
    const headerLength = localHeaderLength(entry);
    const buffer = scratch.take(headerLength + entry.storedSize);
    try {
      const bytes = await source.read(offset, headerLength + entry.storedSize, buffer);
      const stored = bytes.subarray(headerLength);
      if (Buffer.compare(bytes.subarray(0, headerLength), localHeader(entry, time)) !== 0)
        throw entryDamaged(entry, 'the header before it differs');
      if (sha256Hex(stored) !== entry.storedSha256)
        throw entryDamaged(entry, 'its stored bytes differ from the SHA-256 in the manifest');
      const content = await decompress(stored, entry.method, entry.size).catch((cause: unknown) => {
        throw entryDamaged(entry, 'it does not decompress to what the manifest says', cause);
      });
      if (hashed === 'both') {
        if (crc32Hex(content) !== entry.crc32) throw entryDamaged(entry, 'its CRC-32 differs');
        if (sha256Hex(content) !== entry.sha256)
          throw entryDamaged(entry, 'its content differs from the SHA-256 in the manifest');
      }
      return entry.method === 'store' ? new Uint8Array(content) : content;
    } finally {
      scratch.give(buffer);
    }
  };

  const readEntry = async (entry: ManifestEntry): Promise<Uint8Array> => {
    const content = await readContent(entry, 'both');
    returnMemory(entry.storedSize + content.length);
    return content;
  };

  return {
    manifest,
    digest,
    size: source.size,
    chunks: (table) => byTable.get(JSON.stringify([table.schema, table.name])) ?? [],
    readEntry,
    useEntry: async (entry, hashed, work) => {
      const content = await readContent(entry, hashed);
      try {
        return await work(content);
      } finally {
        freeContent(content);
      }
    },
    checkEntry,
    checkStored: async (entry) => {
      const offset = locate(entry);
      const header = localHeader(entry, time);
      const found = await source.read(offset, header.length);
      if (Buffer.compare(found, header) !== 0) throw entryDamaged(entry, 'the header before it differs');
      const stored = await sha256OfSource(source, {
        what: 'Reading the archive',
        signal,
        offset: offset + header.length,
        length: entry.storedSize,
      });
      if (stored !== entry.storedSha256)
        throw entryDamaged(entry, 'its stored bytes differ from the SHA-256 in the manifest');
    },
  };
}

/** Returns `Chunk 3 of table public.staff (data/…)`, or the name of a text. */
export function describeEntry(entry: ManifestEntry): string {
  const number = chunkNumber(entry.name);
  return entry.table && number !== null
    ? `Chunk ${number} of table ${qualifiedName(entry.table)} (${entry.name})`
    : `The entry ${entry.name}`;
}

function entryDamaged(entry: ManifestEntry, what: string, cause?: unknown): AppError {
  const details = { place: 'chunk', entry: entry.name, ...(entry.table && { table: qualifiedName(entry.table) }) };
  return new AppError('ARCHIVE_DAMAGED', `${describeEntry(entry)} is damaged: ${what}.`, {
    hint: DAMAGED_HINT,
    details,
    cause,
  });
}

/** Reusable buffers for stored bytes: as many as are read at once, none larger than was needed. */
class ScratchBuffers {
  private readonly free: Uint8Array[] = [];

  take(length: number): Uint8Array {
    const kept = this.free.pop();
    return kept && kept.length >= length ? kept : new Uint8Array(Math.max(length, 64 * 1024));
  }

  give(buffer: Uint8Array): void {
    // A rare huge buffer is not kept.
    if (buffer.length <= 16 * 1024 * 1024) this.free.push(buffer);
  }
}
