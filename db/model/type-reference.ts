import type { ObjectName } from './model.ts';

/** A type as a column or an attribute names it. */
export interface TypeReference {
  /** The type itself, or the element type of an array. */
  type: ObjectName;
  array: boolean;
}

const PART = String.raw`("(?:[^"]|"")+"|[^".\s()[\]]+)`;
const QUALIFIED = new RegExp(String.raw`^${PART}\.${PART}(?:\(.*\))?$`, 's');
const UNQUALIFIED = new RegExp(String.raw`^${PART}(?:\(.*\))?$`, 's');

/**
 * Parses what `format_type` writes under `search_path = ''`: `public."Odd.Type"[]`, `public.geometry(Point,4326)`. A name without a schema
 * is PostgreSQL's own. Returns null for its spellings of several words (`timestamp(3) without time zone`).
 */
export function readTypeReference(sqlType: string): TypeReference | null {
  const array = sqlType.endsWith('[]');
  const element = array ? sqlType.slice(0, -2) : sqlType;
  const qualified = QUALIFIED.exec(element);
  if (qualified) return { type: { schema: plain(qualified[1]), name: plain(qualified[2]) }, array };
  const bare = UNQUALIFIED.exec(element);
  return bare && { type: { schema: 'pg_catalog', name: plain(bare[1]) }, array };
}

function plain(part = ''): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}
