const FIT = /^[A-Za-z0-9._-]{8,64}$/;

/**
 * Returns a request's id for logs and audit: the one given by a trusted proxy when it is fit for a log, otherwise a new
 * one.
 */
export function requestIdOf(given: string | null, fromProxy: boolean, newId: () => string): string {
  return fromProxy && given !== null && FIT.test(given) ? given : newId();
}
