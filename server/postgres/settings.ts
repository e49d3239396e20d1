import type { Session } from '../../db/connect.ts';
import { AppError } from '../errors.ts';

const OLDEST_SERVER = 140000;

/**
 * What every working session says of itself before it reads or writes a row, so that no setting of a role, a database
 * or a server changes what a value looks like. The list is pg_dump's (`setup_connection` in its source), with the
 * limits off that would end long work half-way.
 */
const ALWAYS: [name: string, value: string][] = [
  ['client_encoding', 'UTF8'],
  ['datestyle', 'ISO'],
  ['intervalstyle', 'postgres'],
  ['timezone', 'UTC'],
  ['extra_float_digits', '3'],
  ['bytea_output', 'hex'],
  ['lc_monetary', 'C'],
  ['xmloption', 'content'],
  ['row_security', 'off'],
  ['search_path', ''],
  ['standard_conforming_strings', 'on'],
  ['synchronize_seqscans', 'off'],
  ['statement_timeout', '0'],
  ['lock_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['idle_session_timeout', '0'],
  ['transaction_timeout', '0'],
  ['default_transaction_isolation', 'read committed'],
  ['default_transaction_read_only', 'off'],
  ['default_transaction_deferrable', 'off'],
  ['max_parallel_workers_per_gather', '0'],
  ['jit', 'off'],
];

/** Applies the settings this server knows; returns its version number (`150018`). Throws SERVER_UNSUPPORTED below 14. */
export async function configureSession(session: Session): Promise<number> {
  const names = ALWAYS.map(([name]) => name);
  const values = ALWAYS.map(([, value]) => value);
  const [server] = await session.query<{ number: number; version: string }>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version`,
  );
  const number = server?.number ?? 0;
  if (number < OLDEST_SERVER)
    throw new AppError(
      'SERVER_UNSUPPORTED',
      `The server is PostgreSQL ${server?.version}; 14 is the oldest this program knows.`,
      {
        hint: 'Upgrade the server, or use pg_dump of its own version.',
      },
    );
  await session.query(
    `SELECT pg_catalog.set_config(wanted.name, wanted.value, false)
       FROM unnest($1::text[], $2::text[]) AS wanted(name, value)
       JOIN pg_catalog.pg_settings USING (name)`,
    [names, values],
  );
  // So that a statement ends soon after its client is gone. Some platforms cannot watch a socket; there it stays off.
  await session.query(`SET client_connection_check_interval = '1s'`).catch(() => undefined);
  return number;
}
