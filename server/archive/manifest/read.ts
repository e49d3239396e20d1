import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { endOfJson, type JsonLimits, pastSpaces } from '../../core/json-limits.ts';
import { manifestFaults } from './check.ts';
import { FORMAT_MAJOR, MAX_MANIFEST_BYTES, type Manifest, manifestSchema } from './manifest.ts';

const DAMAGED_HINT = 'Use another backup; this one was altered after it was written, or this program did not write it.';
/** Hint for sizes that no backup reaches. */
export const BEYOND_HINT = 'No backup of this program has so much there: do not restore from this file.';

/** Limits for skipping over parts of the whole manifest. Nothing is built from them, so only size counts. */
const WHOLE: JsonLimits = { depth: 32, elements: MAX_MANIFEST_BYTES, stringBytes: 8 * 1024 * 1024 };
/**
 * Limits for one list item or one other member: a table of 1700 columns, each with a default and a constraint, has 60
 * 000 elements.
 */
const PIECE: JsonLimits = { depth: 32, elements: 200_000, stringBytes: 8 * 1024 * 1024 };
/** Most members of the manifest, those of later versions included. */
const MOST_MEMBERS = 200;
/** Most items of one list. */
const MOST_ITEMS = 500_000;
/** Number of faults after which no more are looked for. */
const NAMED_FAULTS = 4;

