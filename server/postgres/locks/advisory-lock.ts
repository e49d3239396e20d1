import { createHash } from 'node:crypto';
import type { Session } from '../../../db/connect/session.ts';
import { AppError } from '../../core/errors.ts';

/**
 * First keys of the advisory locks of the target database: each names a family of locks, and the second key names the lock. A lock
 * belongs to the session that took it and vanishes with it, whatever ends it.
 */
const GATE = 0x50414c47; // 'PALG'
const ALIVE = 0x50414c41; // 'PALA'
const APPLY = 0x50414c50; // 'PALP'
const DESK = 0x50414c44; // 'PALD'

/** Mode of the gate: backups share it; a restore, also one from the command line, has it alone. */
export type GateMode = 'shared' | 'exclusive';

export async function tryGate(session: Session, mode: GateMode): Promise<boolean> {
  return tryLock(session, `pg_try_advisory_lock${mode === 'shared' ? '_shared' : ''}`, GATE, 1);
}

/** Returns the sessions holding the gate in the way of this mode, as shown in pg_stat_activity, for the message of a refusal. */
export async function gateHolders(
  session: Session,
  mode: GateMode,
): Promise<{ pid: number; application: string; since: string | null }[]> {
  return session.query(
    `SELECT a.pid, a.application_name AS application, a.backend_start::text AS since
       FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'advisory' AND l.classid = $1 AND l.objid = 1 AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
        AND ($2 = 'exclusive' OR l.mode = 'ExclusiveLock')
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
      ORDER BY a.backend_start`,
    [GATE, mode],
  );
}

/** Makes requests run one after the other, so that no two find the gate free. Held until the transaction ends. */
export async function lockDesk(session: Session): Promise<void> {
  await session.query(`SELECT pg_catalog.pg_advisory_xact_lock($1, 1)`, [DESK]);
}

/** Takes the lock that marks an operation as alive while its own session holds it; no clock decides. Returns false when it is held. */
export async function tryLivenessLock(session: Session, operationId: string): Promise<boolean> {
  return tryLock(session, 'pg_try_advisory_lock', ALIVE, keyOf(operationId));
}

/** Runs the work while no session holds this operation alive; returns false when one does. */
export function ifDead(session: Session, operationId: string, work: () => Promise<void>): Promise<boolean> {
  return whileHeld(session, ALIVE, operationId, work);
}

/**
 * Takes the apply lock, held until the commit or rollback of the transaction that changes live tables. Whoever ends the operation, or wants
 * to know how it ended, takes this lock first.
 */
export async function tryApplyLock(session: Session, operationId: string): Promise<boolean> {
  return tryLock(session, 'pg_try_advisory_xact_lock', APPLY, keyOf(operationId));
}

/** Waits until no transaction of this operation is running. Does not tell how it ended. */
export async function awaitApplyOver(session: Session, operationId: string): Promise<void> {
  await session.query(`SELECT pg_catalog.pg_advisory_lock($1, $2)`, [APPLY, keyOf(operationId)]);
  await unlock(session, APPLY, keyOf(operationId));
}

/** Runs the work while no transaction of this operation is running; returns false when one is. */
export function ifApplyOver(session: Session, operationId: string, work: () => Promise<void>): Promise<boolean> {
  return whileHeld(session, APPLY, operationId, work);
}

async function whileHeld(
  session: Session,
  family: number,
  operationId: string,
  work: () => Promise<void>,
): Promise<boolean> {
  const key = keyOf(operationId);
  if (!(await tryLock(session, 'pg_try_advisory_lock', family, key))) return false;
  try {
    await work();
  } catch (error) {
    // A failed transaction accepts no other statement, and the lock must be released in any case.
    await session.query('ROLLBACK').catch(() => undefined);
    await unlock(session, family, key).catch(() => undefined);
    throw error;
  }
  await unlock(session, family, key);
  return true;
}

async function unlock(session: Session, family: number, key: number): Promise<void> {
  await session.query(`SELECT pg_catalog.pg_advisory_unlock($1, $2)`, [family, key]);
}

async function tryLock(session: Session, fn: string, family: number, key: number): Promise<boolean> {
  const [row] = await session.query<{ got: boolean }>(`SELECT pg_catalog.${fn}($1, $2) AS got`, [family, key]);
  return row?.got ?? false;
}

function keyOf(operationId: string): number {
  return createHash('sha256').update(operationId).digest().readInt32BE(0);
}

/** Number of looks for a pooler: one kept busy by other clients may by chance give different backends a few times. */
const POOLER_PROBES = 20;

/**
 * Throws POOLER_DETECTED behind a transaction pooler, where a session's locks, settings and snapshots pass to the next client. Two
 * clients were seen to hold the same exclusive lock there.
 */
export async function refusePooler(first: Session, another: () => Promise<Session>): Promise<void> {
  // A server reached without a pooler told the number of the session's backend at sign-in; no second connection is needed then.
  if (first.direct) return;
  await using second = await another();
  const backend = await backendOf(first);
  // A pooler gives itself away by two idle connections with one backend, or by one that changes its backend.
  for (let probes = 0; probes < POOLER_PROBES; probes++) {
    if ((await backendInTransaction(second)) === backend || (await backendOf(first)) !== backend)
      throw new AppError(
        'POOLER_DETECTED',
        'The database is reached through a transaction pooler, where sessions are shared between clients.',
        {
          hint: 'Set DATABASE_DIRECT_URL to the address of the PostgreSQL server itself (often port 5432 instead of 6432 or 6543).',
        },
      );
  }
}

async function backendOf(session: Session): Promise<number> {
  const [row] = await session.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid');
  return row?.pid ?? 0;
}

async function backendInTransaction(session: Session): Promise<number> {
  await session.query('BEGIN');
  const pid = await backendOf(session);
  await session.query('ROLLBACK');
  return pid;
}
