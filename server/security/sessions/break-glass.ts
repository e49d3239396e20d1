import { and, eq, gt, isNull } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { breakGlass } from '../../../db/system/schema.ts';
import { sha256 } from '../sha256.ts';

/** Minutes for which a code is valid. */
const CODE_MINUTES = 10;
/** The shape of codes made by `createBreakGlassCode`. */
const CODE = /^[A-Za-z0-9_-]{43}$/;

/**
 * Makes a one-time code for signing in when the table `admins` is lost: 32 random bytes, valid for ten minutes, stored
 * as SHA-256 only. `createdBy` is the person who ran the command.
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

/** Uses up a code. Returns true once, for one of several concurrent calls, and never after it has expired. */
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
