/**
 * Returns a function that is told of bytes whose memory was just let go of; after `every` of them it runs a full collection. Bun frees
 * memory outside the JavaScript heap in full collections only and does not count it as pressure, so that a long stream's memory would grow.
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

/** Bytes a stream passes on between two collections: its memory stays flat, at some milliseconds each. */
export const STREAM_COLLECT_BYTES = 32 * 1024 * 1024;
