/**
 * What `work` comes to; or, when the signal has aborted and the work has still not ended `patienceMs` later, the signal's reason.
 * For work that hangs in something that knows no signal, such as a write to a dead network folder: its database sessions are cut
 * by then, so what it may still do is take back its own temporary file.
 */
export async function unlessAbandoned<R>(work: Promise<R>, signal: AbortSignal, patienceMs: number): Promise<R> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onAbort: () => void = () => undefined;
  const abandoned = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = setTimeout(() => reject(new Abandoned(signal.reason)), patienceMs);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  work.catch(() => undefined); // Met below, or abandoned.
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Work that was told to end and did not. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';

  constructor(reason: unknown) {
    super('The work was told to end and did not.', { cause: reason });
  }
}
