import type { Session } from '../../../db/connect/session.ts';
import { AppError } from '../../core/errors.ts';

/** The identity of a session's database, whatever address led to it. */
export interface DatabaseIdentity {
  database: string;
  /** Created with the server's files, so that a standby shares its primary's; absent where the role may not read it. */
  systemIdentifier?: string;
}

/** A session, or a pool that can run a query. */
interface Asked {
  query(text: string, params: unknown[]): Promise<Record<string, unknown>[]>;
}

/** Reads which database this is. Takes no lock, and does not fail for a missing right. */
export async function readIdentity(session: Asked): Promise<DatabaseIdentity> {
  // Qualified, so that a function of another schema cannot answer instead.
  const [row] = await session.query(
    `SELECT pg_catalog.current_database() AS database,
            pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('pg_catalog.pg_control_system()')::oid, 'EXECUTE') AS told`,
    [],
  );
  if (!row) throw new AppError('DATABASE_ERROR', 'The server does not say which database this is.');
  const database = String(row['database']);
  if (row['told'] !== true) return { database };
  const [control] = await session.query('SELECT system_identifier::text AS id FROM pg_catalog.pg_control_system()', []);
  return { database, ...(control && { systemIdentifier: String(control['id']) }) };
}

/** Reads what a manifest says about the server. */
export async function readServer(session: Session, versionNum: number) {
  const identity = await readIdentity(session);
  const [row] = await session.query<{ version: string; encoding: string }>(
    `SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.pg_encoding_to_char(encoding) AS encoding
       FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`,
  );
  if (!row) throw new AppError('DATABASE_ERROR', 'The database does not list itself in pg_database.');
  return { ...row, versionNum, ...identity };
}
