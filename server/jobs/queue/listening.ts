import type { Session } from '../../../db/connect/session.ts';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import { quoteIdent } from '../../../db/model/quote.ts';

export interface ListenOptions {
  channel: string;
  applicationName: string;
  signal: AbortSignal;
  /** Called each time listening has begun; notifications before that were missed. */
  onReady: () => void;
  onPayload: (payload: string) => void;
}

const RECONNECT_MS = 1_000;

/** Keeps one connection listening until the signal aborts, and replaces it when it is lost. Never rejects. */
export async function listen(databaseUrl: string, options: ListenOptions): Promise<void> {
  const { signal } = options;
  while (!signal.aborted) {
    let session: Session | null = null;
    try {
      session = await openWorkingSession(databaseUrl, {
        applicationName: options.applicationName,
        signal,
        connectTimeoutMs: 5_000,
      });
      session.client.on('notification', ({ payload }) => options.onPayload(payload ?? ''));
      await session.query(`LISTEN ${quoteIdent(options.channel)}`);
      options.onReady();
      await aborted(AbortSignal.any([session.signal, signal]));
    } catch {
      // The connection is tried again; until then watchers poll by themselves.
    }
    // A session cut by its signal leaves its backend for the server to notice; this closes it properly.
    await session?.close();
    await aborted(AbortSignal.any([AbortSignal.timeout(RECONNECT_MS), signal]));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
