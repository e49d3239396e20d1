import { and, desc, eq, gt, isNull } from 'drizzle-orm';
import { z } from 'zod';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { sessions, tokens } from '../../../db/system/schema.ts';
import { AppError, unexpected } from '../../core/errors.ts';
import { isUuid } from '../../core/uuid.ts';
import { createAdministrators } from '../administrators.ts';
import { refusals } from '../audit/refusals.ts';
import { type Caller, type Holder, SCOPES, type Scope } from '../caller.ts';
import { scopesOfRole, withoutConfirmation } from '../roles.ts';
import { createAccountStatuses } from '../sessions/account-status.ts';
import { type SessionCaller, stepUpOf } from '../sessions/session-caller.ts';
import { createSigner } from './signed.ts';
import { createSigningKeys, type PublicJwk } from './signing-keys.ts';
import { readTokenInput } from './token-input.ts';

export type TokenCaller = Caller & { kind: 'token' };

/** A service's token as lists show it: everything but the token itself. */
export interface TokenInfo {
  id: string;
  name: string;
  scopes: Scope[];
  /** E-mail address of its owner. */
  email: string;
  /** False while its administrator is inactive or gone: it does not work then. */
  isActive: boolean;
  createdAt: Date;
  expiresAt: Date;
  /** To the minute. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  revokedBy: string | null;
}

/** Contents of a link: its target, its giver, and the session or token on which the giver's right stands. */
export interface LinkClaims {
  subject: string;
  actor: string;
  holder: Holder;
}

export interface Tokens {
  /**
   * Makes a named token for a service, a JWT that is returned once and not stored. Throws INPUT_INVALID, and FORBIDDEN
   * for scopes its maker does not have or for a break-glass session.
   */
  create(
    owner: SessionCaller,
    input: { name: string; scopes: Scope[]; expiresInDays: number },
  ): Promise<{ token: string; info: TokenInfo }>;
  /** Returns tokens newest first, revoked and expired ones too. */
  list(): Promise<TokenInfo[]>;
  /**
   * Revokes a token at once on every replica; returns its name. Revoking twice keeps the first time. Throws NOT_FOUND.
   */
  revoke(id: string, by: string): Promise<{ name: string }>;
  /**
   * Returns the caller of a bearer token, with its scopes limited by its administrator's role today. Throws
   * UNAUTHENTICATED, in the same words whatever is wrong with it.
   */
  read(jwt: string, address: string): Promise<TokenCaller>;
  /**
   * Issues an access token for 15 minutes that ends with the session, has its rights and needs step-up as it does.
   * Throws FORBIDDEN for a break-glass session.
   */
  issueAccess(caller: SessionCaller): Promise<{ token: string; expiresAt: Date }>;
  /** Signs the text of a link by which `actor` lets whoever has it do this one thing with `subject`. */
  signLink(claims: LinkClaims & { purpose: 'download' }, seconds: number): Promise<string>;
  /** Throws UNAUTHENTICATED. Whether the holder still may is another question: `readHolder`. */
  readLink(token: string, purpose: 'download'): Promise<LinkClaims>;
  /** Reads who holds a session or token again, without its text. Throws UNAUTHENTICATED once it has ended. */
  readHolder(holder: Holder, address: string): Promise<TokenCaller>;
  jwks(): Promise<{ keys: PublicJwk[] }>;
  /** Signs with a new key from now on; earlier signatures stay valid. */
  rotate(): Promise<void>;
}

const ACCESS_MS = 15 * 60_000;
const DAY_MS = 86_400_000;
const NOTE_USE_EVERY_MS = 60_000;

const subject = z.string().min(1);
const serviceClaims = z.object({ aud: z.literal('service'), jti: z.uuid(), sub: subject });
const accessClaims = z.object({ aud: z.literal('access'), jti: z.uuid(), sub: subject, sid: z.string() });
const linkClaims = z.object({ sub: subject, act: z.string(), sid: z.string().optional(), jti: z.uuid().optional() });

export function createTokens(deps: {
  records: Records;
  /** Protects the private signing keys. */
  secretKey: string;
  /** Public address of the server, used as `iss`. */
  issuer: string;
  now: () => Date;
  newId?: () => string;
}): Tokens {
  const { records, now, newId = () => crypto.randomUUID() } = deps;
  const keys = createSigningKeys(deps);
  const signer = createSigner({ keys, issuer: deps.issuer, now });
  const statuses = createAccountStatuses({ records, administrators: createAdministrators(records), now });

  const readService = async (jti: string, address: string): Promise<TokenCaller> => {
    const [row] = await asking('reading a token', () =>
      records
        .select()
        .from(tokens)
        .where(and(eq(tokens.id, jti), isNull(tokens.revokedAt), gt(tokens.expiresAt, now()))),
    );
    if (!row) throw refusals.token();
    const { adminId, email, name } = row;
    const status = await statuses.of(adminId, row);
    if (!status.isActive) throw refusals.token();
    const used = row.lastUsedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
    if (now().getTime() - used >= NOTE_USE_EVERY_MS) await noteUse(row.id);
    const scopes = scopesOfRole(status.role).intersection(new Set(knownScopes(row.scopes)));
    return {
      kind: 'token',
      // With the id, because two tokens may share a name, and ownership goes by the actor.
      actor: `token ${name} (${row.id}) of ${email}`,
      tokenId: row.id,
      access: null,
      adminId,
      email,
      role: status.role,
      scopes: status.unconfirmed ? withoutConfirmation(scopes) : scopes,
      ...(status.unconfirmed && { unconfirmed: scopes }),
      address,
    };
  };

  const readAccess = async (jti: string, sid: string, address: string): Promise<TokenCaller> => {
    const [row] = await asking('reading a session', () =>
      records
        .select()
        .from(sessions)
        .where(and(eq(sessions.id, sid), gt(sessions.expiresAt, now()))),
    );
    if (!row || row.adminId === null) throw refusals.token();
    const status = await statuses.of(row.adminId, row);
    if (!status.maySignIn) throw refusals.token();
    const scopes = scopesOfRole(status.role);
    return {
      kind: 'token',
      actor: `token sign-in of ${row.email}`,
      tokenId: jti,
      access: { sessionKey: sid, stepUp: stepUpOf(row.stepUpUntil) },
      adminId: row.adminId,
      email: row.email,
      role: status.role,
      scopes: status.unconfirmed ? withoutConfirmation(scopes) : scopes,
      ...(status.unconfirmed && { unconfirmed: scopes }),
      address,
    };
  };

  const noteUse = (id: string) =>
    asking('noting the use of a token', () =>
      records.update(tokens).set({ lastUsedAt: now() }).where(eq(tokens.id, id)),
    );

  return {
    async create(owner, input) {
      const { name, scopes, expiresInDays } = readTokenInput(input, owner.scopes);
      const { adminId } = owner;
      if (adminId === null) throw noTokens();
      const id = newId();
      const createdAt = now();
      const expiresAt = new Date(createdAt.getTime() + expiresInDays * DAY_MS);
      const token = await signer.sign('service', { jti: id, sub: adminId }, expiresAt);
      const rows = await asking('keeping a token', () =>
        records
          .insert(tokens)
          .values({
            id,
            name,
            scopes,
            adminId,
            email: owner.email,
            role: owner.role,
            isActive: true,
            checkedAt: createdAt,
            createdAt,
            expiresAt,
          })
          .returning(),
      );
      const [info] = rows.map(infoOf);
      if (!info) throw unexpected(new Error('the token was not kept'));
      return { token, info };
    },

    async list() {
      const rows = await asking('listing tokens', () =>
        records.select().from(tokens).orderBy(desc(tokens.createdAt), tokens.id).limit(1000),
      );
      return rows.map(infoOf);
    },

    async revoke(id, by) {
      const [known] = isUuid(id)
        ? await asking('revoking a token', async () => {
            await records
              .update(tokens)
              .set({ revokedAt: now(), revokedBy: by })
              .where(and(eq(tokens.id, id), isNull(tokens.revokedAt)));
            return records.select({ name: tokens.name }).from(tokens).where(eq(tokens.id, id));
          })
        : [];
      if (!known) throw new AppError('NOT_FOUND', 'There is no such token.', { hint: 'tokens.list shows all.' });
      return known;
    },

    async read(jwt, address) {
      const claims = await signer.verify(jwt, ['access', 'service']);
      const service = serviceClaims.safeParse(claims);
      if (service.success) return readService(service.data.jti, address);
      const access = accessClaims.safeParse(claims);
      if (access.success) return readAccess(access.data.jti, access.data.sid, address);
      throw refusals.token();
    },

    async issueAccess(caller) {
      if (caller.adminId === null) throw noTokens();
      const expiresAt = new Date(now().getTime() + ACCESS_MS);
      const claims = { jti: newId(), sub: caller.adminId, sid: caller.sessionKey };
      return { token: await signer.sign('access', claims, expiresAt), expiresAt };
    },

    signLink: ({ purpose, subject, actor, holder }, seconds) => {
      const by = 'sessionKey' in holder ? { sid: holder.sessionKey } : { jti: holder.tokenId };
      const expiresAt = new Date(now().getTime() + seconds * 1000);
      return signer.sign(`link:${purpose}`, { sub: subject, act: actor, ...by }, expiresAt);
    },

    readHolder: (holder, address) =>
      'sessionKey' in holder ? readAccess(newId(), holder.sessionKey, address) : readService(holder.tokenId, address),

    async readLink(token, purpose) {
      const claims = await signer.verify(token, [`link:${purpose}`]).catch((error: unknown) => {
        throw error instanceof AppError && error.code === 'UNAUTHENTICATED' ? refusals.link(error) : error;
      });
      const read = linkClaims.safeParse(claims);
      if (!read.success) throw refusals.link();
      const { sub, act, sid, jti } = read.data;
      const holder = sid !== undefined ? { sessionKey: sid } : jti !== undefined ? { tokenId: jti } : null;
      if (holder === null) throw refusals.link();
      return { subject: sub, actor: act, holder };
    },

    jwks: keys.jwks,
    rotate: keys.rotate,
  };
}

function infoOf(row: typeof tokens.$inferSelect): TokenInfo {
  const { id, name, email, isActive, createdAt, expiresAt, lastUsedAt, revokedAt, revokedBy } = row;
  const scopes = knownScopes(row.scopes);
  return { id, name, scopes, email, isActive, createdAt, expiresAt, lastUsedAt, revokedAt, revokedBy };
}

/** Drops scopes this version does not know, which another version may have written. */
function knownScopes(scopes: string[]): Scope[] {
  return SCOPES.filter((scope) => scopes.includes(scope));
}

function noTokens(): AppError {
  return new AppError('FORBIDDEN', 'A break-glass session makes no tokens.', {
    hint: 'Bring the administrators back first, then sign in as one.',
  });
}
