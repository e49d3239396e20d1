import { eq, sql } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { sessions, tokens } from '../../../db/system/schema.ts';
import type { Administrator, Administrators } from '../administrators.ts';

/** Facts about the administrator in the row of a session or token. */
export interface LastKnown {
  role: string;
  isActive: boolean;
  /** The time when they were read from `admins`. */
  checkedAt: Date;
}

/** Rights of an administrator now. `unconfirmed` means that the table could not be read and this is old. */
export interface AccountStatus {
  role: string;
  /** False also when the administrator no longer exists. */
  isActive: boolean;
  /** True when active, with a password that has not expired and need not be changed. */
  maySignIn: boolean;
  unconfirmed: boolean;
}

export interface AccountStatuses {
  /**
   * Returns the last answer while it is fresh, otherwise reads again and writes the answer to every row of this
   * administrator. Waits for a lock 150 ms at most.
   */
  of(adminId: string, last: LastKnown): Promise<AccountStatus>;
}

/** Milliseconds for which an answer from `admins` is fresh. */
const FRESH_MS = 30_000;
/** Milliseconds without another attempt after the table was locked or lost: a lock on it lasts for seconds. */
const RETRY_AFTER_MS = 1000;

export function createAccountStatuses(deps: {
  records: Records;
  administrators: Administrators;
  now: () => Date;
}): AccountStatuses {
  const asked = new Map<string, Promise<Administrator | null | 'silent'>>();
  let silentUntil = 0;

  /** Reads an administrator once for all concurrent requests; null when he no longer exists. */
  const ask = (adminId: string) => {
    const underWay = asked.get(adminId);
    if (underWay !== undefined) return underWay;
    const answer = lookUp(adminId).finally(() => asked.delete(adminId));
    asked.set(adminId, answer);
    return answer;
  };

  const lookUp = async (adminId: string): Promise<Administrator | null | 'silent'> => {
    const time = deps.now().getTime();
    if (time < silentUntil && silentUntil - time <= RETRY_AFTER_MS) return 'silent';
    const answer = await deps.administrators.byId(adminId);
    if (answer.found === 'locked' || answer.found === 'lost') {
      silentUntil = deps.now().getTime() + RETRY_AFTER_MS;
      return 'silent';
    }
    const administrator = answer.found === 'one' ? answer.administrator : null;
    await writeDown(deps.records, adminId, administrator, deps.now());
    return administrator;
  };

  return {
    async of(adminId, last) {
      const { role, isActive } = last;
      const age = Math.abs(deps.now().getTime() - last.checkedAt.getTime());
      if (age < FRESH_MS) return { role, isActive, maySignIn: isActive, unconfirmed: false };
      const answer = await ask(adminId);
      if (answer === 'silent') return { role, isActive, maySignIn: isActive, unconfirmed: true };
      if (answer === null) return { role, isActive: false, maySignIn: false, unconfirmed: false };
      return {
        role: answer.role,
        isActive: answer.isActive,
        maySignIn: maySignIn(answer, deps.now()),
        unconfirmed: false,
      };
    },
  };
}

/** Returns whether his password has expired; the HRMS asks for a new one then, and so do we. */
export function passwordExpired(administrator: Administrator, now: Date): boolean {
  return administrator.passwordExpiresAt !== null && administrator.passwordExpiresAt <= now;
}

function maySignIn(administrator: Administrator, now: Date): boolean {
  return administrator.isActive && !administrator.mustChangePassword && !passwordExpired(administrator, now);
}

/**
 * Writes the answer to the administrator's rows. Deletes the sessions of one who may no longer sign in; tokens stay
 * listed, but stop working while he is inactive.
 */
async function writeDown(
  records: Records,
  adminId: string,
  administrator: Administrator | null,
  checkedAt: Date,
): Promise<void> {
  await asking('noting what an administrator may do', () =>
    records.transaction(async (tx) => {
      if (administrator && maySignIn(administrator, checkedAt)) {
        const { email, fullName, role } = administrator;
        await tx
          .update(sessions)
          .set({ email, fullName, role, isActive: true, checkedAt })
          .where(eq(sessions.adminId, adminId));
      } else await tx.delete(sessions).where(eq(sessions.adminId, adminId));
      await tx
        .update(tokens)
        .set({
          isActive: administrator?.isActive ?? false,
          role: administrator?.role ?? sql`${tokens.role}`,
          email: administrator?.email ?? sql`${tokens.email}`,
          checkedAt,
        })
        .where(eq(tokens.adminId, adminId));
    }),
  );
}