/**
 * Reads a manifest that is not trusted: checks size, UTF-8, JSON, the schema, then `manifestFaults`. Builds and checks
 * one list item at a time, stops at the first wrong one, and skips fields of later minor versions. Throws
 * ARCHIVE_TOO_NEW for another major version, ARCHIVE_LIMIT for sizes no manifest has, ARCHIVE_DAMAGED otherwise.
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > MAX_MANIFEST_BYTES) throw tooMuch(`${bytes.length} bytes; at most ${MAX_MANIFEST_BYTES} are read`);
  if (!isUtf8(bytes)) throw notJson();
  const pieces = membersOf(bytes);
  refuseOtherMajor(pieces);
  const frame: Record<string, unknown> = {};
  const lists: Record<string, unknown[]> = {};
  for (const [key, piece] of pieces) {
    const item = itemSchema(key);
    if (item && bytes[piece.start] === 0x5b) {
      lists[key] = itemsOf(bytes, piece, key, item);
      frame[key] = [];
    } else if (key in manifestSchema.shape) frame[key] = parsed(piece);
    else passOver(bytes, piece, key);
  }
  const read = manifestSchema.safeParse(frame);
  if (!read.success) throw damaged(read.error.issues.map(({ path, message }) => `${placeOf(path)}: ${message}`));
  // Sound, because each list was read by the schema of its items.
  const manifest = { ...read.data, ...lists } as Manifest;
  const faults = manifestFaults(manifest).take(NAMED_FAULTS).toArray();
  if (faults.length > 0) throw damaged(faults);
  return manifest;
}

/** A value as it stands in the manifest's bytes. */
interface Piece {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** Returns the schema of a list's items; null for a member that is no list or not of this version. */
function itemSchema(key: string): z.ZodType | null {
  const shape: Record<string, z.ZodType> = manifestSchema.shape;
  const schema = shape[key];
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodArray ? (inner.element as z.ZodType) : null;
}

/**
 * Finds the members of the outermost object without parsing their values. Throws ARCHIVE_DAMAGED for a duplicate key,
 * because readers differ on which one counts.
 */
function membersOf(bytes: Uint8Array): Map<string, Piece> {
  const members = new Map<string, Piece>();
  let at = pastSpaces(bytes, 0);
  if (bytes[at] !== 0x7b) throw notJson();
  at = pastSpaces(bytes, at + 1);
  if (bytes[at] === 0x7d && pastSpaces(bytes, at + 1) === bytes.length) return members;
  for (;;) {
    const keyEnd = endOfJson(bytes, at, WHOLE, tooMuch);
    const key = parsed({ bytes, start: at, end: keyEnd });
    if (typeof key !== 'string') throw notJson();
    if (members.has(key)) throw damaged([`${key.slice(0, 100)} is there twice`]);
    if (members.size >= MOST_MEMBERS) throw tooMuch(`more than ${MOST_MEMBERS} members`);
    at = pastSpaces(bytes, keyEnd);
    if (bytes[at] !== 0x3a) throw notJson();
    const start = pastSpaces(bytes, at + 1);
    const end = endOfJson(bytes, start, WHOLE, tooMuch);
    members.set(key, { bytes, start, end });
    at = pastSpaces(bytes, end);
    if (bytes[at] === 0x7d && pastSpaces(bytes, at + 1) === bytes.length) return members;
    if (bytes[at] !== 0x2c) throw notJson();
    at = pastSpaces(bytes, at + 1);
  }
}

/** Yields the items of a list one by one, unparsed. */
function* piecesOf(bytes: Uint8Array, list: Piece, key: string): Generator<Piece> {
  let at = pastSpaces(bytes, list.start + 1);
  if (bytes[at] === 0x5d && at + 1 === list.end) return;
  for (let index = 0; ; index++) {
    if (index >= MOST_ITEMS) throw tooMuch(`more than ${MOST_ITEMS} ${key}`);
    const end = endOfJson(bytes, at, PIECE, tooMuch);
    yield { bytes, start: at, end };
    at = pastSpaces(bytes, end);
    if (bytes[at] === 0x5d && at + 1 === list.end) return;
    if (bytes[at] !== 0x2c) throw notJson();
    at = pastSpaces(bytes, at + 1);
  }
}

function itemsOf(bytes: Uint8Array, list: Piece, key: string, schema: z.ZodType): unknown[] {
  const items: unknown[] = [];
  for (const piece of piecesOf(bytes, list, key)) {
    const read = schema.safeParse(parsed(piece));
    if (!read.success) {
      const faults = read.error.issues.map(
        ({ path, message }) => `${placeOf([key, items.length, ...path])}: ${message}`,
      );
      throw damaged(faults);
    }
    items.push(read.data);
  }
  return items;
}

/** Checks that a member of a later version is JSON, and keeps nothing of it. */
function passOver(bytes: Uint8Array, piece: Piece, key: string): void {
  if (bytes[piece.start] !== 0x5b) parsed(piece);
  else for (const item of piecesOf(bytes, piece, key)) parsed(item);
}

/**
 * Parses one piece. Throws ARCHIVE_LIMIT before building more than any manifest holds there, ARCHIVE_DAMAGED when it is
 * not JSON.
 */
function parsed({ bytes, start, end }: Piece): unknown {
  const piece = bytes.subarray(start, end);
  endOfJson(piece, 0, PIECE, tooMuch);
  try {
    return JSON.parse(Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString());
  } catch (cause) {
    throw notJson(cause);
  }
}

/**
 * Throws ARCHIVE_TOO_NEW for another major version. Reads only two fields of an unknown format, so that the error can
 * say who wrote it.
 */
function refuseOtherMajor(pieces: ReadonlyMap<string, Piece>): void {
  const member = (key: string) => {
    const piece = pieces.get(key);
    return piece && parsed(piece);
  };
  const version = z
    .string()
    .regex(/^\d{1,6}\.\d{1,6}$/)
    .safeParse(member('formatVersion'));
  if (!version.success || Number.parseInt(version.data, 10) === FORMAT_MAJOR) return;
  const writer = z.object({ name: z.string(), version: z.string() }).safeParse(member('application'));
  const by = writer.success ? `${writer.data.name} ${writer.data.version}`.slice(0, 200) : 'an unknown program';
  throw new AppError(
    'ARCHIVE_TOO_NEW',
    `The archive has format ${version.data}, written by ${by}; this program reads format ${FORMAT_MAJOR}.x.`,
    {
      hint: writer.success ? `Use ${by} or later to read it.` : 'Use a later version of this program.',
      details: { formatVersion: version.data, application: by },
    },
  );
}

function placeOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.') || 'manifest';
}

function tooMuch(what: string): AppError {
  return new AppError('ARCHIVE_LIMIT', `The manifest has ${what}.`, {
    hint: BEYOND_HINT,
  });
}

function notJson(cause?: unknown): AppError {
  return new AppError('ARCHIVE_DAMAGED', 'The manifest is not valid JSON in UTF-8.', { cause, hint: DAMAGED_HINT });
}

function damaged(found: string[]): AppError {
  const faults = found.slice(0, NAMED_FAULTS).map((fault) => fault.slice(0, 1000));
  const more = faults.length > 3 ? ' (and more)' : '';
  return new AppError(
    'ARCHIVE_DAMAGED',
    `The manifest contradicts itself or its format: ${faults.slice(0, 3).join('; ')}${more}.`,
    {
      hint: DAMAGED_HINT,
      details: { place: 'manifest', faults },
    },
  );
}
