import { and, desc, eq, gt } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { sessions } from '../../../db/system/schema.ts';
import { AppError } from '../../core/errors.ts';
import { addressGroup } from '../address-group.ts';
import { type Administrator, createAdministrators, type Lookup } from '../administrators.ts';
import { refusals } from '../audit/refusals.ts';
import { BREAK_GLASS } from '../roles.ts';
import { sha256 } from '../sha256.ts';
import type { Throttle } from '../throttle.ts';
import { createAccountStatuses, passwordExpired } from './account-status.ts';
import { redeemBreakGlassCode } from './break-glass.ts';
import { createPasswordCheck, type VerifyHash } from './passwords.ts';
import { administratorCaller, breakGlassCaller, type SessionCaller, STEP_UP_MS } from './session-caller.ts';
import { createSessionStore, type SessionCookies, type SessionFacts } from './session-store.ts';

/** A session as its owner sees it in a list. */
export interface SessionInfo {
  /**
   * Name of the session for people and the audit. Made from `sessionKey`, which tokens carry inside, by a hash that
   * cannot be undone.
   */
  id: string;
  /**
   * SHA-256 of the session's id: identifies the session but does not open it. Equal to `sessionKey` of the caller that
   * lists it.
   */
  sessionKey: string;
  address: string;
  userAgent: string;
  createdAt: Date;
  expiresAt: Date;
}

export interface Sessions {
  /**
   * Checks e-mail and password against the HRMS's administrators, with the same work for unknown ones. Throws
   * UNAUTHENTICATED (unknown, wrong or inactive: one answer), RATE_LIMITED (`details.retryAfterSeconds`), FORBIDDEN
   * (the password is right, but expired or to be changed first), TABLE_BUSY (a restore holds the
   * administrators' table).
   */
  signIn(input: { email: string; password: string; address: string; userAgent: string }): Promise<{
    sessionId: string;
    expiresAt: Date;
    caller: SessionCaller;
  }>;
  /**
   * Returns the caller with this session id, or null. `fresh` means the expiry was extended and the cookie should be
   * sent again. Never waits for a locked `admins`.
   */
  read(sessionId: string, address: string): Promise<{ caller: SessionCaller; expiresAt: Date; fresh: boolean } | null>;
  /** Ends the session with this key; does nothing when it has ended already. */
  signOut(sessionKey: string): Promise<void>;
  /** Ends all sessions of this administrator; returns how many. */
  signOutEverywhere(adminId: string): Promise<number>;
  /** Returns the sessions newest first. */
  list(adminId: string): Promise<SessionInfo[]>;
  /**
   * Checks the password again; returns until when that counts. Throws UNAUTHENTICATED, RATE_LIMITED, FORBIDDEN,
   * TABLE_BUSY.
   */
  stepUp(session: { adminId: string | null; sessionKey: string }, password: string): Promise<Date>;
  /** Uses up a code of `scripts/break-glass.ts`. Throws UNAUTHENTICATED, RATE_LIMITED. */
  enterByBreakGlass(
    code: string,
    address: string,
    userAgent: string,
  ): Promise<{ sessionId: string; expiresAt: Date; caller: SessionCaller }>;
  cookies: SessionCookies;
}

/** Long enough for a restore and a look at its result. */
const BREAK_GLASS_MS = 4 * 3_600_000;
const LONGEST_EMAIL = 320;

