import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
import { AppError } from '../../server/core/errors.ts';
import { databaseError, faultCode } from '../connect/database-error.ts';
import { openDriver } from '../connect/driver.ts';
import { openSession, type Session } from '../connect/session.ts';
import { configureTransaction } from '../connect/working-session.ts';
import { quoteIdent } from '../model/quote.ts';
import { SYSTEM_SCHEMA } from './schema.ts';

export interface MigrateReport {
  /** Number of our own migrations applied now; 0 when the schema was up to date. */
  systemApplied: number;
  application: ApplicationFinding;
  /** Event triggers that ran for the tables created now: whatever they wrote stays. Absent when none did. */
  eventTriggers?: string[];
}

/** The tables an application needs in the schema `public`. */
export interface ApplicationTables {
  /** Folder of drizzle-kit migrations that create them. */
  migrationsFolder: string;
  /** Returns the names of the tables. */
  tables(): string[];
}

/** The contents of the `public` schema. Only an empty one is written to. */
export type ApplicationFinding =
  | { found: 'created' }
  | { found: 'already there' }
  | { found: 'partly there'; missing: string[] }
  | { found: 'other tables'; tables: string[] }
  | { found: 'not asked for' };

export interface MigrateOptions {
  /** Tables that an empty database gets; none when absent. */
  application?: ApplicationTables | null;
  signal?: AbortSignal;
}

/** Table of our own schema that records the applied migrations. */
export const JOURNAL = 'migrations';
/** Folder of our own migrations. */
export const SYSTEM_FOLDER = `${import.meta.dir}/migrations`;
/** Key of the advisory lock that serialises migrations; the numbers only have to be ours alone. */
const LOCK = '(1885433458, 1835624306)';

/**
 * Brings our schema `backup_system` up to date and, when `public` holds no table, creates the application's tables there. Never alters
 * existing tables; only reads a current database; safe at every start and from several processes at once. Throws DATABASE_UNREACHABLE,
 * DATABASE_AUTH_FAILED, or PERMISSION_DENIED with the GRANT to run.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<MigrateReport> {
  const signal = options.signal ?? new AbortController().signal;
  await using session = await openSession(url, { applicationName: 'palace-backup migrate', signal });
  const application = options.application ?? null;
  const found = async (): Promise<ApplicationFinding> =>
    application ? finding(application, await publicTables(session)) : { found: 'not asked for' };
  // For this transaction only, here and below: the address may be a pooler's.
  await session.query('BEGIN READ ONLY');
  await configureTransaction(session);
  if ((await pendingMigrations(session)) === 0 && !(application && (await isEmpty(session)))) {
    return { systemApplied: 0, application: await found() };
  }

  await session.query('COMMIT');
  await takeLock(session);
  const systemApplied = await migrateSystem(url, session);
  const made: ApplicationFinding = application
    ? await createWhenEmpty(session, application)
    : { found: 'not asked for' };
  const ran = systemApplied > 0 || made.found === 'created' ? await eventTriggers(session) : [];
  await session.query('COMMIT');
  return { systemApplied, application: made, ...(ran.length > 0 && { eventTriggers: ran }) };
}

/** Takes the lock in READ COMMITTED, so that another process's work during the wait is visible. */
async function takeLock(session: Session): Promise<void> {
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
  await configureTransaction(session);
  await session.query(`SELECT pg_advisory_xact_lock${LOCK}`);
}

