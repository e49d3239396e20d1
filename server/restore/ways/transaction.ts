import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { AppError } from '../../core/errors.ts';
import type { OnProgress } from '../../core/progress.ts';
import { readShape, type Shape } from '../../postgres/catalog/shape.ts';
import { tryApplyLock } from '../../postgres/locks/advisory-lock.ts';
import { lockHolders } from '../../postgres/locks/blockers.ts';
import { inUse, type LockMode, lockTables } from '../../postgres/locks/table-lock.ts';
import { type Changed, refuseOtherChanges } from '../../postgres/rewrite/final-check.ts';
import { referringOutside } from '../../postgres/rewrite/rewrite.ts';
import {
  type FoundSequences,
  holdSequences,
  readSequenceStates,
  setSequences,
} from '../../postgres/rewrite/set-sequences.ts';
import { refuseMoreLosses } from '../compare/approved-plan.ts';
import type { PlannedTable } from '../plan.ts';
import type { Applied, LockPatience, Restoring } from './restoring.ts';
import type { ChosenWay } from './way.ts';

/** The moment at which every lock is held and the tables are as they were looked at. */
export interface Moment {
  shape: Shape;
  progress: ReturnType<typeof progressOf>;
  /** Call when nothing of the backup has arrived yet, and when all of it has: sequences must stand still elsewhere. */
  emptied: () => Promise<void>;
  filled: () => Promise<void>;
}

/**
 * Changes rows by `change`, sets the sequences and writes the record, in one transaction: all of it or nothing. On an error the
 * transaction may still be open: close the session. Call `refuseMissingRights` first.
 */
export async function changeLive(
  { leader: session, target, found, receipt, result, patience, approved, onProgress, signal }: Restoring,
  chosen: ChosenWay,
  mode: LockMode,
  change: (moment: Moment) => Promise<Changed & Pick<Applied, 'warnings' | 'changes'>>,
): Promise<Applied> {
  const { oids, plan } = target;
  const totalRows = plan.tables.reduce((sum, { archived }) => sum + archived.rows, 0);
  const progress = progressOf(totalRows, onProgress);
  const expected = await readShape(session, oids);
  const outside = await namesOf(session, referringOutside(expected));

  progress.stage('lock');
  const tables = [...plan.tables.map((table) => table.live), ...outside];
  const shape = await lockAll(session, tables, mode, oids, found, { ...patience, signal });
  const lockedAt = patience.now();
  // Every lock is held: others wait for the tables now, and nothing below waits for anybody.
  progress.stage('apply');
  if (!(await tryApplyLock(session, receipt.operationId)))
    throw new AppError(
      'OPERATION_IN_PROGRESS',
      'Another process is cleaning up after this operation. Nothing was changed.',
      {
        hint: 'Run the restore again.',
      },
    );
  await receipt.confirm(session);
  const held = await readSequenceStates(session, found.all);
  const moments = { held, emptied: held, filled: held };
  await refuseChangedTables(session, expected, shape, plan.tables, outside);
  if (approved) await refuseMoreLosses(session, approved, plan.tables, chosen.way);

  const changed = await change({
    shape,
    progress,
    async emptied() {
      moments.emptied = await readSequenceStates(session, found.all);
    },
    async filled() {
      moments.filled = await readSequenceStates(session, found.all);
    },
  });
  const set = await setSequences(session, found, moments);
  const lockedMs = Math.round(patience.now() - lockedAt);
  const applied: Applied = {
    ...chosen,
    lockedMs,
    readersWaitMs: mode === 'ACCESS EXCLUSIVE' ? lockedMs : 0,
    writersWaitMs: lockedMs,
    ...(changed.changes && { changes: changed.changes }),
    warnings: [...found.warnings, ...changed.warnings],
  };
  await receipt.succeed(session, result(applied));
  await refuseOtherChanges(session, { oids, shape, changed, found, set });
  progress.stage('commit');
  // Staging stays: dropping thousands of tables at once needs more locks than a server has.
  // A connection lost here is resolved by `restoreArchive`, which reads the record.
  await session.query('COMMIT');
  return applied;
}

/**
 * Begins the transaction and locks the tables, then their sequences. While a sequence is busy everything is released and tried again,
 * because its holder may be waiting for one of the tables. Returns their shape, read first: locking a sequence is an ALTER, which fires
 * event triggers.
 */
async function lockAll(
  session: Session,
  tables: ObjectName[],
  mode: LockMode,
  oids: number[],
  found: FoundSequences,
  options: LockPatience & { signal: AbortSignal },
): Promise<Shape> {
  for (const started = options.now(); ; ) {
    await lockTables(session, tables, mode, { ...options, onWait: options.onBlocked });
    const shape = await readShape(session, oids);
    if (await holdSequences(session, found.all)) return shape;
    await session.query('ROLLBACK');
    const blockers = await lockHolders(session, found.all);
    if (options.now() - started >= options.giveUpMs)
      throw inUse('A sequence of the tables is in use and could not be had', blockers);
    options.onBlocked(blockers);
    await options.pause(200);
  }
}

/** Throws RESTORE_REFUSED when a table was created, dropped, renamed or newly referred to between reading and locking. */
async function refuseChangedTables(
  session: Session,
  expected: Shape,
  shape: Shape,
  tables: PlannedTable[],
  outside: ObjectName[],
): Promise<void> {
  const now = await namesOf(session, referringOutside(shape));
  const names = (some: ObjectName[]) => JSON.stringify(some.map((one) => [one.schema, one.name]).sort());
  const there = new Set(shape.relations.map((relation) => relation.oid));
  const looked = tables.flatMap(({ live }) => [live.oid, ...live.leaves.map((leaf) => leaf.oid)]);
  const sameRelations = names(expected.relations) === names(shape.relations) && looked.every((oid) => there.has(oid));
  if (sameRelations && names(now) === names(outside)) return;
  throw new AppError(
    'RESTORE_REFUSED',
    'The tables were altered while the restore waited for them. Nothing was changed.',
    { hint: 'Run the restore again.' },
  );
}

async function namesOf(session: Session, oids: number[]): Promise<ObjectName[]> {
  return session.query<ObjectName>(
    `SELECT n.nspname AS schema, c.relname AS name
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::int8[]::oid[]) ORDER BY 1, 2`,
    [oids],
  );
}

function progressOf(totalRows: number, onProgress: OnProgress) {
  let done = 0;
  return {
    stage: (stage: 'lock' | 'apply' | 'indexes' | 'links' | 'commit') =>
      onProgress({ stage, rows: done, bytes: 0, totalBytes: 0, totalRows }),
    rows: (table: ObjectName, rows: number) => {
      done += rows;
      const name = `${table.schema}.${table.name}`;
      onProgress({ stage: 'apply', rows: done, bytes: 0, totalBytes: 0, totalRows, table: name });
    },
  };
}
