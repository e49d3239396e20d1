import type { ObjectName } from './model.ts';

/** Quotes a PostgreSQL identifier: safe for any name, hostile ones included. Throws on NUL, which no identifier can hold. */
export function quoteIdent(name: string): string {
  if (name.includes('\0')) throw new RangeError('a NUL character cannot be part of an identifier');
  return `"${name.replaceAll('"', '""')}"`;
}

/** Returns `"schema"."name"`. */
export function quoteName(object: ObjectName): string {
  return `${quoteIdent(object.schema)}.${quoteIdent(object.name)}`;
}

/** Quotes a PostgreSQL string literal, safe whatever `standard_conforming_strings` says. Throws on NUL. */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new RangeError('a NUL character cannot be part of a text');
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
