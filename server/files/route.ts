import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { Hono } from 'hono';
import type { ApiContext, AppEnv } from '../api/context.ts';
import { appErrorOf } from '../api/errors.ts';
import { CALL_LIMITS, MAX_BATCH } from '../api/limits.ts';
import type { ApiParts } from '../api/parts.ts';
import { createRouter } from '../api/router.ts';
import { AppError } from '../core/errors.ts';
import { limitJson } from '../core/json-limits.ts';

/** Where the app mounts it. */
export const TRPC_PATH = '/trpc';

/**
 * The procedures as a Hono app, to be mounted at `TRPC_PATH` behind what finds out who calls and lets no body of more than `MAX_CALL_BYTES` through. A subscription is silent for up to
 * three seconds at a time and lasts as long as its operation: the server must not time such a request out.
 */
export function trpcRoute(parts: ApiParts): Hono<AppEnv> {
  const router = createRouter(parts);
  const app = new Hono<AppEnv>();
  app.all('/*', async function procedures(c) {
    const { caller, requestId, log, patience } = c.var;
    const req = await limited(c.req.raw);
    // Not before all of it is there: what a procedure takes its time for, or a stream is silent in, is something else than a body that does not come.
    if (caller.kind !== 'nobody') patience.waitForEver();
    return fetchRequestHandler({
      endpoint: TRPC_PATH,
      req,
      router,
      maxBatchSize: MAX_BATCH,
      createContext: ({ resHeaders }): ApiContext => ({
        caller,
        requestId,
        log,
        userAgent: (c.req.header('user-agent') ?? '').slice(0, 500),
        resHeaders,
      }),
      responseMeta: () => ({ headers: new Headers({ 'Cache-Control': 'no-store' }) }),
      onError({ error, path }) {
        const known = appErrorOf(error, requestId);
        const facts = { code: known.code, procedure: path?.slice(0, 200), actor: caller.actor, requestId };
        if (known.code === 'UNEXPECTED') log.error({ ...facts, error: known.cause ?? known }, 'a procedure failed');
        else log.info(facts, known.message);
      },
    });
  });
  return app;
}

/** The same request, its body measured before anything is made of it. Throws TOO_LARGE. */
async function limited(request: Request): Promise<Request> {
  if (request.body === null) return request;
  const body = await request.bytes();
  limitJson(
    body,
    CALL_LIMITS,
    (what) =>
      new AppError('TOO_LARGE', `The request holds ${what}.`, { hint: 'Ask for less at once, in several requests.' }),
  );
  const { url, method, headers, signal } = request;
  return new Request(url, { method, headers, body, signal });
}
