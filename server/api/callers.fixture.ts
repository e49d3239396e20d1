import type { Scope } from '../security/caller.ts';

/** Everybody who may stand at the door. Of the last two tokens there is one for each scope. */
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

/** May; or is told that he is nobody, that he may not, or to give his password again. */
export type Verdict = 'may' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'STEP_UP_REQUIRED';

/** What is right for a caller, where the scope given is asked for. */
export type Rule = (who: Who, scope: Scope | null) => Verdict;

/** Written out once more, so that a change of the program's own list does not go unseen. */
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

/** What asks nobody who he is. */
export const open: Rule = () => 'may';

/** Anybody, but a token that does not count is told so. */
export const anybody: Rule = (who) => (isBadToken(who) ? 'UNAUTHENTICATED' : 'may');

/** Whoever is somebody, of any role. */
export const signedIn: Rule = (who) => (isNobody(who) ? 'UNAUTHENTICATED' : 'may');

/** The same, but no token. */
export const aPerson: Rule = (who, scope) => (isToken(who) ? 'FORBIDDEN' : signedIn(who, scope));

/** The same, but no token of a service. */
export const aPersonOrAccess: Rule = (who, scope) => (isAccess(who) ? 'may' : aPerson(who, scope));

/** Who holds the scope: every super administrator, a token that was given it, break-glass for some. */
export const scoped: Rule = (who, scope) => {
  if (isNobody(who)) return 'UNAUTHENTICATED';
  if (who === 'break-glass session') return BY_BREAK_GLASS.has(scope) ? 'may' : 'FORBIDDEN';
  return who.startsWith('SUPER_ADMIN') || isAccess(who) || who === 'token with the scope' ? 'may' : 'FORBIDDEN';
};

/** The same, but a person gives the password again. */
export const again: Rule = (who, scope) =>
  who === 'SUPER_ADMIN' || who === 'access token taken at sign-in' ? 'STEP_UP_REQUIRED' : scoped(who, scope);

/** The same, but no token. */
export const aPersonAgain: Rule = (who, scope) => (isToken(who) ? 'FORBIDDEN' : again(who, scope));
