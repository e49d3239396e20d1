import { deflateRawSync } from 'node:zlib';
import { crc32Hex, sha256Hex } from './codec.ts';
import { type ContainerEntry, directoryEnd, directoryRecord, localHeader } from './container.ts';
import { encodeManifest, MANIFEST_NAME, type Manifest, type ManifestEntry } from './manifest/manifest.ts';
import { SAMPLE_TIME } from './sample.fixture.ts';

/** A ZIP entry as a forger makes it: every field may be false. */
export interface ForgedEntry extends ContainerEntry {
  stored: Uint8Array;
}

/** Returns a ZIP of exactly these entries, without checking that they make sense. */
export function forgeZip(entries: ForgedEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    directory.push(directoryRecord(entry, offset, SAMPLE_TIME));
    const header = localHeader(entry, SAMPLE_TIME);
    parts.push(header, entry.stored);
    offset += header.length + entry.stored.length;
  }
  const lines = Buffer.concat(directory);
  return Buffer.concat([...parts, lines, directoryEnd(entries.length, offset, lines.length)]);
}

/** Returns `manifest.json` with a correct checksum, whatever it says. */
export function manifestPart(manifest: Manifest | Uint8Array): ForgedEntry {
  const stored = manifest instanceof Uint8Array ? manifest : encodeManifest(manifest);
  return {
    name: MANIFEST_NAME,
    method: 'store',
    size: stored.length,
    storedSize: stored.length,
    crc32: crc32Hex(stored),
    stored,
  };
}

/** Returns a deflated chunk with its true entry. */
export function chunkPart(name: string, content: string | Uint8Array): ForgedEntry {
  const bytes = Buffer.from(content);
  const stored = deflateRawSync(bytes);
  return { name, method: 'deflate', size: bytes.length, storedSize: stored.length, crc32: crc32Hex(bytes), stored };
}

/** Returns the entry of an honest manifest for a forged chunk. */
export function entryFor(
  part: ForgedEntry,
  content: string | Uint8Array,
  facts: Pick<ManifestEntry, 'table' | 'rows'>,
): ManifestEntry {
  const { name, method, size, storedSize, crc32 } = part;
  const hashes = { sha256: sha256Hex(Buffer.from(content)), storedSha256: sha256Hex(part.stored) };
  return { name, format: 'csv', table: facts.table, method, rows: facts.rows, size, storedSize, crc32, ...hashes };
}

/** Returns the entries of a sound archive of ours as forgeable parts, in file order, the manifest last. */
export function partsOf(bytes: Uint8Array, manifest: Manifest): ForgedEntry[] {
  let offset = 0;
  const parts = manifest.entries.map(({ name, method, size, storedSize, crc32 }) => {
    const start = offset + 30 + name.length;
    offset = start + storedSize;
    return { name, method, size, storedSize, crc32, stored: bytes.subarray(start, offset) };
  });
  return [...parts, manifestPart(manifest)];
}
