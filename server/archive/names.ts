import { createHash } from 'node:crypto';
import type { ObjectName } from '../../db/model/model.ts';

const PLAIN = /^[a-z0-9_]$/;
const CHUNK_NUMBER = /\/(\d{5,})\.(?:csv|copy)$/;

/** Longest path segment that common file systems take, in bytes. */
const LONGEST_PART = 255;
/** Bytes of the readable prefix that precedes the hash when the full folder name would be too long. */
const READABLE_BYTES = 200;
/** Hexadecimal digits of the hash: 128 bits. */
const HASH_DIGITS = 32;

/**
 * Encodes a PostgreSQL name for use in an entry's name: each UTF-8 byte outside `[a-z0-9_]` becomes `%XX`. Two names
 * never share a form.
 */
export function encodeNamePart(name: string): string {
  let encoded = '';
  for (const byte of new TextEncoder().encode(name)) {
    const character = String.fromCharCode(byte);
    encoded += PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/**
 * Returns the only name the chunk with this number (from 1) may have: `data/<schema>.<table>/<number>.csv`. A folder
 * name of more than 255 bytes, which `unzip` cannot make, is cut and ends in `~` and a hash of both names.
 */
export function chunkName(table: ObjectName, number: number, format: 'csv' | 'copy'): string {
  return pathOf(chunkFolder(table), number, format);
}

/** Returns whether a chunk has its proper name, or the uncut one that format 1.0 gave it. */
export function isChunkName(name: string, table: ObjectName, number: number, format: 'csv' | 'copy'): boolean {
  return name === chunkName(table, number, format) || name === pathOf(wholeFolder(table), number, format);
}

/** Returns the number in a chunk's name, or null when there is none. */
export function chunkNumber(name: string): number | null {
  const digits = CHUNK_NUMBER.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

function pathOf(folder: string, number: number, format: 'csv' | 'copy'): string {
  return `data/${folder}/${String(number).padStart(5, '0')}.${format}`;
}

function wholeFolder({ schema, name }: ObjectName): string {
  return `${encodeNamePart(schema)}.${encodeNamePart(name)}`;
}

function chunkFolder(table: ObjectName): string {
  const whole = wholeFolder(table);
  if (whole.length <= LONGEST_PART) return whole;
  const hash = createHash('sha256').update(`${table.schema}\0${table.name}`).digest('hex').slice(0, HASH_DIGITS);
  // Never cut within a `%XX`.
  return `${whole.slice(0, READABLE_BYTES).replace(/%.?$/, '')}~${hash}`;
}
