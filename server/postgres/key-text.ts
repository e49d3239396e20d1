const KEY_CHARACTERS = 60;

/**
 * Returns SQL for the beginning of a row's key as shown to a person. In an SQL_ASCII database, bytes beyond ASCII are written as `\351`,
 * because they may not be UTF-8 or may be cut in two.
 */
export function shownKey(key: string): string {
  return `CASE WHEN pg_catalog.getdatabaseencoding() = 'SQL_ASCII'
  THEN pg_catalog.encode(pg_catalog.convert_to(pg_catalog.left(${key}, ${KEY_CHARACTERS}), 'SQL_ASCII'), 'escape')
  ELSE pg_catalog.left(${key}, ${KEY_CHARACTERS}) END`;
}
