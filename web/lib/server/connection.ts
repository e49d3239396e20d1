import { createSignal } from 'solid-js';

const RETRY_MS = 3000;

const [connected, setConnected] = createSignal(true);

/** True when the last request was answered. While false, the server is polled every few seconds. */
export { connected };

const listeners = new Set<() => void>();

/** Records whether a request was answered. */
export function recordConnection(answered: boolean): void {
  if (answered === connected()) return;
  setConnected(answered);
  if (answered) for (const listener of listeners) listener();
  else setTimeout(() => void poll(), RETRY_MS);
}

/** Calls back each time the server answers again; returns the function that unsubscribes. */
export function onReconnect(callback: () => void): () => void {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/** Checks whether the server answers. Call it when a stream breaks, which need not mean more than that. */
export function checkConnection(): void {
  if (connected()) void fetch('/healthz', { cache: 'no-store' }).catch(() => recordConnection(false));
}

async function poll(): Promise<void> {
  const answer = await fetch('/healthz', { cache: 'no-store' }).catch(() => null);
  if (answer?.ok) recordConnection(true);
  else if (!connected()) setTimeout(() => void poll(), RETRY_MS);
}
