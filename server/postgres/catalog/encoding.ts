import type { Session } from '../../../db/connect/session.ts';

/** Returns the encoding of the session's database, as the server spells it. */
export async function readEncoding(session: Session): Promise<string> {
  const [row] = await session.query<{ encoding: string }>('SELECT pg_catalog.getdatabaseencoding()::text AS encoding');
  return row?.encoding ?? '';
}

/**
 * Lets the server say which rule a row breaks, until the transaction ends: its words repeat the row, and words that are not UTF-8
 * would arrive as another error. Only in a database that says nothing of its bytes; the names in them were read before.
 */
export async function takeErrorsAsTheyAre(session: Session): Promise<void> {
  await session.query(
    `SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', true) WHERE pg_catalog.getdatabaseencoding() = 'SQL_ASCII'`,
  );
}
