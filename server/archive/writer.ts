import type { ObjectName } from '../../db/model/model.ts';
import type { ByteSink } from '../core/bytes.ts';
import { cancelled } from '../core/errors.ts';
import { Mutex } from '../core/mutex.ts';
import { compress, crc32Hex, DEFAULT_LEVEL, sha256Hex } from './codec.ts';
import { directoryEnd, directoryRecord, localHeader } from './container.ts';
import {
  encodeManifest,
  MANIFEST_NAME,
  type Manifest,
  type ManifestEntry,
  manifestDigest,
} from './manifest/manifest.ts';
import { decodeManifest } from './manifest/read.ts';
import { chunkName } from './names.ts';

export interface ArchiveWriterOptions {
  sink: ByteSink;
  /** Compression of chunks; texts are always deflated at level 9. */
  compression: { method: 'deflate' | 'zstd'; level?: number };
  /** The archive's one time, equal to the manifest's `metadata.timestamp`. */
  time: Date;
  signal: AbortSignal;
}

export interface ChunkInput {
  table: ObjectName;
  format: 'csv' | 'copy';
  rows: number;
  /** Bytes that the caller may reuse once the promise resolves. */
  content: Uint8Array;
}

/**
 * Writes an archive from first byte to last into a sink that only appends. After any rejection the archive is lost:
 * every later call rejects. Nothing written so far can be taken for an archive, because the manifest is missing.
 */
export interface ArchiveWriter {
  /** Appends a text entry (README, SQL). */
  addText(name: string, text: string): Promise<ManifestEntry>;
  /**
   * Appends one chunk. Calls may overlap: they compress and hash concurrently and append one at a time as they get
   * ready, and the caller bounds how many. A chunk gets its number (1, 2, 3… per table, in file order) when it is
   * appended.
   */
  addChunk(chunk: ChunkInput): Promise<ManifestEntry>;
  /** Entries appended so far, in file order. */
  readonly entries: ManifestEntry[];
  /**
   * Appends `manifest.json` and the directory. The manifest lists this writer's entries; one that could not be read
   * back is refused.
   */
  finish(manifest: Manifest): Promise<{ digest: string; size: number }>;
}

export function createArchiveWriter(options: ArchiveWriterOptions): ArchiveWriter {
  return new ZipArchiveWriter(options);
}

class ZipArchiveWriter implements ArchiveWriter {
  readonly entries: ManifestEntry[] = [];
  private readonly options: ArchiveWriterOptions;
  private readonly level: number;
  private readonly chunkCounts = new Map<string, number>();
  private readonly directory: Uint8Array[] = [];
  private offset = 0;
  /** Serializes appends. */
  private readonly appends = new Mutex();
  private failure: unknown;
  private state: 'open' | 'failed' | 'finished' = 'open';

  constructor(options: ArchiveWriterOptions) {
    this.options = options;
    this.level = options.compression.level ?? DEFAULT_LEVEL[options.compression.method];
  }

  async addText(name: string, text: string): Promise<ManifestEntry> {
    const content = new TextEncoder().encode(text);
    return await this.add(content, 'deflate', 9, { format: 'text', table: null, rows: 0 }, () => name);
  }

  async addChunk({ table, format, rows, content }: ChunkInput): Promise<ManifestEntry> {
    const owner = { schema: table.schema, name: table.name };
    const facts = { format, table: owner, rows } as const;
    return await this.add(content, this.options.compression.method, this.level, facts, () =>
      this.nextChunkName(owner, format),
    );
  }

  async finish(manifest: Manifest): Promise<{ digest: string; size: number }> {
    return await this.exclusively(async () => {
      const content = encodeManifest(manifest);
      // A reader must accept what is written. Finding out now costs milliseconds; later it costs the backup.
      const readBack = decodeManifest(content);
      if (JSON.stringify(readBack.entries) !== JSON.stringify(this.entries))
        throw new TypeError('the manifest lists other entries than were written');
      if (Date.parse(manifest.metadata.timestamp) !== this.options.time.getTime())
        throw new TypeError('the manifest has another time than the archive');
      const facts = {
        name: MANIFEST_NAME,
        method: 'store',
        size: content.length,
        storedSize: content.length,
        crc32: crc32Hex(content),
      } as const;
      await this.append(facts, content);
      const start = this.offset;
      await this.writeDirectory();
      await this.write(directoryEnd(this.directory.length, start, this.offset - start));
      this.state = 'finished';
      return { digest: manifestDigest(content), size: this.offset };
    });
  }

  private async add(
    content: Uint8Array,
    method: 'deflate' | 'zstd',
    level: number,
    facts: Pick<ManifestEntry, 'format' | 'table' | 'rows'>,
    makeName: () => string,
  ): Promise<ManifestEntry> {
    this.refuseUnlessOpen();
    const compressed = compress(content, method, level);
    // Hashing here while the compressor's thread works.
    const known = { size: content.length, crc32: crc32Hex(content), sha256: sha256Hex(content) };
    const stored = await compressed.catch((error: unknown) => this.fail(error));
    const storedSha256 = sha256Hex(stored);
    return await this.exclusively(async () => {
      const { format, table, rows } = facts;
      const { size, crc32, sha256 } = known;
      const storedSize = stored.length;
      const entry = { name: makeName(), format, table, method, rows, size, storedSize, crc32, sha256, storedSha256 };
      await this.append(entry, stored);
      this.entries.push(entry);
      return entry;
    });
  }

  private async append(
    entry: Pick<ManifestEntry, 'name' | 'method' | 'size' | 'storedSize' | 'crc32'>,
    stored: Uint8Array,
  ): Promise<void> {
    const { time } = this.options;
    this.directory.push(directoryRecord(entry, this.offset, time));
    await this.write(localHeader(entry, time));
    await this.write(stored);
  }

  private async writeDirectory(): Promise<void> {
    // Few large writes; a directory may have a hundred thousand records.
    for (let at = 0; at < this.directory.length; at += 4096)
      await this.write(Buffer.concat(this.directory.slice(at, at + 4096)));
  }

  private async write(bytes: Uint8Array): Promise<void> {
    await this.options.sink.write(bytes);
    this.offset += bytes.length;
  }

  /** Runs `work` after everything requested before it. The first failure ends the archive. */
  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.appends.run(async () => {
      try {
        this.refuseUnlessOpen();
        return await work();
      } catch (error) {
        return this.fail(error);
      }
    });
  }

  private refuseUnlessOpen(): void {
    if (this.state === 'failed') throw this.failure;
    if (this.state === 'finished') throw new TypeError('the archive is finished');
    if (this.options.signal.aborted) this.fail(cancelled('Writing the archive'));
  }

  private fail(error: unknown): never {
    if (this.state === 'open') {
      this.state = 'failed';
      this.failure = error;
    }
    throw error;
  }

  private nextChunkName(table: ObjectName, format: 'csv' | 'copy'): string {
    const key = JSON.stringify([table.schema, table.name]);
    const number = (this.chunkCounts.get(key) ?? 0) + 1;
    this.chunkCounts.set(key, number);
    return chunkName(table, number, format);
  }
}
