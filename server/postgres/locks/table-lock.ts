import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { AppError, cancelled } from '../../core/errors.ts';
import { type Blocker, blockersHint, describeBlockers, lockHolders, olderSnapshots } from './blockers.ts';

export interface TableLockOptions {
  /** Milliseconds that one try waits at most; never more than 0.8 of the server's deadlock_timeout. */
  tryMs: number;
  /** Milliseconds after which the restore gives up with TABLE_BUSY. */
  giveUpMs: number;
  now: () => number;
  pause: (ms: number) => Promise<void>;
  onWait?: (blockers: Blocker[]) => void;
  signal: AbortSignal;
}

/**
 * `EXCLUSIVE` keeps away writers, and readers who lock rows (`FOR UPDATE`), for whom a statement might wait otherwise; everybody else reads
 * on. `ACCESS EXCLUSIVE` keeps all readers away.
 */
export type LockMode = 'ACCESS EXCLUSIVE' | 'EXCLUSIVE';

/** Shares of the longest wait, used in turn: short tries hold nobody up for long, long ones outwait a slow transaction. */
const SHARES = [0.125, 0.25, 0.5, 1] as const;

/** Least milliseconds of a try. A server may check for deadlocks at once, and a try needs some time even without a blocker. */
const SHORTEST_TRY_MS = 20;

/**
 * Begins a READ COMMITTED transaction that locks all tables, and returns with it open. Retries after a pause when a lock cannot be had, or
 * when, under ACCESS EXCLUSIVE, a transaction with an older snapshot would see emptied tables. Throws TABLE_BUSY after `giveUpMs`.
 */
export async function lockTables(
  session: Session,
  tables: ObjectName[],
  mode: LockMode,
  options: TableLockOptions,
): Promise<void> {
  // Rows that are changed one by one stay visible to older snapshots; those of an emptied table do not.
  const isExclusive = mode === 'ACCESS EXCLUSIVE';
  const olderOnes = isExclusive ? olderSnapshots : async () => [];
  const sorted = tables.toSorted((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1));
  const [row] = await session.query<{ ms: number }>(
    `SELECT setting::float8 AS ms FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'`,
  );
  // A try ends before the deadlock check of any client: in a deadlock with us, it is always this session that lets go.
  const longestMs = Math.min(options.tryMs, (row?.ms ?? 1000) * 0.8);
  const started = options.now();
  for (let attempt = 0; ; attempt++) {
    const tryMs = Math.max(SHORTEST_TRY_MS, Math.floor(longestMs * (SHARES[attempt % SHARES.length] ?? 1)));
    // Tables are locked by name and in reverse by turns: an application that always locks in one order blocks only the other.
    const order = Math.floor(attempt / 2) % 2 === 0 ? sorted : sorted.toReversed();
    const horizon = await freshHorizon(session);
    // While an older snapshot is open, locking would hold everybody up for nothing.
    let blockers = await olderOnes(session, horizon);
    const locked = blockers.length > 0 ? null : await tryLock(session, order, mode, tryMs, options.signal);
    if (locked !== null)
      blockers = locked
        ? await olderOnes(session, horizon)
        : await lockHolders(session, sorted, isExclusive ? 'exclusive' : 'writers');
    if (locked && blockers.length === 0) return;
    // Readers who queued behind the try get through during the pause.
    if (locked) await session.query('ROLLBACK');
    if (options.now() - started >= options.giveUpMs) throw busy(blockers, locked !== false);
    options.onWait?.(blockers);
    if (options.signal.aborted) throw cancelled('The restore');
    // Pauses of uneven length, so that two programs that collide do not collide again.
    await options.pause(50 + ((attempt * 137) % 250));
  }
}

/** Tries once. Returns true with the transaction open and every lock held, false with it rolled back. */
async function tryLock(
  session: Session,
  tables: ObjectName[],
  mode: LockMode,
  tryMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  // The limit is the statement's: lock_timeout would start again for each table of the list.
  // Never a weaker lock first: upgrading locks is how restores and clients deadlock.
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE');
  await session.query(`SET LOCAL statement_timeout = ${tryMs}`);
  const locked = await session.query(`LOCK TABLE ${tables.map(quoteName).join(', ')} IN ${mode} MODE`).then(
    () => true,
    (error) => {
      const missed = error instanceof AppError && (error.code === 'CANCELLED' || error.code === 'TABLE_BUSY');
      if (missed && !signal.aborted) return false;
      throw error;
    },
  );
  // The limit of a try must not apply to the query for its blockers.
  if (!locked) await session.query('ROLLBACK');
  await session.query(`SET ${locked ? 'LOCAL ' : ''}statement_timeout = 0`);
  return locked;
}

/**
 * Returns the oldest transaction number that a snapshot taken from now on can look back to. Uses up a number first, so that snapshots
 * taken before this call look back further, unless another transaction has been writing all the time.
 */
async function freshHorizon(session: Session): Promise<string> {
  await session.query('SELECT pg_catalog.pg_current_xact_id()');
  const [row] = await session.query<{ xmin: string }>(
    'SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::xid::text AS xmin',
  );
  return row?.xmin ?? '0';
}

function busy(blockers: Blocker[], locked: boolean): AppError {
  return inUse(
    locked ? 'Transactions with an older snapshot are still open' : 'The tables are in use and could not be locked',
    blockers,
  );
}

/** Returns TABLE_BUSY for an operation blocked by these; `what` begins the sentence. */
export function inUse(what: string, blockers: Blocker[], again = 'run the restore again.'): AppError {
  return new AppError('TABLE_BUSY', `${what}: ${describeBlockers(blockers)}. Nothing was changed.`, {
    hint: blockersHint(blockers, again),
    details: { blockers },
  });
}

/**
 * Runs a read of these tables' definitions. When somebody holds one of them longer than `lock_timeout`, throws TABLE_BUSY naming the
 * holder.
 */
export async function namingHolders<Result>(
  session: Session,
  tables: ObjectName[],
  again: string,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'TABLE_BUSY') throw error;
    throw inUse('Definitions of the tables could not be read', await lockHolders(session, tables, 'share'), again);
  }
}
