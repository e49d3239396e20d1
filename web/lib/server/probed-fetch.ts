import { connected } from './connection.ts';

/** Milliseconds without an answer until the server is probed. */
const PROBE_INTERVAL_MS = 8000;
/** Milliseconds the probe may take. */
const PROBE_TIMEOUT_MS = 2000;

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/**
 * Fetches from the server. While the server is known to be unreachable, it is probed first, and the request fails at once when it still does not answer. A
 * request is aborted when a probe during a long wait fails.
 */
export async function probedFetch(
  url: string,
  init: RequestInit,
  {
    send = (...parameters) => fetch(...parameters),
    isKnownUnreachable = () => !connected(),
    probeIntervalMs = PROBE_INTERVAL_MS,
  }: ProbeOptions = {},
): Promise<Response> {
  if (isKnownUnreachable() && !(await isReachable(send))) throw new TypeError('The server does not answer.');
  const unreachable = new AbortController();
  const timer = setInterval(async () => {
    if (!(await isReachable(send))) unreachable.abort(new TypeError('The server does not answer any more.'));
  }, probeIntervalMs);
  try {
    return await send(url, {
      ...init,
      signal: AbortSignal.any([unreachable.signal, ...(init.signal ? [init.signal] : [])]),
    });
  } finally {
    clearInterval(timer);
  }
}

interface ProbeOptions {
  send?: Fetch;
  isKnownUnreachable?: () => boolean;
  probeIntervalMs?: number;
}

async function isReachable(send: Fetch): Promise<boolean> {
  const answer = await send('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).catch(
    () => null,
  );
  return answer?.ok === true;
}
