import type { Scope } from '../security/caller.ts';

/** Every kind of caller. Of the last two tokens there is one for each scope. */
export const CALLERS = [
  'nobody',
  'VIEWER',
  'HR_MANAGER',
  'ADMIN',
  'SUPER_ADMIN',
  'SUPER_ADMIN with his password given again',
  'access token taken at sign-in',
  'access token with the password given again',
  'inactive SUPER_ADMIN',
  'expired session',
  'break-glass session',
  'revoked token',
  'a token nobody made',
  'token without the scope',
  'token with the scope',
] as const;
export type Who = (typeof CALLERS)[number];

/** Outcome of a call: allowed, or the code of its refusal. */
export type Verdict = 'may' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'STEP_UP_REQUIRED';

/** Returns the right outcome for a caller, where the given scope is required. */
export type Rule = (who: Who, scope: Scope | null) => Verdict;

/** Written out again, so that a change of the program's own list is noticed. */
const BY_BREAK_GLASS: ReadonlySet<Scope | null> = new Set([
  'backups:read',
  'backups:verify',
  'uploads:create',
  'restores:run',
  'operations:read',
  'operations:cancel',
  'system:read',
]);

const isBadToken = (who: Who) => who === 'revoked token' || who === 'a token nobody made';
const isNobody = (who: Who) => ['nobody', 'inactive SUPER_ADMIN', 'expired session'].includes(who) || isBadToken(who);
const isAccess = (who: Who) => who.startsWith('access token ');
const isToken = (who: Who) => who.startsWith('token ') || isAccess(who);

/** Allows everybody, without reading who calls. */
export const open: Rule = () => 'may';

/** Allows everybody, but refuses an invalid token. */
export const anybody: Rule = (who) => (isBadToken(who) ? 'UNAUTHENTICATED' : 'may');

/** Allows every known caller, whatever the role. */
export const signedIn: Rule = (who) => (isNobody(who) ? 'UNAUTHENTICATED' : 'may');

/** Allows every known caller but tokens. */
export const aPerson: Rule = (who, scope) => (isToken(who) ? 'FORBIDDEN' : signedIn(who, scope));

/** Allows every known caller but tokens of services. */
export const aPersonOrAccess: Rule = (who, scope) => (isAccess(who) ? 'may' : aPerson(who, scope));

/** Allows callers with the scope: super administrators, tokens that were given it, break-glass for some. */
export const scoped: Rule = (who, scope) => {
  if (isNobody(who)) return 'UNAUTHENTICATED';
  if (who === 'break-glass session') return BY_BREAK_GLASS.has(scope) ? 'may' : 'FORBIDDEN';
  return who.startsWith('SUPER_ADMIN') || isAccess(who) || who === 'token with the scope' ? 'may' : 'FORBIDDEN';
};

/** Allows callers with the scope, and requires step-up of people. */
export const again: Rule = (who, scope) =>
  who === 'SUPER_ADMIN' || who === 'access token taken at sign-in' ? 'STEP_UP_REQUIRED' : scoped(who, scope);

/** Allows callers with the scope but tokens, and requires step-up. */
export const aPersonAgain: Rule = (who, scope) => (isToken(who) ? 'FORBIDDEN' : again(who, scope));
