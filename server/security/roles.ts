import { BREAK_GLASS_SCOPES, SCOPES, type Scope } from './caller.ts';

/** The role of a break-glass session; the HRMS has none of that name. */
export const BREAK_GLASS = 'BREAK_GLASS';

const NONE: ReadonlySet<Scope> = new Set();
const ALL: ReadonlySet<Scope> = new Set(SCOPES);
const RESCUE: ReadonlySet<Scope> = new Set(BREAK_GLASS_SCOPES);

/** Scopes that hold while the table `admins` cannot be read: looking, and cancelling what runs. */
const UNCONFIRMED: ReadonlySet<Scope> = new Set([
  'backups:read',
  'operations:read',
  'operations:cancel',
  'audit:read',
  'system:read',
]);

/** Returns the scopes of an active administrator with this role: none for a role this program does not know. */
export function scopesOfRole(role: string): ReadonlySet<Scope> {
  return role === 'SUPER_ADMIN' ? ALL : NONE;
}

/** Returns the scopes of a break-glass session. */
export function scopesOfBreakGlass(): ReadonlySet<Scope> {
  return RESCUE;
}

/** Returns those of the scopes that hold while the role behind them cannot be confirmed. */
export function withoutConfirmation(scopes: ReadonlySet<Scope>): ReadonlySet<Scope> {
  return scopes.intersection(UNCONFIRMED);
}
