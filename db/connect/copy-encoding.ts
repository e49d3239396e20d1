/** What COPY can be told of the bytes it passes on. */
export type CopyEncoding = 'UTF8' | 'SQL_ASCII';

/**
 * Returns in which encoding rows go between an archive of a database with the first encoding and a database with the second. Text
 * is UTF-8, into which the server converts; SQL_ASCII says nothing of its bytes, so that they go as they are, and only into its like.
 */
export function copyEncoding(archived: string, live: string): CopyEncoding {
  return archived === 'SQL_ASCII' && live === 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8';
}
