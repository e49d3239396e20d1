import type { JsonLimits } from '../core/json-limits.ts';
import type { Caller } from '../security/caller.ts';

/** Largest body of a request for procedures, bytes; the app refuses larger ones. Files go through the raw routes. */
export const MAX_CALL_BYTES = 256 * 1024;

/** How much JSON of that size may hold: a call of 500 tables, twenty times over. */
export const CALL_LIMITS: JsonLimits = { depth: 32, elements: 20_000, stringBytes: 64 * 1024 };

/** Most calls in one request. */
export const MAX_BATCH = 20;

/** A subscription is cut after so long and comes again by itself, milliseconds: so that an access taken away is noticed. */
export const MAX_STREAM_MS = 300_000;

/**
 * Classes of procedures that share a rate. `api`: what only looks. `change`: what changes something. `create`: what starts work
 * or makes an access. `public`: whatever somebody asks who is not known. Passwords and codes have rates of their own behind these.
 */
export type LimitClass = 'api' | 'change' | 'create' | 'public';

/** The class a call is counted in. */
export function limitOf(
  caller: Caller,
  type: 'query' | 'mutation' | 'subscription',
  own: LimitClass | undefined,
): LimitClass {
  if (caller.kind === 'nobody') return 'public';
  return own ?? (type === 'mutation' ? 'change' : 'api');
}
