const COLLECT_AFTER = 32 * 1024 * 1024;

/**
 * For whoever passes bytes on: each piece is garbage once it has gone, and left alone the runtime lets a hundred megabytes of them lie.
 * A full collection after every 32 MiB holds a stream's memory flat. The function returned is told of each piece.
 */
export function memoryKeeper(): (bytes: number) => void {
  let since = 0;
  return (bytes) => {
    since += bytes;
    if (since < COLLECT_AFTER) return;
    since = 0;
    Bun.gc(true);
  };
}
