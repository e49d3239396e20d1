/**
 * Returns a function that counts bytes of memory just freed and runs a full collection after every `every` of them. Bun
 * frees memory outside the JavaScript heap only in full collections and does not count it as pressure: a long stream's
 * memory would grow.
 */
export function collectEvery(every: number): (bytes: number) => void {
  let since = 0;
  return (bytes) => {
    since += bytes;
    if (since < every) return;
    since = 0;
    Bun.gc(true);
  };
}

/** Bytes a stream passes on between two collections. Its memory stays flat, at some milliseconds per collection. */
export const STREAM_COLLECT_BYTES = 32 * 1024 * 1024;