export function createSessions(deps: {
  records: Records;
  throttle: Throttle;
  now: () => Date;
  /** Days without use after which a session ends. */
  sessionDays: number;
  secureCookies: boolean;
  /** By default the runtime's own. */
  verify?: VerifyHash;
}): Sessions {
  const { records, throttle, now } = deps;
  const administrators = createAdministrators(records);
  const statuses = createAccountStatuses({ records, administrators, now });
  const store = createSessionStore(deps);
  const passwords = createPasswordCheck(deps.verify);

  /**
   * Returns the administrator when the password is his. Points were consumed before the call; the caller gives them back
   * unless the credentials were wrong.
   */
  const prove = async (lookup: Lookup, password: string, refuse: (reason: string) => AppError) => {
    if (lookup.found === 'locked') throw refusals.administratorsLocked();
    if (lookup.found === 'lost') throw refusals.administratorsLost();
    const administrator = lookup.found === 'one' ? lookup.administrator : null;
    const like = lookup.found === 'one' ? lookup.administrator.passwordHash : lookup.sampleHash;
    const equal = await passwords.matches(password, administrator?.passwordHash ?? null, like);
    if (administrator === null) throw refuse('nobody of that name');
    if (!administrator.isActive) throw refuse(equal ? 'inactive' : 'inactive, and the password is wrong');
    if (!equal) throw refuse('the password is wrong');
    if (passwordExpired(administrator, now())) throw refusals.passwordExpired();
    if (administrator.mustChangePassword) throw refusals.passwordToBeChanged();
    return administrator;
  };

  /** Creates a session and reads it back, as the next request will. */
  const open = async (
    owner: string | null,
    who: Pick<SessionFacts, 'email' | 'fullName' | 'role' | 'address' | 'userAgent'>,
    lastsMs: number | null,
  ) => {
    const at = now();
    const { sessionId, expiresAt } = await store.create(owner, {
      ...who,
      userAgent: printable(who.userAgent),
      isActive: true,
      checkedAt: at,
      stepUpUntil: null,
      createdAt: at,
      fixedEnd: lastsMs === null ? null : new Date(at.getTime() + lastsMs),
    });
    const stored = await store.find(sessionId);
    if (stored === null) throw refusals.sessionEnded();
    return { sessionId, expiresAt, stored };
  };

  return {
    async signIn({ email, password, address, userAgent }) {
      const account = email.slice(0, LONGEST_EMAIL).toLowerCase();
      const from = addressGroup(address);
      await throttle.consume('signInAddress', from);
      await throttle.consume('signInAccount', account);
      let administrator: Administrator;
      try {
        const known = isText(email) && email.length <= LONGEST_EMAIL;
        const lookup = await administrators.byEmail(known ? email : '');
        administrator = await prove(lookup, password, refusals.signIn);
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'UNAUTHENTICATED')) {
          await throttle.refund('signInAccount', account);
        }
        throw error;
      }
      await throttle.reset('signInAccount', account);
      await throttle.refund('signInAddress', from);
      const { email: known, fullName, role } = administrator;
      const who = { email: known, fullName, role, address, userAgent };
      const { sessionId, expiresAt, stored } = await open(administrator.id, who, null);
      const status = { role: stored.role, isActive: true, maySignIn: true, unconfirmed: false };
      return {
        sessionId,
        expiresAt,
        caller: administratorCaller(stored, administrator.id, status, address),
      };
    },

    async read(sessionId, address) {
      const stored = await store.find(sessionId);
      if (stored === null) return null;
      const { expiresAt, fresh } = stored;
      if (stored.adminId === null) return { caller: breakGlassCaller(stored, address), expiresAt, fresh };
      const status = await statuses.of(stored.adminId, stored);
      if (!status.maySignIn) return null;
      return { caller: administratorCaller(stored, stored.adminId, status, address), expiresAt, fresh };
    },

    async signOut(sessionKey) {
      await asking('ending a session', () => records.delete(sessions).where(eq(sessions.id, sessionKey)));
    },

    async signOutEverywhere(adminId) {
      const ended = await asking('ending sessions', () =>
        records.delete(sessions).where(eq(sessions.adminId, adminId)).returning({ id: sessions.id }),
      );
      return ended.length;
    },

    async list(adminId) {
      const rows = await asking('listing sessions', () =>
        records
          .select({
            sessionKey: sessions.id,
            address: sessions.address,
            userAgent: sessions.userAgent,
            createdAt: sessions.createdAt,
            expiresAt: sessions.expiresAt,
          })
          .from(sessions)
          .where(and(eq(sessions.adminId, adminId), gt(sessions.expiresAt, now())))
          .orderBy(desc(sessions.createdAt)),
      );
      return rows.map((row) => ({ id: publicId(row.sessionKey), ...row }));
    },

    async stepUp({ adminId, sessionKey }, password) {
      if (adminId === null) throw refusals.noPasswordToGive();
      await throttle.consume('stepUp', adminId);
      try {
        await prove(await administrators.byId(adminId), password, refusals.stepUp);
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'UNAUTHENTICATED')) {
          await throttle.refund('stepUp', adminId);
        }
        throw error;
      }
      await throttle.reset('stepUp', adminId);
      const stepUpUntil = new Date(now().getTime() + STEP_UP_MS);
      const kept = await asking('noting the password was given', () =>
        records.update(sessions).set({ stepUpUntil }).where(eq(sessions.id, sessionKey)).returning({ id: sessions.id }),
      );
      if (kept.length === 0) throw refusals.sessionEnded();
      return stepUpUntil;
    },

    async enterByBreakGlass(code, address, userAgent) {
      const from = addressGroup(address);
      await throttle.consume('breakGlass', from);
      if (!(await redeemBreakGlassCode({ records, now }, code, address))) throw refusals.breakGlass();
      await throttle.reset('breakGlass', from);
      const who = { email: '', fullName: 'Break-glass', role: BREAK_GLASS, address, userAgent };
      const { sessionId, expiresAt, stored } = await open(null, who, BREAK_GLASS_MS);
      return { sessionId, expiresAt, caller: breakGlassCaller(stored, address) };
    },

    cookies: store.cookies,
  };
}

/** Returns an id that is always the same for a session and reveals nothing else of it. */
function publicId(sessionKey: string): string {
  return sha256(`public ${sessionKey}`).slice(0, 32);
}

/** Returns whether PostgreSQL can store the text: it takes no NUL and no half surrogate pair. */
function isText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Shortens a user agent and removes control characters, for a list that people read. */
function printable(userAgent: string): string {
  return userAgent
    .slice(0, 300)
    .toWellFormed()
    .replace(/\p{Cc}/gu, ' ');
}
