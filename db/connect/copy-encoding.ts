/** Client encodings used for COPY. */
export type CopyEncoding = 'UTF8' | 'SQL_ASCII';

/**
 * Returns the encoding in which rows travel between an archive and a live database, given the encodings of both. Text is UTF-8, which the
 * server converts. SQL_ASCII says nothing about its bytes, so they travel unchanged, and only into another SQL_ASCII database.
 */
export function copyEncoding(archived: string, live: string): CopyEncoding {
  return archived === 'SQL_ASCII' && live === 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8';
}
