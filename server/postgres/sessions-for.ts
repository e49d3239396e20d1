/** What is copied while one more session is opened and told what it must know. */
const BYTES_PER_SESSION = 2 * 1024 * 1024;

/** Returns how many sessions are worth having for so much to copy, `most` at most: little is copied before a second one is ready. */
export function sessionsFor(bytes: number, most: number, bytesPerSession = BYTES_PER_SESSION): number {
  return bytesPerSession === 0 ? most : Math.min(most, 1 + Math.floor(bytes / bytesPerSession));
}
