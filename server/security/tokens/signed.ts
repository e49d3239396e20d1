import { jwtVerify, SignJWT } from 'jose';
import { AppError } from '../../core/errors.ts';
import { refusals } from '../audit/refusals.ts';
import { SIGNATURE, type SigningKeys } from './signing-keys.ts';

/** Purpose of a signed text, in `aud`; one is never accepted for another. */
export type Purpose = 'access' | 'service' | 'link:download';

/** Longest text verified; ours are all shorter. */
const LONGEST = 4096;

export interface Signer {
  /** Returns a JWT (EdDSA) with these claims, its issuer, purpose, time and expiry. */
  sign(purpose: Purpose, claims: Record<string, unknown> & { sub: string }, expiresAt: Date): Promise<string>;
  /**
   * Returns the claims of a JWT that this server signed for one of these purposes and that has not expired. Throws
   * UNAUTHENTICATED, in the same words whatever is wrong.
   */
  verify(jwt: string, purposes: Purpose[]): Promise<Record<string, unknown>>;
}

export function createSigner(deps: { keys: SigningKeys; issuer: string; now: () => Date }): Signer {
  const { keys, issuer, now } = deps;
  return {
    async sign(purpose, claims, expiresAt) {
      const { kid, privateKey } = await keys.current();
      return new SignJWT(claims)
        .setProtectedHeader({ alg: SIGNATURE, typ: 'JWT', kid })
        .setIssuer(issuer)
        .setAudience(purpose)
        .setIssuedAt(now())
        .setExpirationTime(expiresAt)
        .sign(privateKey);
    },
    async verify(jwt, purposes) {
      if (jwt.length > LONGEST) throw refusals.token();
      try {
        const { payload } = await jwtVerify(
          jwt,
          async ({ kid }) => {
            const key = kid === undefined ? null : await keys.publicKey(kid);
            if (key === null) throw refusals.token();
            return key;
          },
          {
            algorithms: [SIGNATURE],
            issuer,
            audience: purposes,
            requiredClaims: ['exp', 'iat', 'sub'],
            currentDate: now(),
            typ: 'JWT',
          },
        );
        return payload;
      } catch (error) {
        // A failure of the database is none of the token.
        throw error instanceof AppError ? error : refusals.token(error);
      }
    },
  };
}
