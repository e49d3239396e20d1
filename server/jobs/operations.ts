import { openSession, type Session } from '../../db/connect/session.ts';
import { configureSession, openWorkingSession } from '../../db/connect/working-session.ts';
import { migrate, pendingMigrations } from '../../db/system/migrate.ts';
import { AppError, cancelled, failureBody, leftOf, withLeft } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import { refusePooler, tryLivenessLock } from '../postgres/locks/advisory-lock.ts';
import type { ApprovedPlan } from '../restore/compare/approved-plan.ts';
import { Abandoned, unlessAbandoned } from './abandon.ts';
import { type GateDeps, passGate } from './gate.ts';
import { readPlan } from './kept-plans.ts';
import { trackProgress } from './progress.ts';
import { sweepDead, sweepOne } from './queue/sweep.ts';
import { type Receipt, receiptOf } from './receipt.ts';
import {
  addParameters,
  claimRecord,
  type EndState,
  finishRecord,
  insertRecord,
  nameArchive,
  type Outcome,
  type RecordInput,
  usesStaging,
  writableRecords,
} from './records.ts';
import { createReporter } from './reporter.ts';
import { watchForStall } from './stall.ts';

/**
 * Suffix of the application name of the session that holds an operation's locks. It is short because the server cuts
 * names at 63 bytes.
 */
const CONTROL = ' ctl';

/** A running operation that holds its locks, as its verb sees it. */
export interface Operation {
  readonly id: string;
  /**
   * Aborts with the caller's signal, on a request to cancel, when the operation stalls, and when the session that holds
   * its locks is lost.
   */
  readonly signal: AbortSignal;
  /** Written by the transaction that changes live tables; see `restore/ways/restoring.ts`. */
  readonly receipt: Receipt;
  /** Writes the verb's progress to the record; does nothing where there is no record. */
  readonly report: OnProgress;
  /** Records which stored archive the verb makes or reads, before it does: a deletion asks which are in use. */
  nameArchive(name: string): Promise<void>;
  /** Returns the plan of a digest; throws RESTORE_REFUSED unless it can be carried out. */
  readPlan(digest: string): Promise<ApprovedPlan>;
  /** Adds to the record's parameters what became known only after the operation began. */
  addParameters(more: Record<string, unknown>): Promise<void>;
}

export interface OperationInput extends RecordInput {
  /** The id of a record already queued; when absent, a record is made. */
  queued?: string;
  /**
   * True waits for what runs, false fails with OPERATION_IN_PROGRESS, and a number waits at most that many
   * milliseconds.
   */
  wait: boolean | number;
}

export interface OperationDeps extends GateDeps {
  databaseUrl: string;
  newId: () => string;
  /**
   * Set where nobody watches: when to stop an operation that reports nothing, and when to abandon one that does not
   * end.
   */
  stallLimits?: StallLimits;
}

export interface StallLimits {
  /** Milliseconds without a sign of life. */
  stallMs: number;
  /** Milliseconds a verb has to end once it was told to. */
  abandonMs: number;
}

/**
 * Runs a verb as an operation: behind the gate, alive by an advisory lock of its own session, after sweeping what dead
 * operations left. Its record shows progress and takes requests to cancel. A queued record that could not be begun
 * stays queued for the caller to end.
 *
 * A restore always has a record, because its commit writes it; our tables, where missing, are made once it may go on
 * (`Receipt.begin`). A backup writes none where our schema is absent or not writable, and needs only the right to read.
 *
 * Throws OPERATION_IN_PROGRESS naming what runs, POOLER_DETECTED, CONNECTION_LOST when the locks were lost, STALLED,
 * CANCELLED, or what the verb throws.
 */
