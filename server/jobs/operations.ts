import { openSession, type Session } from '../../db/connect.ts';
import { migrate } from '../../db/migrate.ts';
import { AppError, cancelled, failureBody } from '../errors.ts';
import { refusePooler, tryAlive } from '../postgres/lock.ts';
import { configureSession } from '../postgres/settings.ts';
import { type GateDeps, passGate } from './gate.ts';
import { type Receipt, receiptOf } from './receipt.ts';
import { type EndState, finishRecord, insertRecord, type Outcome, type RecordInput, writableRecords } from './records.ts';
import { sweepDead } from './sweep.ts';

/** An operation that holds its locks: what a verb gets to work with. */
export interface Operation {
  readonly id: string;
  /** What the verb works under: aborts with the caller's signal, and when the session that keeps this operation alive is lost. */
  readonly signal: AbortSignal;
  /** For the transaction that changes live tables; see `restore/apply.ts`. */
  readonly receipt: Receipt;
}

export interface OperationInput extends RecordInput {
  kind: 'backup' | 'restore';
  /** Wait for what runs instead of failing with OPERATION_IN_PROGRESS. */
  wait: boolean;
}

export interface OperationDeps extends GateDeps {
  databaseUrl: string;
  now: () => Date;
  newId: () => string;
}

/** Ends the name of the session that holds an operation's locks. Short: the server cuts names at 63 bytes. */
const CONTROL = ' ctl';

/**
 * Runs a verb as an operation: behind the gate that keeps a restore alone, alive by a lock of its own session, and with a
 * record. What dead operations left behind is swept first. A restore always has a record, because its commit writes it; a
 * backup writes none where our schema is absent or not writable, and needs no right but to read.
 * Throws OPERATION_IN_PROGRESS naming what runs, POOLER_DETECTED, CONNECTION_LOST when the locks were lost, or what the verb throws.
 */
export async function runOperation<R extends object>(
  deps: OperationDeps,
  input: OperationInput,
  signal: AbortSignal,
  verb: (operation: Operation) => Promise<R>,
): Promise<R> {
  const id = deps.newId();
  const name = `palace-backup ${input.kind} ${id}`;
  // Outlives the caller's signal: after a cancel there is still a record to write and a lock to hold until it is.
  await using control = await openControl(deps.databaseUrl, `${name}${CONTROL}`, signal);
  if (input.kind === 'restore') await migrate(deps.databaseUrl, { hrms: false, signal });
  await passGate(control, input, deps, signal);
  const records = await writableRecords(control);
  await sweepDead(control, records, deps.now());
  if (!(await tryAlive(control, id))) throw new AppError('OPERATION_IN_PROGRESS', 'This operation runs already.');
  if (records) await insertRecord(control, id, input, deps.now());
  const receipt = receiptOf(id, deps);
  const finish = async (state: EndState, outcome: Outcome) => {
    if (!records) return;
    try {
      await finishRecord(control, id, state, outcome, deps.now());
    } catch {
      await finishAnew(deps, `${name} log`, id, state, outcome);
    }
  };
  try {
    const result = await verb({ id, signal: AbortSignal.any([signal, control.signal]), receipt });
    await finish('succeeded', { result });
    return result;
  } catch (caught) {
    const error = control.signal.aborted && !signal.aborted ? lostLocks(caught, control.signal.reason) : caught;
    const state = signal.aborted || (error instanceof AppError && error.code === 'CANCELLED') ? 'cancelled' : 'failed';
    await finish(state, { error: failureBody(error, deps.now()).error });
    throw error;
  }
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
    await using session = await openSession(deps.databaseUrl, {
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
  if (error instanceof AppError && error.code !== 'CANCELLED') return error;
  return new AppError(
    'CONNECTION_LOST',
    'The connection that holds this operation’s locks was lost, so it was stopped. Nothing was left behind.',
    {
      cause,
      hint: 'See the server log for why, then run it again.',
    },
  );
}

async function openControl(url: string, applicationName: string, signal: AbortSignal): Promise<Session> {
  if (signal.aborted) throw cancelled('The operation');
  const own = new AbortController().signal;
  const control = await openSession(url, { applicationName, signal: own });
  try {
    // Before anything is set: settings made through a transaction pooler would stay with whoever comes next.
    await using probe = await openSession(url, { applicationName, signal: own });
    await refusePooler(control, probe);
    await configureSession(control);
    return control;
  } catch (error) {
    await control.close();
    throw error;
  }
}
