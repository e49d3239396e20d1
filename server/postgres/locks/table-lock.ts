import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { AppError, cancelled } from '../../core/errors.ts';
import { type Blocker, blockersHint, describeBlockers, lockHolders, olderSnapshots } from './blockers.ts';

export interface TableLockOptions {
  /** One try waits at most this long, and never longer than 0.8 of the server's deadlock_timeout. */
  tryMs: number;
  /** After this long the restore gives up with TABLE_BUSY. */
  giveUpMs: number;
  now: () => number;
  pause: (ms: number) => Promise<void>;
  onWait?: (blockers: Blocker[]) => void;
  signal: AbortSignal;
}

/** A try waits for these shares of its longest time in turn: short ones hold nobody up for long, long ones outwait a slow transaction. */
const SHARES = [0.125, 0.25, 0.5, 1] as const;

/** A server may look for deadlocks at once; a try needs some time even where nobody is in the way. */
const SHORTEST_TRY_MS = 20;

/**
 * Begins a READ COMMITTED transaction whose first statement locks all tables in ACCESS EXCLUSIVE mode, and returns with the
 * transaction open. A try that does not get them all is rolled back and made again after a pause, so that readers who queued
 * behind it get through; by turns the tables are taken in the order of their names and against it, because an application that
 * always takes them in one order is in the way of the other one only. A try ends before any client's deadlock check could fire:
 * whoever is in a ring with us, it is always we who let go. Never a weaker lock first: upgrading is how restores and clients kill each other.
 * Transactions that hold an older snapshot would see the rewritten tables as empty; they are waited for in the same way.
 */
export async function lockTables(session: Session, tables: ObjectName[], options: TableLockOptions): Promise<void> {
  const sorted = tables.toSorted((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1));
  const [row] = await session.query<{ ms: number }>(
    `SELECT setting::float8 AS ms FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'`,
  );
  const longestMs = Math.min(options.tryMs, (row?.ms ?? 1000) * 0.8);
  const started = options.now();
  for (let attempt = 0; ; attempt++) {
    const tryMs = Math.max(SHORTEST_TRY_MS, Math.floor(longestMs * (SHARES[attempt % SHARES.length] ?? 1)));
    const order = Math.floor(attempt / 2) % 2 === 0 ? sorted : sorted.toReversed();
    const horizon = await freshHorizon(session);
    // While one of them is open, locking would hold everybody up for nothing.
    let blockers = await olderSnapshots(session, horizon);
    const locked = blockers.length > 0 ? null : await tryLock(session, order, tryMs, options.signal);
    if (locked !== null)
      blockers = locked ? await olderSnapshots(session, horizon) : await lockHolders(session, sorted);
    if (locked && blockers.length === 0) return;
    if (locked) await session.query('ROLLBACK');
    if (options.now() - started >= options.giveUpMs) throw busy(blockers, locked !== false);
    options.onWait?.(blockers);
    if (options.signal.aborted) throw cancelled('The restore');
    // Uneven pauses, so that two programs that meet do not meet again.
    await options.pause(50 + ((attempt * 137) % 250));
  }
}

/** One try. True: the transaction is open and holds every lock. False: it is rolled back. */
async function tryLock(session: Session, tables: ObjectName[], tryMs: number, signal: AbortSignal): Promise<boolean> {
  // The limit is the statement's, not lock_timeout: that one starts anew for each table of the list.
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE');
  await session.query(`SET LOCAL statement_timeout = ${tryMs}`);
  const locked = await session.query(`LOCK TABLE ${tables.map(quoteName).join(', ')} IN ACCESS EXCLUSIVE MODE`).then(
    () => true,
    (error) => {
      const missed = error instanceof AppError && (error.code === 'CANCELLED' || error.code === 'TABLE_BUSY');
      if (missed && !signal.aborted) return false;
      throw error;
    },
  );
  // The limit of a try is not that of the look at who was in the way.
  if (!locked) await session.query('ROLLBACK');
  await session.query(`SET ${locked ? 'LOCAL ' : ''}statement_timeout = 0`);
  return locked;
}

/**
 * The oldest transaction number that a snapshot taken from now on can look back to. A number is used up first: every snapshot
 * taken before this call looks back further, unless some other transaction has been writing all the time.
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

/** The refusal of an operation that met these in its way; `what` begins the sentence. */
export function inUse(what: string, blockers: Blocker[], again = 'run the restore again.'): AppError {
  return new AppError('TABLE_BUSY', `${what}: ${describeBlockers(blockers)}. Nothing was changed.`, {
    hint: blockersHint(blockers, again),
    details: { blockers },
  });
}

/** Does what reads definitions of these tables; when somebody holds one for longer than `lock_timeout`, the error names who. */
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
