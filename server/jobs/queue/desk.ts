import { and, desc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import { whileReachable } from '../../../db/connect/liveness.ts';
import type { Session } from '../../../db/connect/session.ts';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import type { Records } from '../../../db/system/records.ts';
import { type OperationState, operations } from '../../../db/system/schema.ts';
import { AppError, failureBody } from '../../core/errors.ts';
import { isUuid } from '../../core/uuid.ts';
import type { GateMode } from '../../postgres/locks/advisory-lock.ts';
import { lockDesk } from '../../postgres/locks/advisory-lock.ts';
import { gateBusy, gateOf } from '../gate.ts';
import { CHANNEL, insertQueued, OPERATIONS, type OperationView, viewOf } from '../records.ts';
import { type Feed, notFound } from './feed.ts';
import type { Queue } from './queue.ts';
import { type OperationRequest, readRequest } from './requests.ts';

/** Requests, reads, watches and cancels operations, from any process; a worker runs them. */
export interface Desk {
  /**
   * Queues an operation; its record and its job are written in one commit. The same key of the same actor returns the
   * same operation. `object` throws what speaks against a new one: it gets the queued and running ones of its kind, and
   * none can come in between.
   *
   * Throws INPUT_INVALID for another request under the key, OPERATION_IN_PROGRESS when a request with `wait: false`
   * would have to wait, and TABLE_BUSY when the desk's lock is not free within five seconds.
   */
  request(
    input: OperationRequest,
    actor: string,
    origin: string,
    idempotencyKey?: string,
    object?: (others: ActiveOperation[]) => Promise<void>,
  ): Promise<{ operation: OperationView; existing: boolean }>;
  /** Throws NOT_FOUND. */
  get(id: string): Promise<OperationView>;
  /**
   * Returns up to `limit` operations, newest first; `before` is the `next` of the page before. Throws INPUT_INVALID
   * when that operation is gone.
   */
  list(filter: OperationFilter): Promise<{ operations: OperationView[]; next: string | null }>;
  /**
   * Ends a queued operation at once and asks a running one to end; one that has ended stays as it is. Throws NOT_FOUND.
   */
  cancel(id: string, by: string): Promise<OperationView>;
  /** Yields an operation's changes, as `Feed.watch` does. */
  watch(id: string, afterRevision: number, signal: AbortSignal): AsyncIterable<OperationView>;
  /** Counts queued and running operations by their records. */
  depth(): Promise<{ queued: number; running: number }>;
}

/** A queued or running operation, as a request for another one sees it. */
export interface ActiveOperation {
  id: string;
  actor: string;
  state: OperationState;
  parameters: Record<string, unknown>;
  /** True when it was requested with the same parameters, `wait` aside. */
  isSame: boolean;
}

export interface OperationFilter {
  kinds?: string[] | undefined;
  states?: OperationState[] | undefined;
  limit: number;
  before?: string | undefined;
}

export interface DeskDeps {
  /** Address that goes past any pooler. */
  databaseUrl: string;
  records: Records;
  queue: Pick<Queue, 'send' | 'withdraw'>;
  feed: Pick<Feed, 'watch'>;
  now: () => Date;
  /** Returns a fresh UUID. */
  newId: () => string;
}

/** Timeout for the desk's lock: whoever holds it longer is stuck, and then everybody would hang. */
const LOCK_TIMEOUT = '5s';

export function createDesk(deps: DeskDeps): Desk {
  const { records } = deps;
  const get = async (id: string) => {
    const view = await readOperation(records, id);
    if (view === null) throw notFound(id);
    return view;
  };

  return {
    get,
    watch: (id, afterRevision, signal) => deps.feed.watch(id, afterRevision, signal),
    async request(input, actor, origin, idempotencyKey, object) {
      const { kind, ...parameters } = readRequest(input);
      return await whileReachable(deps.databaseUrl, async (signal) => {
        await using session = await openWorkingSession(deps.databaseUrl, {
          applicationName: 'palace-backup desk',
          signal,
        });
        await session.query('BEGIN');
        await session.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
        await lockDesk(session);
        const before = idempotencyKey === undefined ? null : await sameKey(session, actor, kind, idempotencyKey);
        if (before) {
          if (!isSameRequest(before.parameters, parameters)) throw anotherRequest(kind, before.id);
          await session.query('COMMIT');
          return { operation: await get(before.id), existing: true };
        }
        await object?.(await activeOf(session, kind, parameters));
        if (!input.wait) await refuseBusy(session, kind);
        const id = deps.newId();
        const archive = 'archive' in input ? input.archive : null;
        await insertQueued(
          session,
          id,
          { kind, actor, origin, parameters, archive, idempotencyKey: idempotencyKey ?? null },
          deps.now(),
        );
        await deps.queue.send(session, id);
        await session.query('COMMIT');
        return { operation: await get(id), existing: false };
      });
    },
    async list({ kinds, states, limit, before }) {
      const conditions: SQL[] = [];
      if (kinds) conditions.push(inArray(operations.kind, kinds));
      if (states) conditions.push(inArray(operations.state, states));
      if (before !== undefined) {
        const last = await readOperation(records, before);
        if (!last)
          throw new AppError('INPUT_INVALID', 'The page before ends with an operation that is there no more.', {
            hint: 'Begin again with the first page.',
          });
        conditions.push(
          sql`(${operations.createdAt}, ${operations.id}) < (SELECT o.created_at, o.id FROM ${operations} o WHERE o.id = ${before})`,
        );
      }
      const rows = await asking('listing operations', () =>
        records
          .select()
          .from(operations)
          .where(and(...conditions))
          .orderBy(desc(operations.createdAt), desc(operations.id))
          .limit(limit + 1),
      );
      const page = rows.slice(0, limit).map(viewOf);
      return { operations: page, next: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    async cancel(id, by) {
      await get(id);
      const now = deps.now();
      const words = `The operation was cancelled by ${by} before it began.`;
      const error = JSON.stringify(failureBody(new AppError('CANCELLED', words, { details: { by } }), now).error);
      // One statement, so that it cannot begin between a read and a write.
      const ended = await asking('ending an operation', () =>
        records.execute<{ state: string }>(sql`
        UPDATE ${operations} SET
          state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END,
          finished_at = CASE state WHEN 'queued' THEN ${now.toISOString()}::timestamptz END,
          error = CASE state WHEN 'queued' THEN ${error}::text::jsonb ELSE error END,
          cancel_requested_at = COALESCE(cancel_requested_at, ${now.toISOString()}::timestamptz),
          cancel_requested_by = COALESCE(cancel_requested_by, ${by}::text),
          revision = revision + 1
        WHERE id = ${id}::uuid AND state IN ('queued', 'running')
        RETURNING state, pg_notify(${CHANNEL}, id::text || ' ' || revision::text)`),
      );
      // Withdrawing the ticket may fail: a worker that takes it finds the record ended.
      if (ended[0]?.state === 'cancelled')
        await whileReachable(deps.databaseUrl, () => deps.queue.withdraw(id)).catch(() => undefined);
      return get(id);
    },
    async depth() {
      const rows = await asking('counting operations', () =>
        records
          .select({ state: operations.state, count: sql<number>`count(*)::int` })
          .from(operations)
          .where(inArray(operations.state, ['queued', 'running']))
          .groupBy(operations.state),
      );
      const of = (state: OperationState) => rows.find((row) => row.state === state)?.count ?? 0;
      return { queued: of('queued'), running: of('running') };
    },
  };
}

/** Returns the record of an operation; null when there is none, or the id is not a UUID. */
export async function readOperation(records: Records, id: string): Promise<OperationView | null> {
  if (!isUuid(id)) return null;
  const [row] = await asking('reading an operation', () =>
    records.select().from(operations).where(eq(operations.id, id)),
  );
  return row ? viewOf(row) : null;
}

async function sameKey(session: Session, actor: string, kind: string, key: string) {
  const [row] = await session.query<{ id: string; parameters: Record<string, unknown> }>(
    `SELECT id, parameters FROM ${OPERATIONS} WHERE actor = $1 AND kind = $2 AND idempotency_key = $3`,
    [actor, kind, key],
  );
  return row ?? null;
}

async function activeOf(session: Session, kind: string, wanted: Record<string, unknown>): Promise<ActiveOperation[]> {
  const rows = await session.query<Omit<ActiveOperation, 'isSame'>>(
    `SELECT id, actor, state, parameters FROM ${OPERATIONS} WHERE kind = $1 AND state IN ('queued', 'running') ORDER BY created_at`,
    [kind],
  );
  return rows.map((row) => ({ ...row, isSame: isSameRequest(row.parameters, wanted) }));
}

/** Compares two requests without `wait`, which says how to ask and not what for. */
function isSameRequest(first: Record<string, unknown>, second: Record<string, unknown>): boolean {
  return Bun.deepEquals({ ...first, wait: null }, { ...second, wait: null });
}

function anotherRequest(kind: string, id: string): AppError {
  return new AppError('INPUT_INVALID', `This idempotency key was used for another ${kind}.`, {
    hint: 'Take a fresh key for a new request; the same key only repeats the same one.',
    details: { operationId: id },
  });
}

/**
 * Throws OPERATION_IN_PROGRESS when the operation would have to wait for a holder of the gate, or for one queued before
 * it.
 */
async function refuseBusy(session: Session, kind: string): Promise<void> {
  const mode = gateOf(kind);
  if (mode === null) return;
  const busy = await gateBusy(session, mode);
  if (busy) throw busy;
  const inLine = await session.query<{ id: string; kind: string }>(
    `SELECT id, kind FROM ${OPERATIONS} WHERE state = 'queued' ORDER BY created_at`,
  );
  const before = inLine.filter((other) => excludes(gateOf(other.kind), mode));
  if (before.length === 0) return;
  throw new AppError(
    'OPERATION_IN_PROGRESS',
    `Another operation is in line: ${before.map((other) => `${other.kind} ${other.id}`).join('; ')}.`,
    { hint: 'Ask again when that is done, or ask to wait.', details: { queued: before } },
  );
}

function excludes(other: GateMode | null, mode: GateMode): boolean {
  return other !== null && (other === 'exclusive' || mode === 'exclusive');
}
