import { AppError } from '../../server/core/errors.ts';
import { quoteIdent } from '../model/quote.ts';
import { faultCode } from './database-error.ts';
import { askFirst, openSession, type Session, type SessionOptions } from './session.ts';
import {
  PLANNING_AS_BUILT,
  PLANNING_AS_BUILT_IN_TRANSACTION,
  SESSION_SETTINGS,
  type SessionSetting,
} from './session-settings.ts';

const OLDEST_SERVER = 140000;

export interface WorkingSession extends Session {
  /** Version number of the server (`150018`). */
  readonly serverVersion: number;
}

export interface WorkingSessionOptions extends SessionOptions {
  /** A list instead of `SESSION_SETTINGS`: tests use it to show what each line is for. */
  settings?: SessionSetting[];
}

/**
 * Opens a session on which no setting of a role, database or server changes how values and definitions look. Throws what `openSession` and
 * `configureSession` throw.
 */
export async function openWorkingSession(url: string, options: WorkingSessionOptions): Promise<WorkingSession> {
  const session = await openSession(url, options);
  try {
    return Object.assign(session, { serverVersion: await configureSession(session, options.settings) });
  } catch (error) {
    await session.close();
    throw error;
  }
}

/**
 * Opens a session inside a transaction that has our settings until it ends, so that a transaction pooler hands nothing on. Closing it rolls
 * back. Throws what `openSession` and `configureTransaction` throw.
 */
export async function openTransaction(url: string, options: SessionOptions): Promise<Session> {
  const session = await openSession(url, options);
  try {
    await session.query('BEGIN READ ONLY');
    await configureTransaction(session);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/**
 * Applies every setting of `SESSION_SETTINGS` that this server has, and reads each back. Returns the server's version number (`150018`).
 * Throws SERVER_UNSUPPORTED below 14, and DATABASE_ERROR naming a setting that was not taken.
 */
export async function configureSession(
  session: Session,
  settings: SessionSetting[] = SESSION_SETTINGS,
): Promise<number> {
  // Before anything whose meaning a search path could change, and before a timeout could end a longer statement.
  const limits = settings.filter(({ name }) => /^(statement|transaction)_timeout$/.test(name));
  const made = [{ name: 'search_path', value: '' }, ...limits].map(
    ({ name, value }) =>
      `CASE WHEN pg_catalog.current_setting('${name}', true) IS NOT NULL THEN pg_catalog.set_config('${name}', '${value}', false) END`,
  );
  const [server] = await askFirst<{ number: number; version: string }>(
    session,
    `SELECT ${made.join(', ')}, pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS number, pg_catalog.current_setting('server_version') AS version`,
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
  // A setting the role may not set is left to the second look, which can say what it is and where it comes from.
  const set = (sql: string, only?: string) => query(session, settings, sql, only);
  const refused = await set(setAll('session')).catch(async (error) => {
    if (!REFUSED.test(faultOf(error))) throw error;
    const different = await set(DIFFERENT);
    for (const { name } of different) await set(setAll('session', 'AND wanted.name = $4'), name).catch(() => undefined);
    return different;
  });
  const [left] = refused.length > 0 ? await set(DIFFERENT) : [];
  if (left) throw notTaken(left);
  await session.query(`SELECT ${PLANNING_AS_BUILT}`);
  // Ends a statement soon after its client is gone. Some platforms cannot watch a socket; there it stays off.
  await session.query(`SET client_connection_check_interval = '1s'`).catch(() => undefined);
  return number;
}

/**
 * Applies every setting an ordinary role may choose to the current transaction, until it ends. Behind a transaction pooler, session
 * settings would stay with the next client. Throws DATABASE_ERROR naming a setting that was not taken.
 */
export async function configureTransaction(session: Session): Promise<void> {
  await session.query(`SELECT pg_catalog.set_config('search_path', '', true)`);
  const settings = SESSION_SETTINGS.filter(({ superuser }) => !superuser);
  const refused = await query(session, settings, setAll('transaction'));
  const [left] = refused.length > 0 ? await query(session, settings, DIFFERENT) : [];
  if (left) throw notTaken(left);
  await session.query(`SELECT ${PLANNING_AS_BUILT_IN_TRANSACTION}`);
}

interface Different {
  name: string;
  value: string;
  is: string;
  source: string;
  role: string;
  database: string;
}

/** SQLSTATEs for a missing right, a value that is not accepted, and a setting that cannot be changed now. */
const REFUSED = /^(42501|22023|55P02)$/;

/** SQL for the settings that differ. A setting this server lacks is NULL here, and so never among them. */
const WANTED = `FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted(name, value, instead)
  WHERE pg_catalog.current_setting(wanted.name, true) <> wanted.value
    AND wanted.instead IN ('', pg_catalog.current_setting(wanted.name, true))`;

/** Applies the settings and returns those that the server spells differently afterwards. */
const setAll = (until: 'session' | 'transaction', only = '') =>
  `WITH made AS MATERIALIZED (SELECT wanted.name, wanted.value, pg_catalog.set_config(wanted.name, wanted.value, ${until === 'transaction'}) AS is ${WANTED} ${only})
  SELECT made.name FROM made WHERE made.is <> made.value`;

const DIFFERENT = `SELECT wanted.name, wanted.value, pg_catalog.current_setting(wanted.name, true) AS is, current_user::text AS role,
    pg_catalog.current_database()::text AS database,
    coalesce((SELECT s.source FROM pg_catalog.pg_settings AS s WHERE s.name = wanted.name), '') AS source ${WANTED}`;

async function query(session: Session, settings: SessionSetting[], sql: string, only?: string): Promise<Different[]> {
  const names = settings.map((setting) => setting.name);
  const values = settings.map((setting) => setting.value);
  // No NULL among them: with `array_nulls` off it would arrive as a word.
  const replaced = settings.map((setting) => setting.replaces ?? '');
  return session.query(sql, [names, values, replaced, ...(only === undefined ? [] : [only])]);
}

function faultOf(error: unknown): string {
  return (error instanceof Error && faultCode(error.cause)) || '';
}

function notTaken({ name, value, is, source, role, database }: Different): AppError {
  return new AppError(
    'DATABASE_ERROR',
    `The session needs the setting ${name} to be ${spelled(value)}, and it stays ${spelled(is)}. Nothing was read or changed.`,
    {
      hint: `It comes from ${ORIGINS[source]?.(name, quoteIdent(role), quoteIdent(database)) ?? 'the server’s configuration'}. Take it back there, or work as a role that may set it.`,
      details: { setting: name, wanted: value, is, source },
    },
  );
}

function spelled(value: string): string {
  return value === '' ? 'empty' : value;
}

/** Sources of a value, as `pg_settings` names them, in words; where there is one, with the statement that undoes it. */
const ORIGINS: Record<string, (name: string, role: string, database: string) => string> = {
  user: (name, role) => `the role (as a superuser: ALTER ROLE ${role} RESET ${name})`,
  database: (name, _, database) => `the database (as a superuser: ALTER DATABASE ${database} RESET ${name})`,
  'database user': (name, role, database) =>
    `the role in this database (as a superuser: ALTER ROLE ${role} IN DATABASE ${database} RESET ${name})`,
  global: (name) => `all roles (as a superuser: ALTER ROLE ALL RESET ${name})`,
  client: () => 'the connection’s own options (DATABASE_URL or PGOPTIONS)',
};
