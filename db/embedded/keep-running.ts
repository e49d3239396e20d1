import type { Embedded } from './embedded.ts';

/** Milliseconds between two looks at the server. */
const LOOK_MS = 1000;
/** Failed starts in a row after which nobody tries again. */
const MOST_FAILURES = 5;

export interface KeepRunningOptions {
  signal: AbortSignal;
  pause: (ms: number) => Promise<void>;
  /** Called when the server had ended and runs again. */
  onRevived: () => void;
}

/**
 * Starts an embedded server again whenever it has ended by itself, until the signal aborts. Waits longer after each failed start, and
 * rejects with the last failure after five in a row.
 */
export async function keepRunning(server: Pick<Embedded, 'revive'>, options: KeepRunningOptions): Promise<void> {
  let failures = 0;
  while (!options.signal.aborted) {
    await options.pause(LOOK_MS * 2 ** failures);
    if (options.signal.aborted) return;
    try {
      if (await server.revive()) options.onRevived();
      failures = 0;
    } catch (error) {
      failures++;
      if (failures >= MOST_FAILURES) throw error;
    }
  }
}
