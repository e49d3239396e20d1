import { eq, sql } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { sessions, tokens } from '../../../db/system/schema.ts';
import type { Administrator, Administrators } from '../administrators.ts';

/** What a session's or token's row says of the administrator behind it. */
export interface LastKnown {
  role: string;
  isActive: boolean;
  /** When that was read from `admins`. */
  checkedAt: Date;
}

/** What counts now. `unconfirmed`: the table could not be asked, and this is old. */
export interface Standing {
  role: string;
  /** False also for one who is there no more. */
  isActive: boolean;
  /** Active, and with a password that has not expired and need not be changed. */
  maySignIn: boolean;
  unconfirmed: boolean;
}

export interface Standings {
  /** The last answer while it is fresh, otherwise a new one, written to every row of this administrator. Waits for a lock 150 ms at most. */
  of(adminId: string, last: LastKnown): Promise<Standing>;
}

/** An answer from `admins` counts so long. */
const FRESH_MS = 30_000;
/** After a lock was met, the table is left alone so long: whoever holds it does so for seconds. */
const LEAVE_ALONE_MS = 1000;

export function createStandings(deps: {
  records: Records;
  administrators: Administrators;
  now: () => Date;
}): Standings {
  const asked = new Map<string, Promise<Administrator | null | 'silent'>>();
  let silentUntil = 0;

  /** Many requests at once ask once. Null: he is there no more. */
  const ask = (adminId: string) => {
    const underWay = asked.get(adminId);
    if (underWay !== undefined) return underWay;
    const answer = lookUp(adminId).finally(() => asked.delete(adminId));
    asked.set(adminId, answer);
    return answer;
  };

  const lookUp = async (adminId: string): Promise<Administrator | null | 'silent'> => {
    const time = deps.now().getTime();
    if (time < silentUntil && silentUntil - time <= LEAVE_ALONE_MS) return 'silent';
    const answer = await deps.administrators.byId(adminId);
    if (answer.found === 'locked' || answer.found === 'lost') {
      silentUntil = deps.now().getTime() + LEAVE_ALONE_MS;
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

/** Whether his password is past its day; the HRMS asks for a new one then, and so do we. */
export function passwordExpired(administrator: Administrator, now: Date): boolean {
  return administrator.passwordExpiresAt !== null && administrator.passwordExpiresAt <= now;
}

function maySignIn(administrator: Administrator, now: Date): boolean {
  return administrator.isActive && !administrator.mustChangePassword && !passwordExpired(administrator, now);
}

/** Sessions of one who may not sign in any more end; tokens stay listed, and work no more while he is inactive. */
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
