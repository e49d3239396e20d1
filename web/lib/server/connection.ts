import { createSignal } from 'solid-js';

const RETRY_MS = 3000;

const [connected, setConnected] = createSignal(true);

/** True when the last request was answered. While false, the server is polled every few seconds. */
export { connected };

const comebacks = new Set<() => void>();

/** Records whether a request was answered. */
export function connectionSeen(answered: boolean): void {
  if (answered === connected()) return;
  setConnected(answered);
  if (answered) for (const comeback of comebacks) comeback();
  else setTimeout(() => void lookAgain(), RETRY_MS);
}

/** Calls back each time the server answers again; returns the function that unsubscribes. */
export function onComeback(callback: () => void): () => void {
  comebacks.add(callback);
  return () => comebacks.delete(callback);
}

/** Checks whether the server answers. Call it when a stream breaks, which need not mean more than that. */
export function doubtConnection(): void {
  if (connected()) void fetch('/healthz', { cache: 'no-store' }).catch(() => connectionSeen(false));
}

async function lookAgain(): Promise<void> {
  const answer = await fetch('/healthz', { cache: 'no-store' }).catch(() => null);
  if (answer?.ok) connectionSeen(true);
  else if (!connected()) setTimeout(() => void lookAgain(), RETRY_MS);
}