export async function runOperation<R extends object>(
  deps: OperationDeps,
  input: OperationInput,
  signal: AbortSignal,
  verb: (operation: Operation) => Promise<R>,
): Promise<R> {
  const { now, stallLimits } = deps;
  const id = input.queued ?? deps.newId();
  const name = `palace-backup ${input.kind} ${id}`;
  const stopper = new AbortController();
  const stop = (reason: AppError) => stopper.abort(reason);
  const tracker = trackProgress(now);
  // Outlives the caller's signal: after a cancel the record must still be written, and the lock held until it is.
  await using control = await openControl(deps.databaseUrl, `${name}${CONTROL}`, signal);
  const lacksTables = usesStaging(input.kind) && (await pendingMigrations(control)) > 0;
  // A queued operation has its record already; for any other, nothing is written before it is known not to be refused.
  const beginsLater = lacksTables && input.queued === undefined;
  if (lacksTables && !beginsLater) await migrate(deps.databaseUrl, { signal });
  await using reporter = createReporter(deps, id, tracker, stop);
  // An operation that waits for the gate can be cancelled, too.
  if (input.queued !== undefined) reporter.start();
  await passGate(control, input, deps, AbortSignal.any([signal, stopper.signal]));
  let records = await writableRecords(control);
  const { warnings } = await sweepDead(control, records, now());
  if (beginsLater) records = false;
  if (!(await tryLivenessLock(control, id)))
    throw new AppError('OPERATION_IN_PROGRESS', 'This operation runs already.', {
      hint: 'It goes on where it runs: look at its record instead of asking again.',
    });
  if (input.queued !== undefined) await claimRecord(control, id, input.kind, now());
  else if (records) await insertRecord(control, id, input, now());
  if (records) reporter.start();

  const stopped = AbortSignal.any([signal, stopper.signal, control.signal]);
  let archiveName: string | null = null;
  let added: Record<string, unknown> = {};
  const begin = async () => {
    if (!beginsLater || records) return;
    await migrate(deps.databaseUrl, { signal: stopped });
    await insertRecord(control, id, { ...input, parameters: { ...input.parameters, ...added } }, now());
    records = true;
    if (archiveName !== null) await nameArchive(control, id, archiveName);
    reporter.start();
  };
  const operation: Operation = {
    id,
    signal: stopped,
    receipt: receiptOf(id, deps, { progress: tracker.view, warnings, begin }),
    report(event) {
      tracker.add(event);
      reporter.changed();
    },
    async nameArchive(archive) {
      archiveName = archive;
      if (records) await nameArchive(control, id, archive);
    },
    async readPlan(digest) {
      if (!(await writableRecords(control))) throw noPlans();
      return await readPlan(control, digest, now());
    },
    async addParameters(more) {
      added = { ...added, ...more };
      if (records) await addParameters(control, id, more);
    },
  };
  const finish = async (state: EndState, outcome: { result?: object; error?: object }) => {
    if (!records) return;
    const end = { ...outcome, progress: tracker.view() };
    try {
      await finishRecord(control, id, state, end, now());
    } catch {
      await finishAnew(deps, `${name} log`, id, state, end);
    }
  };
  using _stall =
    stallLimits && watchForStall({ ...stallLimits, now, stop, id, kind: input.kind, session: control, ...tracker });
  try {
    const work = verb(operation);
    const result = warned(await (stallLimits ? unlessAbandoned(work, stopped, stallLimits.abandonMs) : work), warnings);
    await finish('succeeded', { result });
    // The commit of a restore has ended the plans that kept rows.
    if (input.kind === 'restore') await sweepDead(control, records, now());
    return result;
  } catch (caught) {
    const why = stopper.signal.aborted ? stopper.signal.reason : signal.aborted ? reasonOf(signal) : null;
    const lost = control.signal.aborted && why === null;
    const error = lost
      ? lostLocks(caught, control.signal.reason)
      : why === null || hasOwnReason(caught)
        ? caught
        : withAccount(why, caught);
    await finish(isCancelled(why ?? error) ? 'cancelled' : 'failed', { error: failureBody(error, now()).error });
    if (caught instanceof Abandoned) await sweepOne(control, id, records, now()).catch(() => undefined);
    throw error;
  }
}

function noPlans(): AppError {
  return new AppError('RESTORE_REFUSED', 'This database knows no plans. Nothing was changed.', {
    hint: 'Make a plan, look at it, and restore with that.',
  });
}

/** Returns the reason for ending the operation as an error; the command line's reason may be anything. */
function reasonOf(signal: AbortSignal): AppError {
  return signal.reason instanceof AppError ? signal.reason : cancelled('The operation');
}

/** Adds the sweep's warnings to those of the result. */
function warned<R extends object>(result: R, warnings: string[]): R {
  if (warnings.length === 0) return result;
  const own = 'warnings' in result && Array.isArray(result.warnings) ? result.warnings : [];
  return { ...result, warnings: [...own, ...warnings] };
}

/** Combines the reason of whoever ended the operation with the account of what the verb left behind. */
function withAccount(why: AppError, caught: unknown): AppError {
  const left = leftOf(caught);
  return left === undefined ? why : withLeft(why, left);
}

/** Returns whether the verb's error says more than that it was cancelled, such as an unknown outcome of the commit. */
function hasOwnReason(error: unknown): boolean {
  return error instanceof AppError && error.code !== 'CANCELLED';
}

function isCancelled(error: unknown): boolean {
  return error instanceof AppError && error.code === 'CANCELLED';
}

/**
 * Writes the end of the record over a new session, because the control session is gone. A failure is ignored: the next
 * sweep repairs the record.
 */
async function finishAnew(
  deps: OperationDeps,
  applicationName: string,
  id: string,
  state: EndState,
  outcome: Outcome,
): Promise<void> {
  try {
    await using session = await openWorkingSession(deps.databaseUrl, {
      applicationName,
      signal: AbortSignal.timeout(10_000),
      connectTimeoutMs: 3000,
    });
    await finishRecord(session, id, state, outcome, deps.now());
  } catch {
    // The next sweep repairs the record.
  }
}

/**
 * Returns CONNECTION_LOST, because an operation without its locks is no longer alone; an error with a reason of its own
 * is kept.
 */
function lostLocks(error: unknown, cause: unknown): unknown {
  if (hasOwnReason(error)) return error;
  const lost = new AppError(
    'CONNECTION_LOST',
    'The connection that holds this operation’s locks was lost, so it was stopped.',
    {
      cause,
      hint: 'See the server log for why, then run it again.',
    },
  );
  return withAccount(lost, error);
}

async function openControl(url: string, applicationName: string, signal: AbortSignal): Promise<Session> {
  if (signal.aborted) throw cancelled('The operation');
  const own = new AbortController().signal;
  const control = await openSession(url, { applicationName, signal: own });
  try {
    // Before any setting: one made through a transaction pooler would stay with the pooler's next client.
    await refusePooler(control, () => openSession(url, { applicationName, signal: own }));
    await configureSession(control);
    return control;
  } catch (error) {
    await control.close();
    throw error;
  }
}
