import type { Session } from '../../db/connect/session.ts';
import { openWorkingSession } from '../../db/connect/working-session.ts';
import { shortName } from '../../db/model/model.ts';
import { quoteName } from '../../db/model/quote.ts';
import { lossesOf, lossText } from '../archive/manifest/losses.ts';
import type { ByteSource } from '../core/bytes.ts';
import { AppError, cancelled, leftOf, unexpected, withLeft } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import { explainCatalogText } from '../postgres/catalog/catalog-text.ts';
import { describeStaleViews } from '../postgres/catalog/stale-views.ts';
import { awaitApplyOver } from '../postgres/locks/advisory-lock.ts';
import { probeEventTriggers } from '../postgres/rewrite/probe.ts';
import { findSequences } from '../postgres/rewrite/set-sequences.ts';
import { sessionsFor } from '../postgres/sessions-for.ts';
import { cleanUp, dropStaging } from '../postgres/staging/drop-staging.ts';
import { stagingSchema } from '../postgres/staging/staging.ts';
import { openChosen } from './choose-tables.ts';
import { type ApprovedPlan, readBasis, refuseOtherBasis } from './compare/approved-plan.ts';
import { knowledgeOf } from './knowledge.ts';
import type { PlannedTable } from './plan.ts';
import { readTarget } from './read-target.ts';
import { refuseMissingRights, refuseObstacles, refuseSequences } from './refuse-rights.ts';
import { sequencesOf } from './sequences-of.ts';
import { applyRestore } from './ways/apply.ts';
import type { Applied, Receipt, RowChanges } from './ways/restoring.ts';
import type { ChosenWay, WantedWay } from './ways/way.ts';

const UNCHANGED = 'Nothing was changed.';

export interface RestoreDeps {
  /** The database that is restored into. */
  databaseUrl: string;
  /** The archive; the caller opens and closes it. */
  source: ByteSource;
  receipt: Receipt & { begin(): Promise<void>; outcome(): Promise<string | null> };
  now: () => Date;
  pause: (ms: number) => Promise<void>;
  lockTryMs: number;
  lockGiveUpMs: number;
  /** Bytes to load that make one more connection worth opening; see `sessionsFor`. */
  bytesPerSession?: number;
}

export interface RestoreInput {
  /** Keys, names or `schema.name`; every table of the archive when absent. */
  tables?: string[];
  jobs: number;
  /** Puts constraints back as NOT VALID when rows of the backup break them, instead of refusing. */
  keepBrokenRules?: boolean;
  /** The plan that this restore must carry out; it is refused when it would be another, or would remove more. */
  plan?: ApprovedPlan;
  /** The way in which rows get into live; `auto`, which is the default, takes the one that holds up others least. */
  apply?: WantedWay;
}

export interface RestoreResult extends ChosenWay {
  operationId: string;
  backupId: string;
  restoredRecords: number;
  /** Rows per table, by `schema.name`; the schema is omitted when it is `public`. */
  tables: Record<string, number>;
  /** Milliseconds until the restored rows were visible to everybody. */
  durationMs: number;
  /** Milliseconds for updating the planner's statistics afterwards; null in the record, which the commit writes. */
  analyzeMs: number | null;
  /** Milliseconds for which the tables were locked. */
  lockedMs: number;
  /** By table, the rows that were changed where only those were; tables without any are missing. */
  changes?: Record<string, RowChanges>;
  /** Longest that somebody who read the tables had to wait, in milliseconds; `writersWaitMs` for those who wrote to them. */
  readersWaitMs: number;
  writersWaitMs: number;
  timestamp: string;
  warnings: string[];
}

/**
 * Makes the chosen tables what they were at the time of the backup. Checks the archive and loads it into a private schema first; the live
 * tables change in one transaction at the end, or not at all. Removes the staging schema whatever fails.
 *
 * Call it inside an operation (`jobs/operations.ts`), which holds the gate alone and gives the receipt.
 */
