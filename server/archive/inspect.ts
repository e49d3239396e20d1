import type { ByteSource } from '../core/bytes.ts';
import { AppError } from '../core/errors.ts';
import { readPieces } from '../core/pieces.ts';
import { crc32Hex } from './codec.ts';
import {
  type ContainerEntry,
  DIRECTORY_RECORD_BYTES,
  directoryEnd,
  directoryRecord,
  END_BYTES,
  END64_BYTES,
  localHeader,
  localHeaderLength,
  OFFSET64_BYTES,
} from './container.ts';
import {
  MANIFEST_NAME,
  MAX_MANIFEST_BYTES,
  type Manifest,
  manifestDigest,
  SIGNATURE_NAME,
} from './manifest/manifest.ts';
import { BEYOND_HINT, decodeManifest } from './manifest/read.ts';

/** Position of an entry: its local header begins at `offset`, its stored bytes at `dataOffset`. */
export interface Placement {
  offset: number;
  dataOffset: number;
}

export interface Inspection {
  manifest: Manifest;
  digest: string;
  /** Positions by entry name, as computed from the manifest. */
  placements: Map<string, Placement>;
  /**
   * Bytes by which the part before the manifest is longer (negative: shorter) than it should be; 0 in a sound archive.
   */
  shift: number;
  /** Faults found outside the entries; empty in a sound archive. */
  faults: string[];
}

export const DAMAGED_HINT = 'Use another backup; this one was altered, cut or wrongly copied after it was written.';
const MAX_SIGNATURE_BYTES = 4096;

/**
 * Finds the manifest from the end of the file and compares everything outside the entries with the only form it can
 * have. Trusts nothing in the directory: it is computed from the manifest and must be equal, and smaller damage is
 * listed. Rejects with ARCHIVE_INVALID for a file that is no archive of ours, ARCHIVE_DAMAGED when the manifest cannot
 * be reached, or as `decodeManifest` does.
 */
export async function inspectContainer(
  source: ByteSource,
  limits: { entries: number; manifestBytes: number },
): Promise<Inspection> {
  const directory = await findDirectory(source);
  const tail = await readTail(source, directory, limits.manifestBytes);
  const bytes = await readStored(source, tail.manifest);
  const manifest = decodeManifest(bytes);
  if (manifest.entries.length > limits.entries) {
    throw new AppError(
      'ARCHIVE_LIMIT',
      `The archive has ${manifest.entries.length} entries; at most ${limits.entries} are read.`,
      { hint: BEYOND_HINT },
    );
  }
  const layout = layOut(manifest, tail);
  const faults: string[] = [];
  const shift = source.size - layout.size;
  if (shift !== 0) faults.push(`the file has ${source.size} bytes, its manifest accounts for ${layout.size}`);
  for (const part of layout.parts) {
    if (!(await sameBytes(source, part.offset + shift, part.bytes)))
      faults.push(`${part.what} is not as it was written`);
  }
  return { manifest, digest: manifestDigest(bytes), placements: layout.placements, shift, faults };
}

interface Directory {
  start: number;
  end: number;
}

async function findDirectory(source: ByteSource): Promise<Directory> {
  const { size } = source;
  if (size < END_BYTES) throw notZip(size === 0 ? 'The file is empty' : `The file has ${size} bytes`);
  const end = view(await source.read(size - END_BYTES, END_BYTES));
  if (end.getUint32(0, true) !== 0x06054b50 || end.getUint16(20, true) !== 0) {
    const start = view(await source.read(0, 4));
    if (start.getUint32(0, true) !== 0x04034b50) throw notZip('The file is not a ZIP');
    throw containerDamaged('the file does not end as an archive does: it was cut off, or something was added to it');
  }
  let length = end.getUint32(12, true);
  let directoryEndsAt = size - END_BYTES;
  const hasEnd64 =
    size >= END_BYTES + END64_BYTES &&
    view(await source.read(size - END_BYTES - 20, 4)).getUint32(0, true) === 0x07064b50;
  if (hasEnd64) {
    directoryEndsAt -= END64_BYTES;
    length = Number(view(await source.read(directoryEndsAt + 40, 8)).getBigUint64(0, true));
  }
  const start = directoryEndsAt - length;
  if (!Number.isSafeInteger(start) || start < 0)
    throw containerDamaged('its directory would begin before the file does');
  return { start, end: directoryEndsAt };
}

interface Stored extends ContainerEntry {
  dataOffset: number;
}

interface Tail {
  manifest: Stored;
  signature: Stored | null;
}

/**
 * Finds the manifest through the last one or two records of the directory: its entry ends where the directory begins.
 */
