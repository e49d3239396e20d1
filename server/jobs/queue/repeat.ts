/**
 * Runs `work` at once and then again, `everyMs` after each end. The work must not reject. Disposing waits for the run
 * in progress and starts no other.
 */
export function repeat(everyMs: number, work: () => Promise<void>): AsyncDisposable {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const turn = async () => {
    await work();
    if (!stopped) timer = setTimeout(next, everyMs);
  };
  let last = turn();
  function next(): void {
    last = turn();
  }
  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearTimeout(timer);
      await last;
    },
  };
}
