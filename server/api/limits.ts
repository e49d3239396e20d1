import type { Caller } from '../security/caller.ts';

/** Largest body of a procedure call, bytes. Files go through the raw routes. */
export const MAX_CALL_BYTES = 256 * 1024;

/** Most calls in one request. */
export const MAX_BATCH = 20;

/** A subscription is cut after so long and comes again by itself, milliseconds: so that an access taken away is noticed. */
export const MAX_STREAM_MS = 300_000;

/**
 * Classes of procedures that share a rate. `api`: everything that only looks. `write`: small changes. `create`: what starts
 * work or makes an access. `signIn`: whatever takes a password or a code.
 */
export type LimitClass = 'api' | 'write' | 'create' | 'signIn';

/** Whose rate it is: the access's, or the address's for who has none. Holds no secret. */
export function limitKey(caller: Caller): string {
  switch (caller.kind) {
    case 'nobody':
      return `address ${caller.address}`;
    case 'session':
      return `session ${caller.sessionKey}`;
    case 'token':
      return `token ${caller.tokenId}`;
    default:
      return caller satisfies never;
  }
}
