/**
 * Runs `work` at once and then again, `everyMs` after each end. The work must not reject. Disposing waits for the run
 * in progress and starts no other.
 */
export function repeat(everyMs: number, work: () => Promise<void>): AsyncDisposable {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const run = async () => {
    await work();
    if (!stopped) timer = setTimeout(next, everyMs);
  };
  let last = run();
  function next(): void {
    last = run();
  }
  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearTimeout(timer);
      await last;
    },
  };
}
