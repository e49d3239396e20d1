import { AppError } from '../core/errors.ts';

/** Scopes that a service's token can have one by one. A SUPER_ADMIN's session has them all. */
export const SCOPES = [
  'backups:read',
  'backups:create',
  'backups:verify',
  'backups:annotate',
  'backups:download',
  'backups:delete',
  'uploads:create',
  'restores:run',
  'operations:read',
  'operations:cancel',
  'tokens:manage',
  'audit:read',
  'system:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Scopes of a break-glass session: bringing the data back, and watching it. */
export const BREAK_GLASS_SCOPES = [
  'backups:read',
  'backups:verify',
  'uploads:create',
  'restores:run',
  'operations:read',
  'operations:cancel',
  'system:read',
] as const satisfies readonly Scope[];

/** The span in which a password given again counts. */
export interface StepUp {
  from: Date;
  until: Date;
}

/** The sender of a request, as far as it is known. Plain data without session id or token. */
export type Caller =
  | { kind: 'nobody'; actor: 'nobody'; address: string }
  | {
      kind: 'session';
      /** Name for records: the administrator's e-mail address, or `break-glass`. */
      actor: string;
      /** SHA-256 of the session's id, as the row has it. */
      sessionKey: string;
      /** Null for a break-glass session. */
      adminId: string | null;
      email: string;
      fullName: string;
      role: string;
      scopes: ReadonlySet<Scope>;
      /** Set while `admins` cannot be read: the scopes by the role last read, while `scopes` holds fewer. */
      unconfirmed?: ReadonlySet<Scope>;
      stepUp: StepUp | null;
      address: string;
    }
  | {
      kind: 'token';
      /** `token <name> (<id>) of <e-mail>`, or `token sign-in of <e-mail>` for a token issued at sign-in. */
      actor: string;
      /** The token's `jti`. A short-lived token issued at sign-in has a session behind it and no row of its own. */
      tokenId: string;
      /**
       * The session behind a token issued at sign-in, which needs step-up as the session does. Null for a service's
       * token: its scopes are enough.
       */
      access: { sessionKey: string; stepUp: StepUp | null } | null;
      adminId: string;
      email: string;
      role: string;
      scopes: ReadonlySet<Scope>;
      unconfirmed?: ReadonlySet<Scope>;
      address: string;
    };

/** Basis of a caller's right: a session, by its key, or a service's token, by its id. */
export type Holder = { sessionKey: string } | { tokenId: string };

/** Returns what the right of a known caller stands on. Throws UNAUTHENTICATED for an unknown one. */
export function holderOf(caller: Caller): Holder {
  if (caller.kind === 'nobody') throw unknownCaller();
  if (caller.kind === 'session') return { sessionKey: caller.sessionKey };
  return caller.access ? { sessionKey: caller.access.sessionKey } : { tokenId: caller.tokenId };
}

/** Requirements of a procedure or route on its caller. */
export interface Requirement {
  /** `public`: anybody, also an anonymous caller. `signed in`: any known caller, whatever the role. */
  scope: Scope | 'public' | 'signed in';
  /**
   * Requires step-up of a person, by session or by a token issued at sign-in. A service's token needs only the scope.
   */
  stepUp?: boolean;
  /** `person`: no service's token. `session`: no token at all. Absent: every caller with the scope. */
  by?: 'person' | 'session';
}

/** Milliseconds by which the clocks of one installation's servers may differ. */
const CLOCK_SKEW_MS = 30_000;

/**
 * Throws unless the caller meets the requirement: UNAUTHENTICATED, FORBIDDEN, STEP_UP_REQUIRED, or
 * TABLE_BUSY while the role cannot be confirmed. Pure.
 */
export function authorize(caller: Caller, requirement: Requirement, now: Date): void {
  if (requirement.scope === 'public') return;
  if (caller.kind === 'nobody') {
    throw unknownCaller();
  }
  if (requirement.scope !== 'signed in' && !caller.scopes.has(requirement.scope)) {
    if (caller.unconfirmed?.has(requirement.scope)) throw notConfirmed(caller.role);
    throw new AppError(
      'FORBIDDEN',
      caller.kind === 'token'
        ? `The token may not do this: it lacks the scope ${requirement.scope}.`
        : `The role ${caller.role} may not do this.`,
      {
        hint:
          caller.kind === 'token'
            ? 'Make a token with that scope under Access.'
            : 'Backups and restores are for a SUPER_ADMIN. Ask one, or have your role changed in the HRMS.',
        details: { needed: requirement.scope },
      },
    );
  }
  if (requirement.by === 'session' && caller.kind === 'token') throw sessionOnly();
  if (requirement.by === 'person' && caller.kind === 'token' && caller.access === null) throw sessionOnly();
  if (!requirement.stepUp) return;
  const given = caller.kind === 'session' ? caller : caller.access;
  if (given !== null && !counts(given.stepUp, now)) {
    throw new AppError('STEP_UP_REQUIRED', 'This needs your password once more.', {
      hint: 'Give it with auth.stepUp; it counts for five minutes.',
    });
  }
}

/** Returns whether the step-up counts now. Both ends are checked, so that a clock set back makes it no longer. Pure. */
function counts(stepUp: StepUp | null, now: Date): boolean {
  if (stepUp === null) return false;
  return stepUp.from.getTime() - CLOCK_SKEW_MS <= now.getTime() && now < stepUp.until;
}

function unknownCaller(): AppError {
  return new AppError('UNAUTHENTICATED', 'This needs a signed-in administrator or a token.', {
    hint: 'Sign in, or send a token as `Authorization: Bearer …`.',
  });
}

export function sessionOnly(): AppError {
  return new AppError('FORBIDDEN', 'This is for a signed-in person; a token may not do it.', {
    hint: 'Sign in with e-mail and password.',
  });
}

function notConfirmed(role: string): AppError {
  return new AppError('TABLE_BUSY', `The table of administrators cannot be asked whether you are still ${role}.`, {
    hint: 'A restore holds it, or it is lost. Looking and cancelling work meanwhile; try this again when it is done.',
  });
}
