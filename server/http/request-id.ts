const FIT = /^[A-Za-z0-9._-]{8,64}$/;

/** The id a request is known by in logs and audit: the one a trusted proxy gave, when it is fit for a log, otherwise a new one. */
export function requestIdOf(given: string | null, fromProxy: boolean, newId: () => string): string {
  return fromProxy && given !== null && FIT.test(given) ? given : newId();
}
