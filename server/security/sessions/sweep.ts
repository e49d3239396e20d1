import { and, isNotNull, lt } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { breakGlass, rateLimits, sessions, signingKeys } from '../../../db/system/schema.ts';

/** Milliseconds for which expired one-time codes are kept. */
const CODES_KEPT_MS = 30 * 86_400_000;

/**
 * Deletes ended sessions, expired rate limits, expired keys and old one-time codes; tokens stay listed. Call from time
 * to time, on one or all replicas.
 */
export async function sweepAccess(records: Records, now: Date): Promise<void> {
  await asking('removing what counts no more', async () => {
    await records.delete(sessions).where(lt(sessions.expiresAt, now));
    await records.delete(rateLimits).where(lt(rateLimits.expire, Date.now()));
    await records.delete(signingKeys).where(and(isNotNull(signingKeys.expiresAt), lt(signingKeys.expiresAt, now)));
    await records.delete(breakGlass).where(lt(breakGlass.expiresAt, new Date(now.getTime() - CODES_KEPT_MS)));
  });
}
