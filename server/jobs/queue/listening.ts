import type { Session } from '../../../db/connect/session.ts';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import { quoteIdent } from '../../../db/model/quote.ts';

export interface ListenOptions {
  channel: string;
  applicationName: string;
  signal: AbortSignal;
  /** Called each time it has begun to listen; what was told before was not heard. */
  onReady: () => void;
  onPayload: (payload: string) => void;
}

const RECONNECT_MS = 1_000;

/** Keeps one connection listening until the signal aborts, and makes it anew when it is lost. Never rejects. */
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
      // The next connection may be had later; until then those who watch look by themselves.
    }
    // Politely: a session that its signal cut leaves the server to notice.
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
