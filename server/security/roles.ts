import { BREAK_GLASS_SCOPES, SCOPES, type Scope } from './caller.ts';

/** The role of a break-glass session; the HRMS has none of that name. */
export const BREAK_GLASS = 'BREAK_GLASS';

const NONE: ReadonlySet<Scope> = new Set();
const ALL: ReadonlySet<Scope> = new Set(SCOPES);
const RESCUE: ReadonlySet<Scope> = new Set(BREAK_GLASS_SCOPES);

/** What counts while the table `admins` cannot be asked: looking, and stopping what runs. */
const UNCONFIRMED: ReadonlySet<Scope> = new Set([
  'backups:read',
  'operations:read',
  'operations:cancel',
  'audit:read',
  'system:read',
]);

/** What an active administrator of this role may do. A role this program does not know may do nothing. */
export function scopesOfRole(role: string): ReadonlySet<Scope> {
  return role === 'SUPER_ADMIN' ? ALL : NONE;
}

/** What a break-glass session may do. */
export function scopesOfBreakGlass(): ReadonlySet<Scope> {
  return RESCUE;
}

/** What is left of these scopes while the role behind them cannot be confirmed. */
export function withoutConfirmation(scopes: ReadonlySet<Scope>): ReadonlySet<Scope> {
  return scopes.intersection(UNCONFIRMED);
}
