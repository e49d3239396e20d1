import type { Caller, StepUp } from '../caller.ts';
import { BREAK_GLASS, scopesOfBreakGlass, scopesOfRole, withoutConfirmation } from '../roles.ts';
import type { AccountStatus } from './account-status.ts';
import type { StoredSession } from './session-store.ts';

/** Milliseconds for which a password given again counts. */
export const STEP_UP_MS = 5 * 60_000;

export type SessionCaller = Caller & { kind: 'session' };

/** Returns the caller behind an administrator's session, with the rights of his role today. */
export function administratorCaller(
  stored: StoredSession,
  adminId: string,
  status: AccountStatus,
  address: string,
): SessionCaller {
  const scopes = scopesOfRole(status.role);
  return {
    kind: 'session',
    actor: stored.email,
    sessionKey: stored.key,
    adminId,
    email: stored.email,
    fullName: stored.fullName,
    role: status.role,
    scopes: status.unconfirmed ? withoutConfirmation(scopes) : scopes,
    ...(status.unconfirmed && { unconfirmed: scopes }),
    stepUp: stepUpOf(stored.stepUpUntil),
    address,
  };
}

/** Returns the step-up that a session's row records. */
export function stepUpOf(until: Date | null): StepUp | null {
  return until && { from: new Date(until.getTime() - STEP_UP_MS), until };
}

/** Returns the caller behind a break-glass session. */
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
    // The code was proof enough: there is no password to ask for.
    stepUp: { from: stored.createdAt, until: stored.expiresAt },
    address,
  };
}
