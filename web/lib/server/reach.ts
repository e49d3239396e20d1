import { connected } from './connection.ts';

/** Milliseconds without an answer until the server is probed. */
const PATIENCE_MS = 8000;
/** Milliseconds the probe may take. */
const SIGN_MS = 2000;

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/**
 * Fetches from the server. While the server is known to be away, it is probed first, and the request fails at once when it is still away. A
 * request is aborted when a probe during a long wait fails.
 */
export async function reach(
  url: string,
  init: RequestInit,
  { ask = (...words) => fetch(...words), isKnownAway = () => !connected(), patienceMs = PATIENCE_MS }: Ways = {},
): Promise<Response> {
  if (isKnownAway() && !(await isThere(ask))) throw new TypeError('The server does not answer.');
  const gone = new AbortController();
  const watch = setInterval(async () => {
    if (!(await isThere(ask))) gone.abort(new TypeError('The server does not answer any more.'));
  }, patienceMs);
  try {
    return await ask(url, { ...init, signal: AbortSignal.any([gone.signal, ...(init.signal ? [init.signal] : [])]) });
  } finally {
    clearInterval(watch);
  }
}

interface Ways {
  ask?: Fetch;
  isKnownAway?: () => boolean;
  patienceMs?: number;
}

async function isThere(ask: Fetch): Promise<boolean> {
  const answer = await ask('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(SIGN_MS) }).catch(() => null);
  return answer?.ok === true;
}
