import { hostname } from 'node:os';
import { openSession, type Session } from '../../db/connect.ts';
import { migrate } from '../../db/migrate.ts';
import { SYSTEM_SCHEMA } from '../../db/schema/system.ts';
import { AppError, cancelled, failureBody } from '../errors.ts';
import {
  type GateMode,
  gateHolders,
  refusePooler,
  releaseAlive,
  tryAlive,
  tryApply,
  tryGate,
} from '../postgres/lock.ts';
import { configureSession } from '../postgres/settings.ts';
import { dropStaging, listStaging, stagingOwner, stagingSchema } from '../postgres/staging.ts';

/** An operation that holds its locks: what a verb gets to work with. */
export interface Operation {
  readonly id: string;
  /** What the verb works under: aborts with the caller's signal, and when the session that keeps this operation alive is lost. */
  readonly signal: AbortSignal;
  /** For the transaction that changes live tables; see `restore/apply.ts`. */
  readonly receipt: {
    readonly operationId: string;
    confirm(session: Session): Promise<void>;
    succeed(session: Session, result: Record<string, unknown>): Promise<void>;
    outcome(): Promise<string | null>;
  };
}

export interface OperationInput {
  kind: 'backup' | 'restore';
  actor: string;
  /** Without secrets. */
  parameters: Record<string, unknown>;
  /** Wait for what runs instead of failing with OPERATION_IN_PROGRESS. */
  wait: boolean;
}

export interface OperationDeps {
  databaseUrl: string;
  now: () => Date;
  newId: () => string;
  pause: (ms: number) => Promise<void>;
  /** Told once, when waiting begins. */
  onWait?: (message: string) => void;
}

const TABLE = `${SYSTEM_SCHEMA}.operations`;
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

type EndState = 'succeeded' | 'failed' | 'cancelled';
interface Outcome {
  result?: object;
  error?: object;
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

async function passGate(
  control: Session,
  input: OperationInput,
  deps: OperationDeps,
  signal: AbortSignal,
): Promise<void> {
  const mode: GateMode = input.kind === 'restore' ? 'exclusive' : 'shared';
  for (let told = false; !(await tryGate(control, mode)); told = true) {
    const holders = await gateHolders(control);
    const running = holders.map(
      (holder) =>
        `${holder.application.replace(/^palace-backup /, '').replace(/ ctl$/, '')} (pid ${holder.pid}, since ${holder.since})`,
    );
    const message = `Another operation is under way: ${running.join('; ') || 'one that is just ending'}.`;
    if (!input.wait)
      throw new AppError('OPERATION_IN_PROGRESS', message, {
        hint: 'Run it again when that is done, or with --wait.',
        details: { holders },
      });
    if (!told) deps.onWait?.(message);
    if (signal.aborted) throw cancelled('Waiting');
    await deps.pause(500);
  }
}

async function writableRecords(control: Session): Promise<boolean> {
  const [row] = await control.query<{ writable: boolean }>(
    `SELECT NOT pg_catalog.pg_is_in_recovery() AND COALESCE(bool_and(pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE')), false) AS writable
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'operations'`,
    [SYSTEM_SCHEMA],
  );
  return row?.writable ?? false;
}

/**
 * Clears up after operations that died: an operation is dead when its lock can be had. A staging schema goes whether or not
 * there is a record of it; a record that says `running` is marked failed, unless the commit of its restore wrote otherwise.
 */
async function sweepDead(control: Session, records: boolean, now: Date): Promise<void> {
  const stagings = await listStaging(control);
  const running = records ? await control.query<{ id: string }>(`SELECT id FROM ${TABLE} WHERE state = 'running'`) : [];
  const suspects = new Set([...stagings.map((schema) => stagingOwner(schema) ?? ''), ...running.map((row) => row.id)]);
  for (const id of suspects) {
    if (!(await tryAlive(control, id))) continue;
    try {
      await sweepOne(control, id, records, now);
    } finally {
      await releaseAlive(control, id);
    }
  }
}

/** A killed client's backend may still be at work for a moment; its own transaction lock says so, and then it is left for the next time. */
async function sweepOne(control: Session, id: string, records: boolean, now: Date): Promise<void> {
  await control.query(
    `SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity
      WHERE application_name = $1 AND datname = current_database() AND usename = current_user AND pid <> pg_catalog.pg_backend_pid()`,
    [`palace-backup restore ${id}`],
  );
  await control.query('BEGIN');
  const over = await tryApply(control, id);
  if (over) {
    await dropStaging(control, stagingSchema(id));
    if (records) {
      const error = failureBody(
        new AppError('CONNECTION_LOST', 'The process that ran this operation died. Nothing was changed by it.'),
        now,
      ).error;
      await finishRecord(control, id, 'failed', { error }, now);
    }
  }
  await control.query('COMMIT');
}

async function insertRecord(control: Session, id: string, input: OperationInput, now: Date): Promise<void> {
  await control.query(
    `INSERT INTO ${TABLE} (id, kind, state, actor, origin, parameters, staging_schema, created_at, started_at) VALUES ($1, $2, 'running', $3, $4, $5, $6, $7, $7)`,
    [
      id,
      input.kind,
      input.actor,
      `${hostname()} pid ${process.pid}`,
      JSON.stringify(input.parameters),
      input.kind === 'restore' ? stagingSchema(id) : null,
      now.toISOString(),
    ],
  );
}

async function finishRecord(
  session: Session,
  id: string,
  state: 'succeeded' | 'failed' | 'cancelled',
  outcome: { result?: object; error?: object },
  now: Date,
): Promise<void> {
  await session.query(
    `UPDATE ${TABLE} SET state = $2, result = COALESCE($3, result), error = $4, finished_at = $5, staging_schema = NULL WHERE id = $1 AND state = 'running'`,
    [
      id,
      state,
      outcome.result ? JSON.stringify(outcome.result) : null,
      outcome.error ? JSON.stringify(outcome.error) : null,
      now.toISOString(),
    ],
  );
}

function receiptOf(id: string, deps: OperationDeps): Operation['receipt'] {
  return {
    operationId: id,
    async confirm(session) {
      const [row] = await session.query<{ state: string }>(`SELECT state FROM ${TABLE} WHERE id = $1 FOR UPDATE`, [id]);
      if (row?.state !== 'running')
        throw new AppError(
          'RESTORE_REFUSED',
          `The operation is ${row?.state ?? 'unknown'} and may not go on. Nothing was changed.`,
          { hint: 'Somebody ended it meanwhile. Run the restore again.' },
        );
    },
    succeed: (session, result) => finishRecord(session, id, 'succeeded', { result }, deps.now()),
    async outcome() {
      await using session = await openSession(deps.databaseUrl, {
        applicationName: `palace-backup restore ${id} end`,
        signal: new AbortController().signal,
      });
      const [row] = await session.query<{ state: string }>(`SELECT state FROM ${TABLE} WHERE id = $1`, [id]);
      return row?.state ?? null;
    },
  };
}
