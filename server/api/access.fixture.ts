import { createHash } from 'node:crypto';
import { and, eq, gt, isNull } from 'drizzle-orm';
import { jwtVerify, SignJWT } from 'jose';
import type { Records } from '../../db/records.ts';
import { sessions as rows, tokens as tokenRows } from '../../db/schema/system.ts';
import type { TestDatabase } from '../../db/testing.ts';
import { AppError } from '../errors.ts';
import { type Caller, SCOPES, type Scope } from '../security/caller.ts';
import type { SessionCaller, SessionsPart, TokensPart } from './parts.ts';

const COOKIE = 'palace';
const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const wrong = () => new AppError('UNAUTHENTICATED', 'E-mail or password is wrong.');
const refused = () => new AppError('UNAUTHENTICATED', 'The token is not valid.');

export interface Access {
  sessions: SessionsPart;
  tokens: TokensPart;
  /** Who a request speaks for, as the app finds it out. Throws UNAUTHENTICATED for a bad bearer token. */
  readCaller(headers: Headers, address: string): Promise<Caller>;
}

/** Sign-in over the HRMS's `admins` and our own tables, without the guards of `security/`. */
export function testAccess(database: TestDatabase, records: Records, now: () => Date): Access {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const later = (ms: number) => new Date(now().getTime() + ms);

  const adminOf = async (column: 'id' | 'email', value: string) => {
    const [admin] = await database.admin<{
      id: string;
      email: string;
      password: string;
      fullName: string;
      role: string;
      isActive: boolean;
    }>(`SELECT id, email, password, "fullName", role::text, "isActive" FROM admins WHERE ${column} = $1`, [value]);
    return admin ?? null;
  };

  const callerOf = async (row: typeof rows.$inferSelect, address: string): Promise<SessionCaller | null> => {
    const admin = await adminOf('id', row.adminId ?? '');
    if (!admin?.isActive) return null;
    const { email, fullName, role } = admin;
    const scopes = new Set<Scope>(role === 'SUPER_ADMIN' ? SCOPES : []);
    return {
      kind: 'session',
      actor: email,
      sessionKey: row.id,
      adminId: admin.id,
      email,
      fullName,
      role,
      scopes,
      stepUpUntil: row.stepUpUntil,
      address,
    };
  };

  const sessions: SessionsPart = {
    async signIn({ email, password, address, userAgent }) {
      const admin = await adminOf('email', email);
      if (!admin || !(await Bun.password.verify(password, admin.password))) throw wrong();
      const sessionId = crypto.randomUUID();
      const expiresAt = later(3_600_000);
      const [row] = await records
        .insert(rows)
        .values({ ...admin, id: hash(sessionId), adminId: admin.id, address, userAgent, checkedAt: now(), expiresAt })
        .returning();
      const caller = row && (await callerOf(row, address));
      if (!caller) throw wrong();
      return { sessionId, expiresAt, caller, mustChangePassword: false };
    },
    async signOut(sessionKey) {
      await records.delete(rows).where(eq(rows.id, sessionKey));
    },
    async signOutEverywhere(adminId) {
      return (await records.delete(rows).where(eq(rows.adminId, adminId)).returning()).length;
    },
    async list(adminId) {
      const own = await records.select().from(rows).where(eq(rows.adminId, adminId));
      return own.map(({ id, address, userAgent, createdAt, expiresAt }) => ({
        sessionKey: id,
        address,
        userAgent,
        createdAt,
        expiresAt,
      }));
    },
    async stepUp(caller, password) {
      const admin = await adminOf('id', caller.adminId ?? '');
      if (!admin || !(await Bun.password.verify(password, admin.password))) throw wrong();
      const stepUpUntil = later(300_000);
      await records.update(rows).set({ stepUpUntil }).where(eq(rows.id, caller.sessionKey));
      return stepUpUntil;
    },
    async enterByBreakGlass() {
      throw new AppError('UNAUTHENTICATED', 'The code is not valid.');
    },
    cookies: {
      set: (sessionId) => `${COOKIE}=${sessionId}; Path=/; HttpOnly; SameSite=Strict`,
      clear: () => `${COOKIE}=; Path=/; Max-Age=0`,
    },
  };

  const tokens: TokensPart = {
    async create(owner, { name, scopes, expiresInDays }) {
      const expiresAt = later(expiresInDays * 86_400_000);
      const values = {
        id: crypto.randomUUID(),
        name,
        scopes,
        adminId: owner.adminId ?? '',
        email: owner.email,
        role: owner.role,
        isActive: true,
        checkedAt: now(),
        expiresAt,
      };
      const [row] = await records.insert(tokenRows).values(values).returning();
      if (!row) throw refused();
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setJti(row.id)
        .setAudience('service')
        .sign(secret);
      return { token, info: { ...row, scopes } };
    },
    async list() {
      return (await records.select().from(tokenRows)).map((row) => ({ ...row, scopes: row.scopes.filter(isScope) }));
    },
    async revoke(id, by) {
      const hit = await records
        .update(tokenRows)
        .set({ revokedAt: now(), revokedBy: by })
        .where(eq(tokenRows.id, id))
        .returning();
      if (hit.length === 0) throw new AppError('NOT_FOUND', 'There is no such token.');
    },
    async issueAccess(caller) {
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(caller.sessionKey)
        .setAudience('access')
        .sign(secret);
      return { token, expiresAt: later(900_000) };
    },
    signLink: async ({ subject, actor, purpose }) =>
      new SignJWT({ act: actor })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(subject)
        .setAudience(purpose)
        .sign(secret),
  };

  const readToken = async (jwt: string, address: string): Promise<Caller> => {
    const { payload } = await jwtVerify(jwt, secret, { algorithms: ['HS256'] }).catch(() => {
      throw refused();
    });
    if (payload.aud === 'access') {
      const caller = await readSession(eq(rows.id, payload.sub ?? ''), address);
      if (!caller?.adminId) throw refused();
      const { actor, adminId, email, role, scopes } = caller;
      return { kind: 'token', tokenId: caller.sessionKey, actor, adminId, email, role, scopes, address };
    }
    const [row] = await records
      .select()
      .from(tokenRows)
      .where(and(eq(tokenRows.id, payload.jti ?? ''), isNull(tokenRows.revokedAt), gt(tokenRows.expiresAt, now())));
    if (!row) throw refused();
    const { id: tokenId, adminId, email, role, name } = row;
    return {
      kind: 'token',
      tokenId,
      adminId,
      email,
      role,
      scopes: new Set(row.scopes.filter(isScope)),
      actor: `token ${name} of ${email}`,
      address,
    };
  };

  const readSession = async (which: ReturnType<typeof eq>, address: string) => {
    const [row] = await records
      .select()
      .from(rows)
      .where(and(which, gt(rows.expiresAt, now())));
    return row ? callerOf(row, address) : null;
  };

  return {
    sessions,
    tokens,
    async readCaller(headers, address) {
      const bearer = headers.get('authorization')?.match(/^Bearer (.+)$/)?.[1];
      if (bearer) return readToken(bearer, address);
      const id = headers.get('cookie')?.match(/(?:^|; )palace=([^;]+)/)?.[1];
      const caller = id ? await readSession(eq(rows.id, hash(id)), address) : null;
      return caller ?? { kind: 'nobody', actor: 'nobody', address };
    },
  };
}

function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}
