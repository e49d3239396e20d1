import type { Caller } from './caller.ts';
import { BREAK_GLASS, scopesOfBreakGlass, scopesOfRole, withoutConfirmation } from './roles.ts';
import type { StoredSession } from './session-store.ts';
import type { Standing } from './standing.ts';

export type SessionCaller = Caller & { kind: 'session' };

/** The caller behind an administrator's session, as far as his role goes today. */
export function administratorCaller(
  stored: StoredSession,
  adminId: string,
  standing: Standing,
  address: string,
): SessionCaller {
  const scopes = scopesOfRole(standing.role);
  return {
    kind: 'session',
    actor: stored.email,
    sessionKey: stored.key,
    adminId,
    email: stored.email,
    fullName: stored.fullName,
    role: standing.role,
    scopes: standing.unconfirmed ? withoutConfirmation(scopes) : scopes,
    ...(standing.unconfirmed && { unconfirmed: scopes }),
    stepUpUntil: stored.stepUpUntil,
    address,
  };
}

/** The caller behind a break-glass session. */
export function breakGlassCaller(stored: StoredSession, address: string): SessionCaller {
  return {
    kind: 'session',
    actor: 'break-glass',
    sessionKey: stored.key,
    adminId: null,
    email: stored.email,
    fullName: stored.fullName,
    role: BREAK_GLASS,
    scopes: scopesOfBreakGlass(),
    stepUpUntil: stored.stepUpUntil,
    address,
  };
}
