import { jwtVerify, SignJWT } from 'jose';
import { AppError } from '../../core/errors.ts';
import { refusals } from '../audit/refusals.ts';
import { SIGNATURE, type SigningKeys } from './signing-keys.ts';

/** What a signed text is for; one of a purpose is never taken for another. It stands in `aud`. */
export type Purpose = 'access' | 'service' | 'link:download';

/** No text of ours is longer. */
const LONGEST = 4096;

export interface Signer {
  /** A JWT (EdDSA) with these claims, its issuer, purpose, time and end. */
  sign(purpose: Purpose, claims: Record<string, unknown> & { sub: string }, expiresAt: Date): Promise<string>;
  /**
   * The claims of a JWT that this server signed for one of these purposes and that has not expired.
   * Throws UNAUTHENTICATED, in the same words whatever is wrong.
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
        // A fault of the database is none of the token.
        throw error instanceof AppError ? error : refusals.token(error);
      }
    },
  };
}
