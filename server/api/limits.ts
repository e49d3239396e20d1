import type { JsonLimits } from '../core/json-limits.ts';
import type { Caller } from '../security/caller.ts';

/** Largest body of a request for procedures, in bytes; the app refuses larger ones. Files go through the raw routes. */
export const MAX_CALL_BYTES = 256 * 1024;

/** Limits of JSON within that size: a call naming 500 tables, twenty times over. */
export const CALL_LIMITS: JsonLimits = { depth: 32, elements: 20_000, stringBytes: 64 * 1024 };

/** Most calls in one request. */
export const MAX_BATCH = 20;

/**
 * Milliseconds after which a subscription is cut; its client reconnects by itself, so that a withdrawn right takes
 * effect.
 */
export const MAX_STREAM_MS = 300_000;

/**
 * Classes of procedures that share a rate. Passwords and codes have further rates of their own.
 * - `api`: reads
 * - `change`: changes something
 * - `create`: starts work or makes a token
 * - `public`: every call of an anonymous caller
 */
export type LimitClass = 'api' | 'change' | 'create' | 'public';

/** Returns the class a call is counted in. */
export function limitOf(
  caller: Caller,
  type: 'query' | 'mutation' | 'subscription',
  own: LimitClass | undefined,
): LimitClass {
  if (caller.kind === 'nobody') return 'public';
  return own ?? (type === 'mutation' ? 'change' : 'api');
}
