/** Bytes copied in the time that one more session takes to open and set up. */
const BYTES_PER_SESSION = 2 * 1024 * 1024;

/** Returns how many sessions, at most `most`, are worth opening for so many bytes. Little data is copied before a second one is ready. */
export function sessionsFor(bytes: number, most: number, bytesPerSession = BYTES_PER_SESSION): number {
  return bytesPerSession === 0 ? most : Math.min(most, 1 + Math.floor(bytes / bytesPerSession));
}