export async function restoreArchive(
  deps: RestoreDeps,
  input: RestoreInput,
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<RestoreResult> {
  try {
    return await runRestore(deps, input, run);
  } catch (error) {
    throw await explainCatalogText(error, deps.databaseUrl, {
      code: 'RESTORE_REFUSED',
      end: UNCHANGED,
      signal: run.signal,
    });
  }
}

async function runRestore(
  deps: RestoreDeps,
  input: RestoreInput,
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<RestoreResult> {
  const started = deps.now();
  const { operationId } = deps.receipt;
  run.onProgress({ stage: 'open', rows: 0, bytes: 0, totalBytes: 0 });
  const { archive, chosen } = await openChosen(deps.source, input.tables, run.signal);

  const name = `palace-backup restore ${operationId}`;
  await using leader = await openWorkingSession(deps.databaseUrl, { applicationName: name, signal: run.signal });
  const schema = stagingSchema(operationId);
  const target = await readTarget(leader, archive, chosen, {
    schema,
    giveUpMs: deps.lockGiveUpMs,
    again: 'run the restore again.',
  });
  const { oids, plan } = target;
  const since = (moment: Date) => deps.now().getTime() - moment.getTime();
  const finish = (applied: Applied): RestoreResult => ({
    operationId,
    backupId: archive.manifest.metadata.backupId,
    restoredRecords: chosen.reduce((sum, table) => sum + table.rows, 0),
    tables: Object.fromEntries(chosen.map((table) => [shortName(table), table.rows])),
    durationMs: since(started),
    analyzeMs: null,
    way: applied.way,
    why: applied.why,
    lockedMs: applied.lockedMs,
    readersWaitMs: applied.readersWaitMs,
    writersWaitMs: applied.writersWaitMs,
    ...(applied.changes && { changes: applied.changes }),
    timestamp: deps.now().toISOString(),
    warnings: [...lossesOf(archive.manifest).map(lossText), ...plan.warnings, ...applied.warnings],
  });

  let result: RestoreResult | undefined;
  let left: string | null | undefined;
  try {
    const found = await findSequences(
      leader,
      sequencesOf(archive, chosen),
      plan.tables.map((table) => table.live.oid),
    );
    await refuseMissingRights(leader, plan, found);
    await refuseObstacles(leader, plan);
    refuseSequences(found);
    if (input.plan) refuseOtherBasis(input.plan, await readBasis(leader, archive, chosen, input, oids));
    const stale = await describeStaleViews(leader, oids);
    if (stale !== null) plan.warnings.push(stale);
    await probeEventTriggers(
      leader,
      schema,
      plan.tables.map((table) => table.live),
      found,
    );
    await deps.receipt.begin();
    await applyRestore({
      wanted: input.apply ?? 'auto',
      databaseUrl: deps.databaseUrl,
      jobs: input.jobs,
      ...(deps.bytesPerSession !== undefined && { bytesPerSession: deps.bytesPerSession }),
      name,
      schema,
      staged: new Set(),
      archive,
      leader,
      target,
      found,
      receipt: deps.receipt,
      ...run,
      knowledge: knowledgeOf(archive, chosen, input),
      ...(input.plan && { approved: input.plan }),
      result(applied) {
        result = finish(applied);
        return { ...result };
      },
      patience: {
        tryMs: deps.lockTryMs,
        giveUpMs: deps.lockGiveUpMs,
        now: () => deps.now().getTime(),
        pause: deps.pause,
        onBlocked: () => run.onProgress({ stage: 'lock', rows: 0, bytes: 0, totalBytes: 0, blocked: true }),
      },
    });
  } catch (error) {
    leader.destroy();
    const committed = result && (await committedAllTheSame(deps, operationId));
    left = await cleanUp(deps.databaseUrl, name, schema);
    if (!committed) throw failed(run.signal.aborted ? cancelled('The restore', left) : error, left);
  }
  if (!result) throw unexpected(new Error('the restore ended without a result'));
  const committed = deps.now();
  if (left === undefined)
    left = await dropStaging(leader, schema).then(
      () => null,
      () => cleanUp(deps.databaseUrl, name, schema),
    );
  const { changes } = result;
  const written = changes ? plan.tables.filter(({ live }) => shortName(live) in changes) : plan.tables;
  await analyze(deps, name, written, leader, input.jobs, run);
  if (left !== null) result.warnings.push(left);
  return { ...result, durationMs: committed.getTime() - started.getTime(), analyzeMs: since(committed) };
}

/**
 * Returns the error with "Nothing was changed." and with what is left over: it came before the commit, or the commit was found missing.
 * Leaves a cancelled restore's error unchanged, because it already says both.
 */
function failed(error: unknown, left: string | null): unknown {
  if (!(error instanceof AppError) || leftOf(error) !== undefined) return error;
  const { code, message, hint, details, cause } = error;
  const said = message.includes(UNCHANGED)
    ? error
    : new AppError(code, `${message} ${UNCHANGED}`, { ...(hint && { hint }), ...(details && { details }), cause });
  return left === null ? said : withLeft(said, left);
}

/** Number of times the record is read after a connection was lost at the commit: half a minute, the time a server needs to recover. */
const OUTCOME_TRIES = 60;
const OUTCOME_PAUSE_MS = 500;

/**
 * Reads from the record, written by the same commit, whether the restore succeeded after a lost connection. Throws CONNECTION_LOST when
 * it cannot be read.
 */
async function committedAllTheSame(deps: RestoreDeps, operationId: string): Promise<boolean> {
  const neverAborted = new AbortController().signal;
  for (let tries = 1; ; tries++) {
    try {
      await using session = await openWorkingSession(deps.databaseUrl, {
        applicationName: `palace-backup restore ${operationId} end`,
        signal: neverAborted,
      });
      await awaitApplyOver(session, operationId);
      return (await deps.receipt.outcome()) === 'succeeded';
    } catch (cause) {
      if (tries >= OUTCOME_TRIES) throw outcomeUnknown(operationId, cause);
      await deps.pause(OUTCOME_PAUSE_MS);
    }
  }
}

function outcomeUnknown(operationId: string, cause: unknown): AppError {
  return new AppError(
    'CONNECTION_LOST',
    'The connection was lost at the commit and the server does not answer: the tables are wholly restored or wholly as they were, but which cannot be told from here.',
    {
      cause,
      hint: `When the server is back: SELECT state FROM backup_system.operations WHERE id = '${operationId}'. If it says succeeded, every table is restored; otherwise nothing was changed.`,
      details: { operationId },
    },
  );
}

async function analyze(
  deps: RestoreDeps,
  name: string,
  tables: PlannedTable[],
  leader: Session,
  jobs: number,
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<void> {
  run.onProgress({ stage: 'analyze', rows: 0, bytes: 0, totalBytes: 0 });
  if (!leader.signal.aborted) await reportWrites(leader).catch(() => undefined);
  const queue = tables.toSorted((a, b) => b.archived.bytes - a.archived.bytes);
  const bytes = queue.reduce((sum, table) => sum + table.archived.bytes, 0);
  const work = async (session: Session) => {
    for (let table = queue.shift(); table; table = queue.shift()) {
      const { live } = table;
      const local = live.leaves.filter((leaf) => !leaf.foreign);
      // ANALYZE of the whole table would sample the other server, too.
      const whole = local.length === live.leaves.length;
      for (const one of whole ? [live] : local) await session.query(`ANALYZE ${quoteName(one)}`);
    }
  };
  // Statistics only help the planner: the restore is complete whether they come now or from autovacuum.
  const helpers = Math.min(sessionsFor(bytes, jobs, deps.bytesPerSession), queue.length) - 1;
  const help = async () => {
    await using session = await openWorkingSession(deps.databaseUrl, { applicationName: name, signal: run.signal });
    await work(session);
  };
  // The leader is gone when the answer to the commit was lost and the outcome was read from the record.
  const leading = leader.signal.aborted ? help() : work(leader);
  await Promise.allSettled([leading, ...Array.from({ length: Math.max(helpers, 0) }, help)]);
}

/**
 * Hands the number of rows that the session has written to the server's statistics. Rows reported after ANALYZE has counted them count
 * twice. Does nothing before PostgreSQL 15, which has no such function.
 */
async function reportWrites(leader: Session): Promise<void> {
  const flush = 'pg_catalog.pg_stat_force_next_flush';
  const [found] = await leader.query<{ there: boolean }>(
    `SELECT pg_catalog.to_regproc('${flush}') IS NOT NULL AS there`,
  );
  if (found?.there) await leader.query(`SELECT ${flush}()`);
}
