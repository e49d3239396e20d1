/**
 * Resolves as `work` does, or rejects with the signal's reason when it has aborted and the work has not ended
 * `graceMs` later. Use it for work that may hang in something that knows no signal, such as a write to a dead
 * network folder. Its database sessions are cut by then, so all it can still do is remove its own temporary file.
 */
export async function unlessAbandoned<R>(work: Promise<R>, signal: AbortSignal, graceMs: number): Promise<R> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onAbort: () => void = () => undefined;
  const abandoned = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = setTimeout(() => reject(new Abandoned(signal.reason)), graceMs);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  work.catch(() => undefined); // Awaited below, or abandoned.
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Thrown when work was told to end and did not. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';

  constructor(reason: unknown) {
    super('The work was told to end and did not.', { cause: reason });
  }
}