async function readTail(source: ByteSource, directory: Directory, maxManifestBytes: number): Promise<Tail> {
  const last = await readLine(source, directory.end, SIGNATURE_NAME);
  const manifest = await readLine(source, directory.end - (last?.length ?? 0), MANIFEST_NAME);
  if (!manifest) {
    throw new AppError('ARCHIVE_INVALID', 'The ZIP is not a backup: manifest.json is not its last entry.', {
      hint: 'Give a file made by this program. A backup whose directory was damaged also looks like this.',
    });
  }
  if (manifest.size > directory.start) throw containerDamaged('its manifest would begin before the file does');
  if (manifest.size > maxManifestBytes) {
    throw new AppError(
      'ARCHIVE_LIMIT',
      `The manifest has ${manifest.size} bytes; at most ${maxManifestBytes} are read.`,
      {
        hint:
          manifest.size > MAX_MANIFEST_BYTES
            ? BEYOND_HINT
            : 'Of an upload less is read: if it is yours all the same, copy it into the folder of the backups by hand.',
      },
    );
  }
  if (last && last.size > MAX_SIGNATURE_BYTES)
    throw new AppError(
      'ARCHIVE_LIMIT',
      `${SIGNATURE_NAME} has ${last.size} bytes; at most ${MAX_SIGNATURE_BYTES} are read.`,
      { hint: BEYOND_HINT },
    );
  const signature = last && { ...entryOf(SIGNATURE_NAME, last), dataOffset: directory.start - last.size };
  const end = signature ? signature.dataOffset - localHeaderLength(signature) : directory.start;
  return { manifest: { ...entryOf(MANIFEST_NAME, manifest), dataOffset: end - manifest.size }, signature };
}

interface DirectoryLine {
  size: number;
  crc32: string;
  length: number;
}

/**
 * Returns the directory record that ends at `end`, when it is that of an uncompressed entry called `name`; otherwise
 * null.
 */
async function readLine(source: ByteSource, end: number, name: string): Promise<DirectoryLine | null> {
  for (const extra of [0, OFFSET64_BYTES]) {
    const length = DIRECTORY_RECORD_BYTES + name.length + extra;
    if (end < length) continue;
    const bytes = await source.read(end - length, length);
    const line = view(bytes);
    if (
      line.getUint32(0, true) !== 0x02014b50 ||
      line.getUint16(28, true) !== name.length ||
      line.getUint16(30, true) !== extra
    )
      continue;
    if (
      new TextDecoder('latin1').decode(bytes.subarray(DIRECTORY_RECORD_BYTES, DIRECTORY_RECORD_BYTES + name.length)) !==
      name
    )
      continue;
    return { size: line.getUint32(24, true), crc32: line.getUint32(16, true).toString(16).padStart(8, '0'), length };
  }
  return null;
}

function entryOf(name: string, { size, crc32 }: DirectoryLine): ContainerEntry {
  return { name, method: 'store', size, storedSize: size, crc32 };
}

async function readStored(source: ByteSource, entry: Stored): Promise<Uint8Array> {
  if (entry.dataOffset < 0) throw containerDamaged(`${entry.name} would begin before the file does`);
  const bytes = await source.read(entry.dataOffset, entry.size);
  if (crc32Hex(bytes) !== entry.crc32)
    throw new AppError('ARCHIVE_DAMAGED', `${entry.name} is damaged: its checksum differs.`, {
      hint: DAMAGED_HINT,
      details: { place: 'manifest' },
    });
  return bytes;
}

interface Layout {
  placements: Map<string, Placement>;
  /** Everything but the entries' stored bytes and their local headers; the manifest's own header is included. */
  parts: { what: string; offset: number; bytes: Uint8Array }[];
  size: number;
}

function layOut(manifest: Manifest, tail: Tail): Layout {
  const time = archiveTime(manifest);
  const placements = new Map<string, Placement>();
  const lines: Uint8Array[] = [];
  const parts: Layout['parts'] = [];
  let offset = 0;
  for (const entry of [...manifest.entries, tail.manifest, ...(tail.signature ? [tail.signature] : [])]) {
    const dataOffset = offset + localHeaderLength(entry);
    placements.set(entry.name, { offset, dataOffset });
    lines.push(directoryRecord(entry, offset, time));
    offset = dataOffset + entry.storedSize;
  }
  for (const entry of [tail.manifest, tail.signature]) {
    const at = entry && placements.get(entry.name);
    if (at) parts.push({ what: `the header of ${entry.name}`, offset: at.offset, bytes: localHeader(entry, time) });
  }
  const directory = Buffer.concat(lines);
  const end = directoryEnd(lines.length, offset, directory.length);
  parts.push(
    { what: 'its directory', offset, bytes: directory },
    { what: 'its end record', offset: offset + directory.length, bytes: end },
  );
  return { placements, parts, size: offset + directory.length + end.length };
}

/** Returns the one time that all entries carry. */
export function archiveTime(manifest: Manifest): Date {
  return new Date(manifest.metadata.timestamp);
}

async function sameBytes(source: ByteSource, offset: number, expected: Uint8Array): Promise<boolean> {
  if (offset < 0 || offset + expected.length > source.size) return false;
  let at = 0;
  for await (const piece of readPieces(source, { what: 'Reading the archive', offset, length: expected.length })) {
    if (Buffer.compare(piece, expected.subarray(at, at + piece.length)) !== 0) return false;
    at += piece.length;
  }
  return true;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function notZip(what: string): AppError {
  return new AppError('ARCHIVE_INVALID', `${what}: not a backup made by this program.`, {
    hint: 'Give the .zip file that a backup wrote.',
  });
}

/** Returns an ARCHIVE_DAMAGED error about the container, as opposed to one of its entries. */
export function containerDamaged(what: string): AppError {
  return new AppError('ARCHIVE_DAMAGED', `The archive's container is damaged: ${what}.`, {
    hint: DAMAGED_HINT,
    details: { place: 'container' },
  });
}
