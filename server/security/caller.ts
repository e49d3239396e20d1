import { AppError } from '../core/errors.ts';

/** What can be allowed one by one to a service's token. A SUPER_ADMIN's session has them all. */
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

/** What a break-glass session may do: bring the data back, and see what it does. */
export const BREAK_GLASS_SCOPES = [
  'backups:read',
  'backups:verify',
  'uploads:create',
  'restores:run',
  'operations:read',
  'operations:cancel',
  'system:read',
] as const satisfies readonly Scope[];

/** A password given once more, and how long it counts. */
export interface StepUp {
  from: Date;
  until: Date;
}

/** Who asks, as far as it could be found out. Plain data: carries no session id, no token. */
export type Caller =
  | { kind: 'nobody'; actor: 'nobody'; address: string }
  | {
      kind: 'session';
      /** For records: the administrator's e-mail address, or `break-glass`. */
      actor: string;
      /** SHA-256 of the session's id, as the row has it. */
      sessionKey: string;
      /** Null for a break-glass session. */
      adminId: string | null;
      email: string;
      fullName: string;
      role: string;
      scopes: ReadonlySet<Scope>;
      /** What the role allowed when it was last read, while `admins` cannot be asked; `scopes` is less then. */
      unconfirmed?: ReadonlySet<Scope>;
      stepUp: StepUp | null;
      address: string;
    }
  | {
      kind: 'token';
      /** `token <name> (<id>) of <e-mail>`; of one taken at sign-in `token sign-in of <e-mail>`. */
      actor: string;
      /** The token's `jti`; a short-lived one after sign-in has a session behind it and no row of its own. */
      tokenId: string;
      /** The session behind a token taken at sign-in, which asks what the session asks. Null for a service's token: its scopes are enough. */
      access: { sessionKey: string; stepUp: StepUp | null } | null;
      adminId: string;
      email: string;
      role: string;
      scopes: ReadonlySet<Scope>;
      unconfirmed?: ReadonlySet<Scope>;
      address: string;
    };

/** What a procedure or route asks of its caller. */
export interface Requirement {
  /** `public`: anybody. `signed in`: whoever is somebody, of any role. */
  scope: Scope | 'public' | 'signed in';
  /** A person must have given the password within the last minutes, by session or by a token taken at sign-in; a service's token must hold the scope, which is enough. */
  stepUp?: boolean;
  /** `person`: no service's token. `session`: no token at all. Absent: whoever has the scope. */
  by?: 'person' | 'session';
}

/** Servers of one installation may disagree about the time by so much, milliseconds. */
const CLOCK_SKEW_MS = 30_000;

/** Throws UNAUTHENTICATED, FORBIDDEN, OPERATION_IN_PROGRESS (the role cannot be confirmed now) or STEP_UP_REQUIRED unless the caller meets the requirement. Pure. */
export function authorize(caller: Caller, requirement: Requirement, now: Date): void {
  if (requirement.scope === 'public') return;
  if (caller.kind === 'nobody') {
    throw new AppError('UNAUTHENTICATED', 'This needs a signed-in administrator or a token.', {
      hint: 'Sign in, or send a token as `Authorization: Bearer …`.',
    });
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

/** Whether it counts now. Both ends are asked, so that a clock that was set back makes it no longer. Pure. */
function counts(stepUp: StepUp | null, now: Date): boolean {
  if (stepUp === null) return false;
  return stepUp.from.getTime() - CLOCK_SKEW_MS <= now.getTime() && now < stepUp.until;
}

export function sessionOnly(): AppError {
  return new AppError('FORBIDDEN', 'This is for a signed-in person; a token may not do it.', {
    hint: 'Sign in with e-mail and password.',
  });
}

function notConfirmed(role: string): AppError {
  return new AppError(
    'OPERATION_IN_PROGRESS',
    `The table of administrators cannot be asked whether you are still ${role}.`,
    {
      hint: 'A restore holds it, or it is lost. Looking and cancelling work meanwhile; try this again when it is done.',
    },
  );
}
