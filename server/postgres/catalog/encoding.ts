import type { Session } from '../../../db/connect/session.ts';

/** Returns the encoding of the session's database, as the server spells it. */
export async function readEncoding(session: Session): Promise<string> {
  const [row] = await session.query<{ encoding: string }>('SELECT pg_catalog.getdatabaseencoding()::text AS encoding');
  return row?.encoding ?? '';
}

/**
 * Lets the server send error messages as raw bytes until the transaction ends; applies to SQL_ASCII databases only. Such a message
 * repeats the row, and bytes that are not UTF-8 would raise another error. All names in messages were read before.
 */
export async function takeErrorsAsTheyAre(session: Session): Promise<void> {
  await session.query(
    `SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', true) WHERE pg_catalog.getdatabaseencoding() = 'SQL_ASCII'`,
  );
}
