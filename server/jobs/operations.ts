import { openSession, type Session } from '../../db/connect/session.ts';
import { configureSession, openWorkingSession } from '../../db/connect/working-session.ts';
import { migrate, pendingMigrations } from '../../db/system/migrate.ts';
import { AppError, cancelled, failureBody, leftOf, withLeft } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import { refusePooler, tryAlive } from '../postgres/locks/advisory-lock.ts';
import { Abandoned, unlessAbandoned } from './abandon.ts';
import { type GateDeps, passGate } from './gate.ts';
import { trackProgress } from './progress.ts';
import { sweepDead, sweepOne } from './queue/sweep.ts';
import { type Receipt, receiptOf } from './receipt.ts';
import {
  claimRecord,
  type EndState,
  finishRecord,
  insertRecord,
  nameArchive,
  type Outcome,
  type RecordInput,
  writableRecords,
} from './records.ts';
import { createReporter } from './reporter.ts';
import { watchForStall } from './stall.ts';

/** Ends the name of the session that holds an operation's locks. Short: the server cuts names at 63 bytes. */
const CONTROL = ' ctl';

/** An operation that holds its locks: what a verb gets to work with. */
export interface Operation {
  readonly id: string;
  /**
   * What the verb works under: aborts with the caller's signal, when somebody asks for the operation's end, when nothing is heard
   * of it for too long, and when the session that keeps it alive is lost.
   */
  readonly signal: AbortSignal;
  /** For the transaction that changes live tables; see `restore/apply.ts`. */
  readonly receipt: Receipt;
  /** Tells the record how far the verb is; where there is no record, nobody. */
  readonly report: OnProgress;
  /** Notes the stored archive the verb makes or reads, before it does: pruning asks which are in use. */
  nameArchive(name: string): Promise<void>;
}

export interface OperationInput extends RecordInput {
  /** The id of a record that waits as queued; absent: a record is made. */
  queued?: string;
  /** Wait for what runs instead of failing with OPERATION_IN_PROGRESS; a number: so many milliseconds at most. */
  wait: boolean | number;
}

export interface OperationDeps extends GateDeps {
  databaseUrl: string;
  newId: () => string;
  /** Where nobody sits in front of it: when to stop an operation that says nothing, and when to give up one that does not end. */
  patience?: Patience;
}

export interface Patience {
  /** Milliseconds without a sign of life. */
  stallMs: number;
  /** Milliseconds that a verb is given to end once it was told to. */
  abandonMs: number;
}

/**
 * Runs a verb as an operation: behind the gate that keeps a restore alone, alive by a lock of its own session, and with a
 * record that shows its progress and takes orders to cancel. What dead operations left behind is swept first. A restore always has
 * a record, because its commit writes it, and makes our tables where they lack once it may go on (`Receipt.begin`); a backup writes none where our schema is absent or not writable, and needs no right but to read.
 * Throws OPERATION_IN_PROGRESS naming what runs, POOLER_DETECTED, CONNECTION_LOST when the locks were lost, STALLED, CANCELLED, or
 * what the verb throws. A queued record that could not be begun stays queued: ending it is the caller's.
 */
export async function runOperation<R extends object>(
  deps: OperationDeps,
  input: OperationInput,
  signal: AbortSignal,
  verb: (operation: Operation) => Promise<R>,
): Promise<R> {
  const { now, patience } = deps;
  const id = input.queued ?? deps.newId();
  const name = `palace-backup ${input.kind} ${id}`;
  const stopper = new AbortController();
  const stop = (reason: AppError) => stopper.abort(reason);
  const tracker = trackProgress(now);
  // Outlives the caller's signal: after a cancel there is still a record to write and a lock to hold until it is.
  await using control = await openControl(deps.databaseUrl, `${name}${CONTROL}`, signal);
  const lacksTables = input.kind === 'restore' && (await pendingMigrations(control)) > 0;
  // One that waits has its record; of any other nothing is written before it is known that it will not be refused.
  const beginsLater = lacksTables && input.queued === undefined;
  if (lacksTables && !beginsLater) await migrate(deps.databaseUrl, { signal });
  await using reporter = createReporter(deps, id, tracker, stop);
  // One that waits for the gate can be cancelled, too.
  if (input.queued !== undefined) reporter.start();
  await passGate(control, input, deps, AbortSignal.any([signal, stopper.signal]));
  let records = await writableRecords(control);
  const { warnings } = await sweepDead(control, records, now());
  if (beginsLater) records = false;
  if (!(await tryAlive(control, id)))
    throw new AppError('OPERATION_IN_PROGRESS', 'This operation runs already.', {
      hint: 'It goes on where it runs: look at its record instead of asking again.',
    });
  if (input.queued !== undefined) await claimRecord(control, id, input.kind, now());
  else if (records) await insertRecord(control, id, input, now());
  if (records) reporter.start();

  const stopped = AbortSignal.any([signal, stopper.signal, control.signal]);
  let archiveName: string | null = null;
  const begin = async () => {
    if (!beginsLater || records) return;
    await migrate(deps.databaseUrl, { signal: stopped });
    await insertRecord(control, id, input, now());
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
    patience && watchForStall({ ...patience, now, stop, id, kind: input.kind, session: control, ...tracker });
  try {
    const work = verb(operation);
    const result = warned(await (patience ? unlessAbandoned(work, stopped, patience.abandonMs) : work), warnings);
    await finish('succeeded', { result });
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

/** Who told the operation to end knows why; the command line's reason may be anything. */
function reasonOf(signal: AbortSignal): AppError {
  return signal.reason instanceof AppError ? signal.reason : cancelled('The operation');
}

/** The result with what could not be cleared up before among its warnings. */
function warned<R extends object>(result: R, warnings: string[]): R {
  if (warnings.length === 0) return result;
  const own = 'warnings' in result && Array.isArray(result.warnings) ? result.warnings : [];
  return { ...result, warnings: [...own, ...warnings] };
}

/** Why it ended from who ended it, what it left from who cleaned up. */
function withAccount(why: AppError, caught: unknown): AppError {
  const left = leftOf(caught);
  return left === undefined ? why : withLeft(why, left);
}

/** A verb that was told to end mostly says just that; when it has more to say (the outcome of a commit is unknown), that counts. */
function hasOwnReason(error: unknown): boolean {
  return error instanceof AppError && error.code !== 'CANCELLED';
}

function isCancelled(error: unknown): boolean {
  return error instanceof AppError && error.code === 'CANCELLED';
}

/** The control session is gone: the record is written over another one, or mended by the next sweep. What happened, happened. */
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
    // Said above.
  }
}

/** Without its locks an operation is not alone any more, so it stops. A failure with a reason of its own keeps it. */
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
    // Before anything is set: settings made through a transaction pooler would stay with whoever comes next.
    await refusePooler(control, () => openSession(url, { applicationName, signal: own }));
    await configureSession(control);
    return control;
  } catch (error) {
    await control.close();
    throw error;
  }
}
