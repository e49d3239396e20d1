import type { WorkingSession } from '../../../db/connect/working-session.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { type Archive, checkContainer } from '../../archive/reader.ts';
import type { OnProgress } from '../../core/progress.ts';
import { namingHolders } from '../../postgres/locks/table-lock.ts';
import { readHorizon } from '../../postgres/rows/watermark.ts';
import { sessionsFor } from '../../postgres/sessions-for.ts';
import { openSnapshot } from '../../postgres/snapshot.ts';
import type { PlannedTable } from '../plan.ts';
import { findEqualTables } from './equal-tables.ts';

/** What a look at live needs. */
interface Looking {
  databaseUrl: string;
  bytesPerSession?: number;
  /** Name by which the server shows the connections. */
  name: string;
  leader: WorkingSession;
  archive: Archive;
  jobs: number;
  lockGiveUpMs: number;
  /** The end of an error about locked tables. */
  busy: { end: string; again: string };
  onProgress: OnProgress;
  signal: AbortSignal;
}

/**
 * Returns which of these tables hold the archive's rows byte for byte, and the horizon of the snapshot in which they were read. The tables
 * of `locked` are locked against TRUNCATE and ALTER meanwhile. Throws ARCHIVE_DAMAGED for a chunk of an equal table.
 *
 * The leader is an ordinary session again afterwards, or closed on failure.
 */
export async function findEqual(
  looking: Looking,
  locked: PlannedTable[],
  tables: PlannedTable[],
): Promise<{ tables: Set<PlannedTable>; horizon: string }> {
  const { leader, databaseUrl, name, signal, onProgress } = looking;
  const snapshot = await openSnapshot(
    leader,
    databaseUrl,
    locked.map(({ live }) => live),
    { applicationName: name, signal, lockTimeoutMs: looking.lockGiveUpMs, busy: looking.busy },
  );
  try {
    const horizon = await readHorizon(leader);
    const bytes = tables.flatMap(({ live }) => live.leaves).reduce((sum, leaf) => sum + leaf.bytes, 0);
    const jobs = sessionsFor(bytes, looking.jobs, looking.bytesPerSession);
    const equal = await findEqualTables(looking.archive, tables, snapshot, { jobs, signal, onProgress });
    await snapshot.release();
    // Nobody will load their chunks, and so nobody else would see that one of these is damaged.
    const unread = new Set([...equal].flatMap(({ archived }) => looking.archive.chunks(archived)));
    await checkContainer(looking.archive, (entry) => !unread.has(entry));
    return { tables: equal, horizon };
  } catch (error) {
    await snapshot[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Runs the work in one snapshot, with the tables locked against TRUNCATE and ALTER before it is taken. It may write, because differences
 * are kept in tables of the staging schema.
 */
export async function inOneMoment(
  { leader, lockGiveUpMs, busy }: Pick<Looking, 'leader' | 'lockGiveUpMs' | 'busy'>,
  tables: PlannedTable[],
  work: () => Promise<void>,
): Promise<void> {
  const names = tables.map(({ live }) => live);
  if (names.length === 0) return;
  await leader.query(`SET lock_timeout = ${Math.round(lockGiveUpMs)}`);
  await leader.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ WRITE');
  await namingHolders(leader, names, busy.again, () =>
    leader.query(`LOCK TABLE ${names.map(quoteName).join(', ')} IN ACCESS SHARE MODE`),
  );
  await work();
  await leader.query('COMMIT');
  await leader.query('SET lock_timeout = 0');
}