/** Returns how many of our own migrations a database lacks. The session must have no search path of its own. */
export async function pendingMigrations(session: Session): Promise<number> {
  const known = readMigrationFiles({ migrationsFolder: SYSTEM_FOLDER });
  const [journal] = await session.query<{ there: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = '${SYSTEM_SCHEMA}' AND c.relname = '${JOURNAL}') AS there`,
  );
  if (!journal?.there) return known.length;
  const [last] = await withGrant(
    session,
    (role) =>
      `GRANT USAGE ON SCHEMA ${SYSTEM_SCHEMA} TO ${role}; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ${SYSTEM_SCHEMA} TO ${role};`,
    () => session.query<{ at: string | null }>(`SELECT max(created_at)::text AS at FROM ${SYSTEM_SCHEMA}.${JOURNAL}`),
  );
  return known.filter((migration) => migration.folderMillis > Number(last?.at ?? 0)).length;
}

async function migrateSystem(url: string, session: Session): Promise<number> {
  const pending = await pendingMigrations(session);
  if (pending === 0) return 0;
  // On its own connection: Drizzle rewrites the parsers of the client it is given, and the lock stays with the session.
  const client = openDriver(url, { connections: 1, applicationName: 'palace-backup migrate' });
  try {
    await withGrant(
      session,
      (role, database) =>
        `GRANT CREATE ON DATABASE ${database} TO ${role}; or, when the schema is there, ALTER SCHEMA ${SYSTEM_SCHEMA} OWNER TO ${role};`,
      () =>
        applyMigrations(drizzle(client), {
          migrationsFolder: SYSTEM_FOLDER,
          migrationsSchema: SYSTEM_SCHEMA,
          migrationsTable: JOURNAL,
        }),
    );
  } finally {
    await client.end({ timeout: 3 });
  }
  return pending;
}

/**
 * Creates the tables in an empty database. Keeps no journal: their history belongs to the application, and ours would outlive dropped
 * tables.
 */
async function createWhenEmpty(session: Session, application: ApplicationTables): Promise<ApplicationFinding> {
  const tables = await publicTables(session);
  if (tables.length > 0) return finding(application, tables);
  await session.query('SET LOCAL search_path = public');
  await withGrant(
    session,
    (role) => `GRANT USAGE, CREATE ON SCHEMA public TO ${role};`,
    async () => {
      for (const migration of readMigrationFiles({ migrationsFolder: application.migrationsFolder })) {
        for (const statement of migration.sql) await session.query(statement);
      }
    },
  );
  return { found: 'created' };
}

function finding(application: ApplicationTables, tables: string[]): ApplicationFinding {
  const ours = application.tables();
  const missing = ours.filter((name) => !tables.includes(name));
  if (missing.length === 0) return { found: 'already there' };
  return missing.length < ours.length ? { found: 'partly there', missing } : { found: 'other tables', tables };
}

async function isEmpty(session: Session): Promise<boolean> {
  return (await publicTables(session)).length === 0;
}

/** Returns the tables of `public`. Tables of extensions (PostGIS's spatial_ref_sys) do not put a database in use. */
async function publicTables(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'f')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY c.relname COLLATE "C"`,
  );
  return rows.map((row) => row.name);
}

/** Returns the event triggers that creating tables sets off. */
async function eventTriggers(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT evtname AS name FROM pg_catalog.pg_event_trigger
      WHERE evtenabled IN ('O', 'A') AND evtevent IN ('ddl_command_start', 'ddl_command_end') ORDER BY evtname COLLATE "C"`,
  );
  return rows.map((row) => row.name);
}

/** Runs `work`. Throws PERMISSION_DENIED with the GRANT to run for a missing right, and names an event trigger that refuses. */
async function withGrant<T>(
  session: Session,
  grant: (role: string, database: string) => string,
  work: () => Promise<T>,
): Promise<T> {
  const [me] = await session.query<{ role: string; database: string }>(
    'SELECT current_user AS role, current_database() AS database',
  );
  const triggers = await eventTriggers(session);
  try {
    return await work();
  } catch (error) {
    const known = databaseError(error, 'migrating');
    const raised = /^P0/.exec(faultCode(known.cause) ?? '') !== null;
    if (raised && triggers.length > 0)
      throw new AppError(
        'DATABASE_ERROR',
        `An event trigger of this database prevents making tables: ${triggers.join(', ')}.`,
        {
          cause: known,
          hint: `Let the owner disable it: ${triggers.map((name) => `ALTER EVENT TRIGGER ${quoteIdent(name)} DISABLE;`).join(' ')} then run it again, then enable it by ENABLE.`,
        },
      );
    if (known.code !== 'PERMISSION_DENIED' || !me) throw known;
    throw new AppError(
      'PERMISSION_DENIED',
      `The role ${me.role} may not make the tables it needs in the database ${me.database}.`,
      {
        cause: known,
        hint: `As the database's owner or an administrator run: ${grant(quoteIdent(me.role), quoteIdent(me.database))}`,
      },
    );
  }
}
