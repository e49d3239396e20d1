import { and, asc, desc, eq, gt, gte, ilike, lt, lte, or, type SQL, sql } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { audit, auditHead } from '../../../db/system/schema.ts';
import { AppError, type ErrorCode, throwIfCancelled } from '../../core/errors.ts';
import { type AuditEntry, type AuditRow, FIRST_HASH, hashOf, rowOf } from './audit-row.ts';

/** Conditions on audit rows; an absent one matches everything. */
export interface AuditFilter {
  actor?: string;
  action?: string;
  outcome?: AuditRow['outcome'];
  code?: ErrorCode;
  target?: string;
  operationId?: string;
  address?: string;
  from?: Date;
  /** Inclusive. */
  to?: Date;
  /** Substring of actor, action, target or address, ignoring case. */
  search?: string;
  /** `list` only: rows older than this id. */
  before?: number;
  /** `list` only: rows of a page, by default 50, at most 500. */
  limit?: number;
}

export interface ChainCheck {
  ok: boolean;
  /** Rows found intact, from the first. */
  rows: number;
  /** The id of the first row that is changed, missing or added. */
  brokenAt: number | null;
}

export interface Audit {
  /**
   * Appends a row to the chain. Concurrent calls wait for each other, so none is lost or numbered twice. Throws
   * TABLE_BUSY after five seconds.
   */
  append(entry: AuditEntry): Promise<void>;
  /** Returns rows newest first; `next` is the `before` of the next page, null at the end. */
  list(filter: AuditFilter): Promise<{ rows: AuditRow[]; next: number | null }>;
  /** Yields rows oldest first, read page by page; throws CANCELLED once the signal is aborted. */
  rows(filter: AuditFilter, signal: AbortSignal): AsyncIterable<AuditRow>;
  /** Computes every hash again, from the first row to the one that was last when it began. */
  verify(signal: AbortSignal): Promise<ChainCheck>;
}

const PAGE = 500;
/** Timeout for the lock on the head row: whoever holds it longer is stuck. */
const LONGEST_WAIT = '5s';

export function createAudit(deps: { records: Records; now: () => Date }): Audit {
  const { records, now } = deps;
  const pageAfter = (id: number, filter: SQL | undefined) =>
    asking('reading the audit', () =>
      records
        .select()
        .from(audit)
        .where(and(gt(audit.id, id), filter))
        .orderBy(asc(audit.id))
        .limit(PAGE),
    );

  async function* rows(filter: SQL | undefined, signal: AbortSignal): AsyncGenerator<AuditRow> {
    for (let last = Number.MIN_SAFE_INTEGER; ; ) {
      throwIfCancelled(signal, 'Reading the audit');
      const page = await pageAfter(last, filter);
      yield* page;
      if (page.length < PAGE) return;
      last = page.at(-1)?.id ?? last;
    }
  }

  return {
    async append(entry) {
      await asking('writing the audit', () =>
        records.transaction(async (tx) => {
          await tx.execute(sql.raw(`SET LOCAL lock_timeout = '${LONGEST_WAIT}'`));
          const [head] = await tx.select().from(auditHead).for('update');
          if (!head)
            throw new AppError('DATABASE_ERROR', 'The audit has lost its head row; nothing can be added to it.');
          const row = rowOf(entry, head.lastId + 1, now());
          const hash = hashOf(row, head.hash);
          await tx.insert(audit).values({ ...row, previousHash: head.hash, hash });
          await tx.update(auditHead).set({ lastId: row.id, hash });
        }),
      );
    },

    async list(filter) {
      const limit = Math.min(Math.max(Math.trunc(filter.limit ?? 50), 1), PAGE);
      const older = filter.before === undefined ? undefined : lt(audit.id, filter.before);
      const found = await asking('reading the audit', () =>
        records
          .select()
          .from(audit)
          .where(and(condition(filter), older))
          .orderBy(desc(audit.id))
          .limit(limit + 1),
      );
      const page = found.slice(0, limit);
      return { rows: page, next: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },

    rows: (filter, signal) => rows(condition(filter), signal),

    async verify(signal) {
      const [head] = await asking('reading the audit', () => records.select().from(auditHead));
      if (!head) return { ok: false, rows: 0, brokenAt: 1 };
      let previous = FIRST_HASH;
      let count = 0;
      for await (const row of rows(lte(audit.id, head.lastId), signal)) {
        const whole =
          row.id === count + 1 && row.previousHash === previous && row.hash === hashOf(row, row.previousHash);
        if (!whole) return { ok: false, rows: count, brokenAt: count + 1 };
        previous = row.hash;
        count = row.id;
      }
      if (count !== head.lastId || previous !== head.hash) {
        return { ok: false, rows: count, brokenAt: Math.min(count + 1, head.lastId) };
      }
      // Both in one statement, because a concurrent append moves both.
      const [end] = await asking('reading the audit', () =>
        records
          .select({ head: auditHead.lastId, newest: sql<number>`(SELECT max(id) FROM ${audit})`.mapWith(Number) })
          .from(auditHead),
      );
      const beyond = end !== undefined && end.newest > end.head;
      return { ok: !beyond, rows: count, brokenAt: beyond ? end.head + 1 : null };
    },
  };
}

function condition(filter: AuditFilter): SQL | undefined {
  const { actor, action, outcome, code, target, operationId, address, from, to, search } = filter;
  const pattern = `%${search?.replace(/[\\%_]/g, '\\$&')}%`;
  return and(
    actor === undefined ? undefined : eq(audit.actor, actor),
    action === undefined ? undefined : eq(audit.action, action),
    outcome === undefined ? undefined : eq(audit.outcome, outcome),
    code === undefined ? undefined : eq(audit.code, code),
    target === undefined ? undefined : eq(audit.target, target),
    operationId === undefined ? undefined : eq(audit.operationId, operationId),
    address === undefined ? undefined : eq(audit.address, address),
    from === undefined ? undefined : gte(audit.at, from),
    to === undefined ? undefined : lte(audit.at, to),
    search === undefined
      ? undefined
      : or(
          ilike(audit.actor, pattern),
          ilike(audit.action, pattern),
          ilike(audit.target, pattern),
          ilike(audit.address, pattern),
        ),
  );
}
