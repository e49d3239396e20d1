import type { Session } from '../../db/connect/session.ts';
import type { ObjectName } from '../../db/model/model.ts';
import { AppError } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import { withoutUnsureChecks } from '../postgres/catalog/domain-checks.ts';
import { readShape, type Shape } from '../postgres/catalog/shape.ts';
import { tryApplyLock } from '../postgres/locks/advisory-lock.ts';
import { type Blocker, lockHolders } from '../postgres/locks/blockers.ts';
import { inUse, lockTables } from '../postgres/locks/table-lock.ts';
import { type BackupKnowledge, explainBrokenRule, isBrokenRule } from '../postgres/rewrite/broken-rules.ts';
import { refuseOtherChanges } from '../postgres/rewrite/final-check.ts';
import { refuseForeignRows } from '../postgres/rewrite/foreign-rows.ts';
import { referringOutside, rewriteTables } from '../postgres/rewrite/rewrite.ts';
import {
  type FoundSequences,
  holdSequences,
  readSequenceStates,
  setSequences,
} from '../postgres/rewrite/set-sequences.ts';
import type { TableLoad } from '../postgres/rewrite/table-load.ts';
import { loadOf, type RestorePlan } from './plan.ts';

/** The operation's record inside the transaction that changes the tables. `jobs/receipt.ts` implements it. */
export interface Receipt {
  readonly operationId: string;
  /** Throws unless the record still says `running`: somebody may have ended an operation that looked dead. */
  confirm(session: Session): Promise<void>;
  succeed(session: Session, result: Record<string, unknown>): Promise<void>;
}

export interface ApplyOptions {
  /** Longest single wait for the table locks, in milliseconds. */
  tryMs: number;
  /** Milliseconds after which no further try is made. */
  giveUpMs: number;
  now: () => number;
  pause: (ms: number) => Promise<void>;
  onBlocked: (blockers: Blocker[]) => void;
  onProgress: OnProgress;
  signal: AbortSignal;
}

export interface Applied {
  /** Milliseconds from holding every lock until the record was written. Tries that failed before are not counted. */
  lockedMs: number;
  warnings: string[];
}

/**
 * Replaces the tables' rows by the staged ones, sets the sequences and writes the record, in one transaction: all of it or nothing. On an
 * error the transaction may still be open: close the session. Call `refuseMissingRights` first.
 */
export async function applyRestore(
  session: Session,
  plan: RestorePlan,
  found: FoundSequences,
  receipt: Receipt,
  result: (applied: Applied) => Record<string, unknown>,
  knowledge: BackupKnowledge,
  options: ApplyOptions,
): Promise<Applied> {
  const loads = plan.tables.map(loadOf);
  const oids = loads.map((load) => load.live.oid);
  const totalRows = loads.reduce((sum, load) => sum + load.rows, 0);
  const progress = progressOf(totalRows, options.onProgress);

  await refuseForeignRows(session, loads);
  const expected = await readShape(session, oids);
  const outside = await namesOf(session, referringOutside(expected));

  progress.stage('lock');
  const shape = await lockAll(session, [...plan.tables.map((table) => table.live), ...outside], oids, found, options);
  const lockedAt = options.now();
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
  await refuseChangedTables(session, expected, shape, loads, outside);

  // Rolled back only to find out which rows break a rule; the restore fails all the same.
  await session.query('SAVEPOINT before_rewrite');
  const rewritten = await withoutUnsureChecks(session, plan.unsureDomains, () =>
    rewriteTables(
      session,
      loads,
      shape,
      {
        onRows: progress.rows,
        onStage: progress.stage,
        async onEmptied() {
          moments.emptied = await readSequenceStates(session, found.all);
        },
        async onFilled() {
          moments.filled = await readSequenceStates(session, found.all);
        },
      },
      knowledge,
    ),
  ).catch(async (error: unknown) => {
    if (!isBrokenRule(error)) throw error;
    await session.query('ROLLBACK TO SAVEPOINT before_rewrite');
    throw await explainBrokenRule(session, loads, shape, knowledge, error);
  });
  const set = await setSequences(session, found, moments);
  const applied = {
    lockedMs: Math.round(options.now() - lockedAt),
    warnings: [...found.warnings, ...rewritten.warnings],
  };
  await receipt.succeed(session, result(applied));
  await refuseOtherChanges(session, { oids, shape, rewritten, found, set });
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
  oids: number[],
  found: FoundSequences,
  options: ApplyOptions,
): Promise<Shape> {
  for (const started = options.now(); ; ) {
    await lockTables(session, tables, { ...options, onWait: options.onBlocked });
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
  loads: TableLoad[],
  outside: ObjectName[],
): Promise<void> {
  const now = await namesOf(session, referringOutside(shape));
  const names = (tables: ObjectName[]) => JSON.stringify(tables.map((table) => [table.schema, table.name]).sort());
  const there = new Set(shape.relations.map((relation) => relation.oid));
  const looked = loads.flatMap(({ live }) => [live.oid, ...live.leaves.map((leaf) => leaf.oid)]);
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
