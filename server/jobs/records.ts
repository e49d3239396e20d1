import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { Session } from '../../db/connect/session.ts';
import { type OperationState, type operations, SYSTEM_SCHEMA } from '../../db/system/schema.ts';
import { AppError, type FailureBody } from '../core/errors.ts';
import { stagingSchema } from '../postgres/staging/staging.ts';
import type { OperationProgress } from './progress.ts';

/** An operation as people and programs see it. */
export interface OperationView {
  id: string;
  /** backup, plan, restore, verify, upload; a plain string, because a newer program may have written it. */
  kind: string;
  state: OperationState;
  actor: string;
  origin: string;
  parameters: Record<string, unknown>;
  progress: OperationProgress | null;
  result: Record<string, unknown> | null;
  error: FailureBody['error'] | null;
  /** The stored archive it makes or reads. */
  archive: string | null;
  /** Grows with each change. */
  revision: number;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  cancelRequestedAt: Date | null;
}

export function viewOf(row: typeof operations.$inferSelect): OperationView {
  const { stagingSchema: _, idempotencyKey: __, cancelRequestedBy: ___, progress, error, ...rest } = row;
  // Only this program writes them, in these shapes; fields added by a newer version are passed on unchanged.
  return {
    ...rest,
    parameters: withoutPlaces(rest.parameters),
    result: rest.result && withoutPlaces(rest.result),
    archive: rest.archive && basename(rest.archive),
    progress: progress as OperationProgress | null,
    error: error as FailureBody['error'] | null,
  };
}

/**
 * Fields of records that hold paths on the machine where the operation ran: a command line's folder, a result's file.
 */
const PATH_KEYS = ['filePath', 'storage', 'file', 'archive'];

/** Replaces paths by file names: people who look from elsewhere see the name and not the folder. */
function withoutPlaces(facts: Record<string, unknown>): Record<string, unknown> {
  const shown = (key: string, value: unknown) =>
    PATH_KEYS.includes(key) && typeof value === 'string' ? basename(value) : value;
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, shown(key, value)]));
}

export function hasEnded(state: OperationState): boolean {
  return state !== 'queued' && state !== 'running';
}

/** The table of operations, for statements of sessions. */
export const OPERATIONS = `${SYSTEM_SCHEMA}.operations`;
/** Channel that carries each change of a record, as `<id> <revision>`. */
export const CHANNEL = 'backup_progress';
/** Notifies watchers at the commit; belongs in the RETURNING list of every statement that changes a record. */
export const CHANGED = `pg_catalog.pg_notify('${CHANNEL}', id::text || ' ' || revision::text)`;

export type EndState = 'succeeded' | 'failed' | 'cancelled';

export interface Outcome {
  result?: object;
  error?: object;
  /** Progress at the end; null keeps what the record has. */
  progress: OperationProgress | null;
}

/** Facts of an operation that its new record holds. */
export interface RecordInput {
  kind: string;
  actor: string;
  /** Without secrets. */
  parameters: Record<string, unknown>;
}

/**
 * Returns whether our records exist in the shape this program knows and this role may write them; false on a standby.
 */
export async function writableRecords(session: Session): Promise<boolean> {
  const [row] = await session.query<{ writable: boolean }>(
    `SELECT NOT pg_catalog.pg_is_in_recovery() AND COALESCE(bool_and(a.attname IS NOT NULL AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE')), false) AS writable
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'revision' AND NOT a.attisdropped
      WHERE n.nspname = $1 AND c.relname = 'operations'`,
    [SYSTEM_SCHEMA],
  );
  return row?.writable ?? false;
}

/** Inserts the record of an operation that begins at once. */
export async function insertRecord(session: Session, id: string, input: RecordInput, now: Date): Promise<void> {
  await session.query(
    `INSERT INTO ${OPERATIONS} (id, kind, state, actor, origin, parameters, staging_schema, created_at, started_at)
     VALUES ($1, $2, 'running', $3, $4, $5, $6, $7, $7) RETURNING ${CHANGED}`,
    [
      id,
      input.kind,
      input.actor,
      `${hostname()} pid ${process.pid}`,
      JSON.stringify(input.parameters),
      stagingOf(id, input.kind),
      now.toISOString(),
    ],
  );
}

/** Inserts the record of an operation that a worker will begin, as part of the caller's transaction. */
export async function insertQueued(
  session: Session,
  id: string,
  input: RecordInput & { origin: string; archive: string | null; idempotencyKey: string | null },
  now: Date,
): Promise<void> {
  await session.query(
    `INSERT INTO ${OPERATIONS} (id, kind, state, actor, origin, parameters, archive, idempotency_key, created_at)
     VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7, $8) RETURNING ${CHANGED}`,
    [
      id,
      input.kind,
      input.actor,
      input.origin,
      JSON.stringify(input.parameters),
      input.archive,
      input.idempotencyKey,
      now.toISOString(),
    ],
  );
}

/** Makes a queued operation a running one. Throws CANCELLED when it was ended meanwhile, or begun by somebody else. */
export async function claimRecord(session: Session, id: string, kind: string, now: Date): Promise<void> {
  const rows = await session.query(
    `UPDATE ${OPERATIONS} SET state = 'running', started_at = $2, staging_schema = $3, revision = revision + 1
      WHERE id = $1 AND state = 'queued' RETURNING ${CHANGED}`,
    [id, now.toISOString(), stagingOf(id, kind)],
  );
  if (rows.length === 0) throw new AppError('CANCELLED', 'The operation was ended before it began.');
}

/** Records which stored archive a running operation makes or reads. */
export async function nameArchive(session: Session, id: string, archive: string): Promise<void> {
  await session.query(
    `UPDATE ${OPERATIONS} SET archive = $2, revision = revision + 1 WHERE id = $1 AND state = 'running' RETURNING ${CHANGED}`,
    [id, archive],
  );
}

/** Adds to the parameters of a running operation what became known only after it began. */
export async function addParameters(session: Session, id: string, more: Record<string, unknown>): Promise<void> {
  await session.query(
    `UPDATE ${OPERATIONS} SET parameters = parameters || $2::jsonb, revision = revision + 1
      WHERE id = $1 AND state = 'running' RETURNING ${CHANGED}`,
    [id, JSON.stringify(more)],
  );
}

/** Ends a running operation's record. Returns false, changing nothing, when it has ended already. */
export async function finishRecord(
  session: Session,
  id: string,
  state: EndState,
  outcome: Outcome,
  now: Date,
): Promise<boolean> {
  const rows = await session.query(
    `UPDATE ${OPERATIONS} SET state = $2, result = COALESCE($3, result), error = $4, progress = COALESCE($5, progress),
            finished_at = $6, staging_schema = NULL, revision = revision + 1
      WHERE id = $1 AND state = 'running' RETURNING ${CHANGED}`,
    [
      id,
      state,
      outcome.result ? JSON.stringify(outcome.result) : null,
      outcome.error ? JSON.stringify(outcome.error) : null,
      outcome.progress ? JSON.stringify(outcome.progress) : null,
      now.toISOString(),
    ],
  );
  return rows.length > 0;
}

/** Returns true for a kind of operation that loads staging, and so needs a record by which somebody can remove it. */
export function usesStaging(kind: string): boolean {
  return kind === 'restore' || kind === 'plan';
}

function stagingOf(id: string, kind: string): string | null {
  return usesStaging(kind) ? stagingSchema(id) : null;
}
