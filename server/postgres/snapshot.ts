import { faultCode } from '../../db/connect/database-error.ts';
import type { Session } from '../../db/connect/session.ts';
import { openWorkingSession, type WorkingSession } from '../../db/connect/working-session.ts';
import { type ObjectName, qualifiedName } from '../../db/model/model.ts';
import { quoteLiteral, quoteName } from '../../db/model/quote.ts';
import { AppError } from '../core/errors.ts';
import { blockersHint, describeBlockers, lockHolders } from './locks/blockers.ts';

/** One moment of the database from which rows are read, by one session or several. */
export interface SnapshotSessions {
  readonly leader: Session;
  /**
   * Opens one more session that sees the same moment. Returns null when it cannot have the table locks at once, and the leader works on
   * alone. Queueing behind a stronger lock request, while the leader holds its locks, would be a deadlock.
   */
  join(): Promise<Session | null>;
  /** Opens a session outside the moment, which sees the database as it is. The caller closes it. */
  openOutside(): Promise<Session>;
}

/** One moment of the database, seen by several sessions at once. */
export interface Snapshot extends SnapshotSessions, AsyncDisposable {
  readonly serverVersion: number;
  /** Ends the moment and its locks, and returns the leader as an ordinary session. Disposing closes that as well. */
  release(): Promise<Session>;
}

export interface SnapshotOptions {
  applicationName: string;
  signal: AbortSignal;
  /** Longest wait for a locked table, in milliseconds. */
  lockTimeoutMs: number;
  /** The end of an error about locked tables: `No backup was made.`, and `run the backup again.` for its hint. */
  busy?: { end: string; again: string };
}

/**
 * Takes a snapshot after locking the tables in ACCESS SHARE mode. Throws TABLE_BUSY when a table stays locked longer than `lockTimeoutMs`,
 * PERMISSION_DENIED when one cannot be read. The given session becomes the leader; it is closed with the snapshot, or on failure.
 */
export async function openSnapshot(
  leader: WorkingSession,
  url: string,
  tables: ObjectName[],
  options: SnapshotOptions,
): Promise<Snapshot> {
  const lockSql = `LOCK TABLE ${tables.map(quoteName).join(', ')} IN ACCESS SHARE MODE`;
  const followers: Session[] = [];
  try {
    // Locked before any snapshot exists: a TRUNCATE or a rewriting ALTER that commits between snapshot and lock would silently be read as
    // an empty table.
    await leader.query(`SET lock_timeout = ${Math.round(options.lockTimeoutMs)}`);
    await leader.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    if (tables.length > 0) await leader.query(lockSql).catch((error) => explainLock(url, error, tables, options));
    const [row] = await leader.query<{ id: string }>('SELECT pg_catalog.pg_export_snapshot() AS id');
    const id = row?.id ?? '';
    return {
      leader,
      serverVersion: leader.serverVersion,
      async join() {
        const session = await openWorkingSession(url, options);
        try {
          await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
          await session.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(id)}`);
          if (tables.length > 0) await session.query(`${lockSql} NOWAIT`);
        } catch (error) {
          await session.close();
          if (error instanceof AppError && error.code === 'TABLE_BUSY') return null;
          throw leaderLost(error) ?? error;
        }
        followers.push(session);
        return session;
      },
      openOutside: () => openWorkingSession(url, options),
      async release() {
        await Promise.all(followers.map((session) => session.close()));
        await leader.query('COMMIT');
        await leader.query('SET lock_timeout = 0');
        return leader;
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([leader, ...followers].map((session) => session.close()));
      },
    };
  } catch (error) {
    await leader.close();
    throw error;
  }
}

/** Codes for a snapshot that ended with the transaction that exported it: unknown (22023 in older servers), or no longer importable. */
const SNAPSHOT_GONE = ['42704', '22023', '55000'];

/** Returns true when a session could not join because the leader's transaction has ended. The leader's own failure tells the cause. */
export function isSnapshotGone(error: unknown): boolean {
  return error instanceof AppError && error.code === 'CONNECTION_LOST' && isGone(error.cause);
}

function isGone(error: unknown): boolean {
  return error instanceof AppError && SNAPSHOT_GONE.includes(faultCode(error.cause) ?? '');
}

function leaderLost(error: unknown): AppError | null {
  if (!isGone(error)) return null;
  return new AppError('CONNECTION_LOST', 'The connection that holds the moment of this backup was lost.', {
    cause: error,
    hint: 'See the server log for why, then run it again.',
  });
}

/** Throws TABLE_BUSY naming the locked tables and who holds them, which takes a second look: the error of a LOCK names neither. */
async function explainLock(
  url: string,
  error: unknown,
  tables: ObjectName[],
  options: Pick<SnapshotOptions, 'applicationName' | 'signal' | 'busy'>,
): Promise<never> {
  if (!(error instanceof AppError) || error.code !== 'TABLE_BUSY') throw error;
  await using probe = await openWorkingSession(url, options);
  const busy: ObjectName[] = [];
  for (const table of tables) {
    await probe.query('BEGIN');
    try {
      await probe.query(`LOCK TABLE ${quoteName(table)} IN ACCESS SHARE MODE NOWAIT`);
    } catch (second) {
      if (faultCode((second as Error).cause) === '55P03') busy.push(table);
    }
    await probe.query('ROLLBACK');
  }
  const blockers = await lockHolders(probe, busy, 'share');
  const { end, again } = options.busy ?? { end: 'No backup was made.', again: 'run the backup again.' };
  const which = busy.map(qualifiedName).join(', ') || 'a table';
  throw new AppError(
    'TABLE_BUSY',
    `Locked for too long: ${which}, by ${blockers.length > 0 ? describeBlockers(blockers) : 'somebody who is gone by now'}. ${end}`,
    {
      cause: error,
      hint: blockersHint(blockers, again),
      details: { tables: busy.map(qualifiedName), blockers },
    },
  );
}
