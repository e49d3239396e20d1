import type { TokenLine } from '../../api.ts';

/** Whether a token opens anything, and if not, why. */
export type TokenState = 'valid' | 'ownerless' | 'expired' | 'revoked';

/** What never counts again is `revoked` or `expired`, in this order; `ownerless` may count again. Pure. */
export function tokenState(token: Pick<TokenLine, 'revokedAt' | 'expiresAt' | 'isActive'>, now: Date): TokenState {
  if (token.revokedAt !== null) return 'revoked';
  if (Date.parse(token.expiresAt) <= now.getTime()) return 'expired';
  return token.isActive ? 'valid' : 'ownerless';
}
