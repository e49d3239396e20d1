import { and, isNotNull, lt } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { breakGlass, rateLimits, sessions, signingKeys } from '../../../db/system/schema.ts';

/** One-time codes are looked back at for so long. */
const CODES_KEPT_MS = 30 * 86_400_000;

/** Removes what counts no more: ended sessions, spent limits, expired keys, old one-time codes. Tokens stay listed. To be run now and then by one or by all replicas. */
export async function sweepAccess(records: Records, now: Date): Promise<void> {
  await asking('removing what counts no more', async () => {
    await records.delete(sessions).where(lt(sessions.expiresAt, now));
    await records.delete(rateLimits).where(lt(rateLimits.expire, Date.now()));
    await records.delete(signingKeys).where(and(isNotNull(signingKeys.expiresAt), lt(signingKeys.expiresAt, now)));
    await records.delete(breakGlass).where(lt(breakGlass.expiresAt, new Date(now.getTime() - CODES_KEPT_MS)));
  });
}
