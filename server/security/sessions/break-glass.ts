import { and, eq, gt, isNull } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { breakGlass } from '../../../db/system/schema.ts';
import { sha256 } from '../sha256.ts';

/** A code counts so long after it was made. */
const CODE_MINUTES = 10;
/** As `createBreakGlassCode` makes them. */
const CODE = /^[A-Za-z0-9_-]{43}$/;

/**
 * Makes a one-time way in for the day the table `admins` is lost: 32 random bytes, kept as their SHA-256 only, for ten minutes.
 * `createdBy`: who ran the command.
 */
export async function createBreakGlassCode(
  deps: { records: Records; now: () => Date },
  createdBy: string,
): Promise<{ code: string; expiresAt: Date }> {
  const code = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url');
  const createdAt = deps.now();
  const expiresAt = new Date(createdAt.getTime() + CODE_MINUTES * 60_000);
  await asking('making a one-time code', () =>
    deps.records.insert(breakGlass).values({ id: sha256(code), createdBy, createdAt, expiresAt }),
  );
  return { code, expiresAt };
}

/** Uses a code up. True once, for one of those who come at the same time, and never after its time. */
export async function redeemBreakGlassCode(
  deps: { records: Records; now: () => Date },
  code: string,
  address: string,
): Promise<boolean> {
  if (!CODE.test(code)) return false;
  const usedAt = deps.now();
  const used = await asking('reading a one-time code', () =>
    deps.records
      .update(breakGlass)
      .set({ usedAt, usedFrom: address })
      .where(and(eq(breakGlass.id, sha256(code)), isNull(breakGlass.usedAt), gt(breakGlass.expiresAt, usedAt)))
      .returning({ id: breakGlass.id }),
  );
  return used.length === 1;
}
