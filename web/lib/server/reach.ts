import { connected } from './connection.ts';

/** So long a server may think before it is doubted. */
const PATIENCE_MS = 8000;
/** So long one may take to say that it is there. */
const SIGN_MS = 2000;

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/**
 * Fetches from the server. Known to be away, it is asked first whether it is back, and when it is not the request fails at once; one that
 * thinks for long and gives no sign of life either is given up.
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
