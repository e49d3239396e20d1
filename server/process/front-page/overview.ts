import { asking } from '../../../db/connect/database-error.ts';
import { whileReachable } from '../../../db/connect/liveness.ts';
import { maskDatabaseUrl } from '../../../db/connect/mask-url.ts';
import { openSession, type Session } from '../../../db/connect/session.ts';
import { openTransaction } from '../../../db/connect/working-session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { AppError, unexpected } from '../../core/errors.ts';
import type { Storage } from '../../storage/storage.ts';

/** State of database and storage, as the front page shows it. */
export interface Overview {
  database: { url: string; state: { version: string; tables: TableRows[] } | AppError };
  storage: { label: string; state: { backups: StoredBackupLine[]; totalSize: number } | AppError };
}

export interface TableRows {
  name: string;
  /** Null: the table does not exist, or may not be read. */
  rows: { count: number; exact: boolean } | null;
}

export interface StoredBackupLine {
  name: string;
  size: number;
  createdAt: Date;
}

export interface OverviewSource {
  databaseUrl: string;
  /** The protected tables. */
  tables: ObjectName[];
  storage: Pick<Storage, 'label' | 'list'>;
}

/**
 * Most rows counted one by one; beyond them the planner's estimate is shown, so that the page stays quick on any table.
 */
const COUNTED_ROWS = 100_000;

/** Reads the state of database and storage. Never throws: a part that cannot be read is returned as its error. */
export async function readOverview(source: OverviewSource, signal: AbortSignal): Promise<Overview> {
  const [database, storage] = await Promise.all([
    whileReachable(source.databaseUrl, (givenUp) => readDatabase(source, AbortSignal.any([signal, givenUp]))).catch(
      asAppError,
    ),
    readStorage(source.storage).catch(asAppError),
  ]);
  return {
    database: { url: maskDatabaseUrl(source.databaseUrl), state: database },
    storage: { label: source.storage.label, state: storage },
  };
}

/**
 * Checks that the database answers and accepts writes to our tables, which signing in and records need. Throws an
 * AppError that says why not.
 */
export async function askDatabase(databaseUrl: string, signal: AbortSignal): Promise<void> {
  await whileReachable(databaseUrl, async (givenUp) => {
    await using session = await openSession(databaseUrl, {
      applicationName: 'palace-backup ready',
      signal: AbortSignal.any([signal, givenUp]),
    });
    // Changes no row and takes no lock that anybody waits for; a standby, or a role that may not write, refuses it.
    await asking('asking whether it takes writes', () =>
      session.query('UPDATE backup_system.operations SET revision = revision WHERE false'),
    );
  });
}

async function readDatabase(source: OverviewSource, signal: AbortSignal) {
  await using session = await openTransaction(source.databaseUrl, {
    applicationName: 'palace-backup page',
    signal,
  });
  await session.query(`SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '1s'`);
  const [server] = await session.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  const tables: TableRows[] = [];
  for (const table of source.tables) tables.push({ name: qualifiedName(table), rows: await countRows(session, table) });
  return { version: server?.version ?? '', tables };
}

async function countRows(session: Session, table: ObjectName): Promise<TableRows['rows']> {
  const [known] = await session.query<{ estimate: string | null; readable: boolean | null }>(
    `SELECT c.reltuples::bigint AS estimate, has_table_privilege(c.oid, 'SELECT') AS readable
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`,
    [table.schema, table.name],
  );
  if (!known?.readable) return null;
  const [counted] = await session.query<{ count: string }>(
    `SELECT count(*) AS count FROM (SELECT FROM ${quoteName(table)} LIMIT ${COUNTED_ROWS + 1}) AS sample`,
  );
  const count = Number(counted?.count ?? 0);
  return count <= COUNTED_ROWS
    ? { count, exact: true }
    : { count: Math.max(count, Number(known.estimate)), exact: false };
}

async function readStorage(storage: OverviewSource['storage']) {
  const stored = await storage.list();
  return {
    backups: stored.map(({ name, size, createdAt }) => ({ name, size, createdAt })),
    totalSize: stored.reduce((sum, { size }) => sum + size, 0),
  };
}

function asAppError(error: unknown): AppError {
  return error instanceof AppError ? error : unexpected(error);
}
