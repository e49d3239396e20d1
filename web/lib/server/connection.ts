import { createSignal } from 'solid-js';

const RETRY_MS = 3000;

const [connected, setConnected] = createSignal(true);

/** Whether the last request got an answer. While not, the server is asked every few seconds whether it is back. */
export { connected };

const comebacks = new Set<() => void>();

/** Notes how a request went. */
export function connectionSeen(answered: boolean): void {
  if (answered === connected()) return;
  setConnected(answered);
  if (answered) for (const comeback of comebacks) comeback();
  else setTimeout(() => void lookAgain(), RETRY_MS);
}

/** Calls back each time the server answers again. */
export function onComeback(callback: () => void): () => void {
  comebacks.add(callback);
  return () => comebacks.delete(callback);
}

/** Asks whether the server is there: a stream of its news has broken off, which may mean no more than that. */
export function doubtConnection(): void {
  if (connected()) void fetch('/healthz', { cache: 'no-store' }).catch(() => connectionSeen(false));
}

async function lookAgain(): Promise<void> {
  const answer = await fetch('/healthz', { cache: 'no-store' }).catch(() => null);
  if (answer?.ok) connectionSeen(true);
  else if (!connected()) setTimeout(() => void lookAgain(), RETRY_MS);
}
