import type { TokenLine } from '../../api.ts';

/** The state of a token: `valid`, or the reason it is not accepted. */
export type TokenState = 'valid' | 'ownerless' | 'expired' | 'revoked';

/** Returns a token's state. `revoked` comes before `expired`, and both are final; an `ownerless` token may become valid again. Pure. */
export function tokenState(token: Pick<TokenLine, 'revokedAt' | 'expiresAt' | 'isActive'>, now: Date): TokenState {
  if (token.revokedAt !== null) return 'revoked';
  if (Date.parse(token.expiresAt) <= now.getTime()) return 'expired';
  return token.isActive ? 'valid' : 'ownerless';
}
