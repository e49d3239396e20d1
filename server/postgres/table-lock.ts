import type { Session } from '../../db/connect.ts';
import { type ObjectName, qualifiedName } from '../../db/model.ts';
import { quoteName } from '../../db/quote.ts';
import { AppError, cancelled } from '../errors.ts';

export interface Blocker {
  pid: number;
  user: string | null;
  application: string | null;
  state: string | null;
  since: string | null;
}

export interface TableLockOptions {
  /** One try waits at most this long, and never longer than 0.8 of the server's deadlock_timeout. */
  tryMs: number;
  /** After this long the restore gives up with OPERATION_IN_PROGRESS. */
  giveUpMs: number;
  now: () => number;
  pause: (ms: number) => Promise<void>;
  onWait?: (blockers: Blocker[]) => void;
  signal: AbortSignal;
}

/**
 * Begins a READ COMMITTED transaction whose first statement locks all tables in ACCESS EXCLUSIVE mode, sorted by name, and
 * returns with the transaction open. A try that does not get them all is rolled back and made again after a pause, so that
 * readers who queued behind it get through. A try ends before any client's deadlock check could fire: whoever is in a ring
 * with us, it is always we who let go. Never a weaker lock first: upgrading is how restores and clients kill each other.
 * Transactions that hold an older snapshot would see the rewritten tables as empty; they are waited for in the same way.
 */
export async function lockTables(session: Session, tables: ObjectName[], options: TableLockOptions): Promise<void> {
  const sorted = tables.toSorted((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1));
  const lock = `LOCK TABLE ${sorted.map(quoteName).join(', ')} IN ACCESS EXCLUSIVE MODE`;
  const [row] = await session.query<{ ms: number }>(
    `SELECT setting::float8 AS ms FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'`,
  );
  const tryMs = Math.max(1, Math.floor(Math.min(options.tryMs, (row?.ms ?? 1000) * 0.8)));
  const started = options.now();
  for (let attempt = 0; ; attempt++) {
    // The limit is the statement's, not lock_timeout: that one starts anew for each table of the list.
    await session.query(`SET statement_timeout = ${tryMs}`);
    await session.query('BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE');
    const locked = await session.query(lock).then(
      () => true,
      (error) => {
        if (
          error instanceof AppError &&
          (error.code === 'CANCELLED' || error.code === 'TABLE_BUSY') &&
          !options.signal.aborted
        )
          return false;
        throw error;
      },
    );
    await session.query(locked ? 'SET LOCAL statement_timeout = 0' : 'ROLLBACK');
    const blockers = locked ? await olderSnapshots(session) : await holders(session, sorted);
    if (locked && blockers.length === 0) return;
    if (locked) await session.query('ROLLBACK');
    await session.query('SET statement_timeout = 0');
    if (options.now() - started >= options.giveUpMs) throw busy(blockers, locked);
    options.onWait?.(blockers);
    if (options.signal.aborted) throw cancelled('The restore');
    // Uneven pauses, so that two programs that meet do not meet again.
    await options.pause(150 + ((attempt * 137) % 450));
  }
}

function busy(blockers: Blocker[], locked: boolean): AppError {
  const who = blockers.map(
    (blocker) =>
      `pid ${blocker.pid}${blocker.application ? ` (${blocker.application})` : ''}${blocker.state ? `, ${blocker.state}` : ''}`,
  );
  return new AppError(
    'OPERATION_IN_PROGRESS',
    `${locked ? 'Transactions with an older snapshot are still open' : 'The tables are in use and could not be locked'}: ${who.join('; ') || 'by sessions that are gone by now'}. Nothing was changed.`,
    {
      hint: 'Let these sessions finish, or end them with SELECT pg_terminate_backend(pid), then run the restore again.',
      details: { blockers },
    },
  );
}

async function holders(session: Session, tables: ObjectName[]): Promise<Blocker[]> {
  return session.query<Blocker>(
    `SELECT DISTINCT a.pid, a.usename AS "user", a.application_name AS application, a.state, a.xact_start::text AS since
       FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
        AND l.relation = ANY (SELECT c.oid FROM unnest($1::text[], $2::text[]) AS t(schema, name)
              JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.name)
      ORDER BY a.pid`,
    [tables.map((table) => table.schema), tables.map((table) => table.name)],
  );
}

/**
 * Sessions in a transaction whose snapshot is older than this one's commit will be. A READ COMMITTED session between two
 * statements holds none; one that waits for a lock will take a new one. Of other roles' sessions only a member of
 * pg_read_all_stats can see this much.
 */
async function olderSnapshots(session: Session): Promise<Blocker[]> {
  return session.query<Blocker>(
    `SELECT a.pid, a.usename AS "user", a.application_name AS application, a.state, a.xact_start::text AS since
       FROM pg_catalog.pg_stat_activity a
      WHERE a.datname = current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend' AND a.backend_xmin IS NOT NULL
        AND (a.state LIKE 'idle in transaction%'
             OR (a.state = 'active' AND a.query_start > a.xact_start AND a.wait_event_type IS DISTINCT FROM 'Lock'))
      ORDER BY a.pid`,
  );
}
