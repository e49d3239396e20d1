import type { ObjectName } from '../../db/model.ts';

const PLAIN = /^[a-z0-9_]$/;
const ENTRY = /^data\/([^./]+)\.([^./]+)\/(\d{5,})\.(csv|copy)$/;

/** A PostgreSQL name as part of an entry's name: anything but `[a-z0-9_]` becomes `%XX`, one for each UTF-8 byte. Two names never share a form. */
export function encodeNamePart(name: string): string {
  let encoded = '';
  for (const byte of new TextEncoder().encode(name)) {
    const character = String.fromCharCode(byte);
    encoded += PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The name behind `encodeNamePart`, or null when the text is not exactly what it would have written. */
export function decodeNamePart(encoded: string): string | null {
  try {
    const name = decodeURIComponent(encoded);
    return encodeNamePart(name) === encoded ? name : null;
  } catch {
    return null;
  }
}

/** `data/<schema>.<table>/<number>.csv`: the one name the chunk with this number (from 1) may have. */
export function chunkName(table: ObjectName, number: number, format: 'csv' | 'copy'): string {
  return `data/${encodeNamePart(table.schema)}.${encodeNamePart(table.name)}/${String(number).padStart(5, '0')}.${format}`;
}

/** The table, number and format in a chunk's name; null for any other name. */
export function parseChunkName(name: string): { table: ObjectName; number: number; format: 'csv' | 'copy' } | null {
  const match = ENTRY.exec(name);
  if (!match) return null;
  const [, schema = '', table = '', digits = '', format] = match;
  const decoded = { schema: decodeNamePart(schema), name: decodeNamePart(table) };
  const number = Number(digits);
  if (decoded.schema === null || decoded.name === null || !Number.isSafeInteger(number) || number < 1) return null;
  const parsed = {
    table: { schema: decoded.schema, name: decoded.name },
    number,
    format: format === 'copy' ? 'copy' : 'csv',
  } as const;
  return chunkName(parsed.table, number, parsed.format) === name ? parsed : null;
}
