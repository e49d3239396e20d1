import { sql } from 'drizzle-orm';
import { getTableConfig } from 'drizzle-orm/pg-core';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Records } from '../../db/system/records.ts';
import { rateLimits } from '../../db/system/schema.ts';
import { AppError } from '../core/errors.ts';
import { sha256 } from './sha256.ts';

interface Limit {
  /** Points within `seconds`. */
  points: number;
  seconds: number;
  /** Seconds of the first lock for spending more; doubled with each further lock within a day, up to `LONGEST_LOCK`. */
  firstLock?: number;
}

/**
 * Limits by class. Keys are an administrator's id, a token's id or an address; for `signIn…` the e-mail and the
 * address.
 */
const LIMITS = {
  signInAccount: { points: 5, seconds: 900, firstLock: 60 },
  signInAddress: { points: 30, seconds: 900, firstLock: 60 },
  stepUp: { points: 5, seconds: 900, firstLock: 60 },
  breakGlass: { points: 10, seconds: 900, firstLock: 60 },
  /** Calls of anonymous callers. */
  public: { points: 300, seconds: 60 },
  /** Reading. */
  api: { points: 1200, seconds: 60 },
  /** Changing something. */
  change: { points: 120, seconds: 60 },
  /** Starting a backup, a verification or a restore. */
  create: { points: 30, seconds: 60 },
  /** Uploads and downloads, each request of a resumed one too. */
  bytes: { points: 600, seconds: 60 },
} as const satisfies Record<string, Limit>;

export type RateClass = keyof typeof LIMITS;

const LONGEST_LOCK = 900;
const LOCKS_COUNT_FOR = 86_400;

export interface Throttle {
  /** Takes one point. Throws RATE_LIMITED with `details.retryAfterSeconds`. The key is stored only as a hash. */
  consume(limit: RateClass, key: string): Promise<void>;
  /** Gives one point back, after a call that was no failed attempt. */
  refund(limit: RateClass, key: string): Promise<void>;
  /** Deletes all points and locks of this key. */
  reset(limit: RateClass, key: string): Promise<void>;
}

/**
 * Counts in `backup_system.rate_limits`, so that all replicas count together. While the database does not answer, this
 * process counts alone in memory. Time is the machine's.
 */
export function createThrottle(deps: { records: Records }): Throttle {
  const store = clientOver(deps.records);
  const counters = new Map(
    Object.entries(LIMITS).map(([name, limit]: [string, Limit]) => [name, counterFor(store, name, limit)]),
  );
  const counter = (name: RateClass) => {
    const found = counters.get(name);
    if (!found) throw new RangeError(`no such limit: ${name}`);
    return found;
  };
  return {
    async consume(limit, key) {
      const { points, locks, firstLock } = counter(limit);
      const hashed = sha256(key);
      try {
        await points.consume(hashed);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        // Exactly one of several concurrent calls crosses the limit.
        const crossed = refusal.consumedPoints === points.points + 1;
        if (!locks || !firstLock || !crossed) throw tooMany(refusal.msBeforeNext);
        const { consumedPoints } = await locks.penalty(hashed);
        const seconds = Math.min(firstLock * 2 ** Math.min(consumedPoints - 1, 20), LONGEST_LOCK);
        await points.block(hashed, seconds);
        throw tooMany(seconds * 1000);
      }
    },
    async refund(limit, key) {
      await counter(limit).points.reward(sha256(key));
    },
    async reset(limit, key) {
      const { points, locks } = counter(limit);
      await points.delete(sha256(key));
      await locks?.delete(sha256(key));
    },
  };
}

function counterFor(store: object, name: string, limit: Limit) {
  const locking = limit.firstLock !== undefined;
  return {
    points: shared(store, name, limit.points, limit.seconds, locking),
    locks: locking ? shared(store, `${name} locks`, Number.MAX_SAFE_INTEGER, LOCKS_COUNT_FOR, true) : null,
    firstLock: limit.firstLock,
  };
}

/**
 * Creates a counter in the shared table. Limits without locks refuse from memory once exceeded, so that hammering costs
 * no statement.
 */
function shared(store: object, name: string, points: number, duration: number, locking: boolean): RateLimiterPostgres {
  const { name: tableName, schema: schemaName = '' } = getTableConfig(rateLimits);
  return new RateLimiterPostgres({
    storeClient: store,
    storeType: 'client',
    schemaName,
    tableName,
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: name,
    points,
    duration,
    ...(!locking && { inMemoryBlockOnConsumed: points }),
    insuranceLimiter: new RateLimiterMemory({ keyPrefix: name, points, duration }),
  });
}

/** Adapts our connections to the library's idea of a `pg` client. */
function clientOver(records: Records) {
  return {
    async query({ text, values = [] }: { text: string; values?: unknown[] }) {
      const pieces = withoutSyncCommit(text)
        .split(/\$(\d+)/)
        .map((piece, at) => (at % 2 === 0 ? sql.raw(piece) : sql`${values[Number(piece) - 1]}`));
      const rows = await records.execute(sql.join(pieces));
      return { rows: [...rows], rowCount: rows.count };
    },
  };
}

/**
 * Turns off synchronous_commit for a count: losing one in a crash does no harm, and otherwise every request would wait
 * for the disk.
 */
function withoutSyncCommit(text: string): string {
  return text.replace('RETURNING points, expire', `$&, set_config('synchronous_commit', 'off', true)`);
}

function tooMany(ms: number): AppError {
  const retryAfterSeconds = Math.max(1, Math.ceil(ms / 1000));
  return new AppError('RATE_LIMITED', 'Too many attempts in a short time.', {
    hint: `Try again in ${retryAfterSeconds === 1 ? 'a second' : `${retryAfterSeconds} seconds`}.`,
    details: { retryAfterSeconds },
  });
}
