import { and, eq, isNotNull, lte } from 'drizzle-orm';
import { type Adapter, Lucia, TimeSpan } from 'lucia';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { sessions } from '../../../db/system/schema.ts';
import { sha256 } from '../sha256.ts';

declare module 'lucia' {
  interface Register {
    Lucia: Lucia<SessionFacts>;
    DatabaseSessionAttributes: SessionFacts;
  }
}

/** Columns of a session's row besides its key, its owner and its expiry. */
export interface SessionFacts {
  email: string;
  fullName: string;
  role: string;
  isActive: boolean;
  checkedAt: Date;
  address: string;
  userAgent: string;
  stepUpUntil: Date | null;
  createdAt: Date;
  /** Expiry that use does not extend: that of break-glass sessions, which have no administrator. */
  fixedEnd: Date | null;
}

export interface StoredSession extends SessionFacts {
  /** SHA-256 of the id. */
  key: string;
  /** Null for a break-glass session. */
  adminId: string | null;
  expiresAt: Date;
  /** True when the expiry was extended just now. */
  fresh: boolean;
}

export interface SessionStore {
  /** Makes a session with an id of 200 random bits, which exists only in the result. */
  create(adminId: string | null, facts: SessionFacts): Promise<{ sessionId: string; expiresAt: Date }>;
  /**
   * Returns the session of this id; null, with its row deleted, when it has expired. Past half its lifetime the expiry
   * is extended.
   */
  find(sessionId: string): Promise<StoredSession | null>;
  cookies: SessionCookies;
}

/** Cookies with `HttpOnly; SameSite=Strict; Path=/`, over HTTPS also `Secure` and the prefix `__Host-`. */
export interface SessionCookies {
  readonly name: string;
  /** Returns the id in a `Cookie` header; null for none and for anything malformed. */
  read(header: string | null | undefined): string | null;
  /** Returns the `Set-Cookie` header that keeps the session. */
  set(sessionId: string): string;
  /** Returns the `Set-Cookie` header that ends it. */
  clear(): string;
}

/** The owner's id that lucia sees in a break-glass session. */
const NOBODY = '';
/** The shape of lucia's session ids. */
const SESSION_ID = /^[a-z2-7]{40}$/;

/** Creates lucia's sessions over `backup_system.sessions`, which holds only the SHA-256 of an id. */
export function createSessionStore(deps: {
  records: Records;
  now: () => Date;
  sessionDays: number;
  secureCookies: boolean;
}): SessionStore {
  const { records, now } = deps;
  const name = deps.secureCookies ? '__Host-palace-backup' : 'palace-backup';
  const clock = clockOf(now);
  const lucia = new Lucia<SessionFacts>(adapter(records, now, clock), {
    sessionExpiresIn: new TimeSpan(deps.sessionDays, 'd'),
    sessionCookie: { name, attributes: { secure: deps.secureCookies, sameSite: 'strict', path: '/' } },
    getSessionAttributes: (facts) => facts,
  });
  return {
    async create(adminId, facts) {
      const session = await lucia.createSession(adminId ?? NOBODY, facts);
      return { sessionId: session.id, expiresAt: facts.fixedEnd ?? clock.ours(session.expiresAt) };
    },
    async find(sessionId) {
      if (!SESSION_ID.test(sessionId)) return null;
      const { session } = await lucia.validateSession(sessionId);
      if (!session) return null;
      const { id, userId, fresh, expiresAt, ...facts } = session;
      return {
        ...facts,
        key: sha256(id),
        adminId: userId === NOBODY ? null : userId,
        expiresAt: facts.fixedEnd ?? clock.ours(expiresAt),
        fresh: fresh && facts.fixedEnd === null,
      };
    },
    cookies: {
      name,
      read(header) {
        const found = header?.split(/; ?/).findLast((one) => one.startsWith(`${name}=`));
        const value = found?.slice(name.length + 1) ?? '';
        return SESSION_ID.test(value) ? value : null;
      },
      set: (sessionId) => lucia.createSessionCookie(sessionId).serialize(),
      clear: () => lucia.createBlankSessionCookie().serialize(),
    },
  };
}

/** Converts between our clock and the machine's, which lucia reads. */
function clockOf(now: () => Date) {
  const ahead = () => now().getTime() - Date.now();
  return {
    ours: (machine: Date) => new Date(machine.getTime() + ahead()),
    machine: (ours: Date) => new Date(ours.getTime() - ahead()),
  };
}

function adapter(records: Records, now: () => Date, clock: ReturnType<typeof clockOf>): Adapter {
  const fromRow = (row: typeof sessions.$inferSelect, id: string) => {
    const { id: _, adminId, expiresAt, ...facts } = row;
    return {
      id,
      userId: adminId ?? NOBODY,
      expiresAt: clock.machine(expiresAt),
      attributes: { ...facts, fixedEnd: adminId === null ? expiresAt : null },
    };
  };
  return {
    async getSessionAndUser(sessionId) {
      const [row] = await asking('reading a session', () =>
        records
          .select()
          .from(sessions)
          .where(eq(sessions.id, sha256(sessionId))),
      );
      if (!row) return [null, null];
      const session = fromRow(row, sessionId);
      return [session, { id: session.userId, attributes: {} }];
    },
    async getUserSessions(userId) {
      const rows = await asking('reading sessions', () =>
        records.select().from(sessions).where(eq(sessions.adminId, userId)),
      );
      return rows.map((row) => fromRow(row, row.id));
    },
    async setSession(session) {
      const { fixedEnd, ...facts } = session.attributes;
      await asking('making a session', () =>
        records.insert(sessions).values({
          ...facts,
          id: sha256(session.id),
          adminId: session.userId === NOBODY ? null : session.userId,
          expiresAt: fixedEnd ?? clock.ours(session.expiresAt),
        }),
      );
    },
    async updateSessionExpiration(sessionId, expiresAt) {
      await asking('prolonging a session', () =>
        records
          .update(sessions)
          .set({ expiresAt: clock.ours(expiresAt) })
          .where(and(eq(sessions.id, sha256(sessionId)), isNotNull(sessions.adminId))),
      );
    },
    async deleteSession(sessionId) {
      await asking('ending a session', () => records.delete(sessions).where(eq(sessions.id, sha256(sessionId))));
    },
    async deleteUserSessions(userId) {
      await asking('ending sessions', () => records.delete(sessions).where(eq(sessions.adminId, userId)));
    },
    async deleteExpiredSessions() {
      await asking('removing ended sessions', () => records.delete(sessions).where(lte(sessions.expiresAt, now())));
    },
  };
}
