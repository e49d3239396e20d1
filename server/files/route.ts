import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { Hono } from 'hono';
import type { ApiContext, AppEnv } from '../api/context.ts';
import { appErrorOf } from '../api/errors.ts';
import { CALL_LIMITS, MAX_BATCH } from '../api/limits.ts';
import type { ApiParts } from '../api/parts.ts';
import { createRouter } from '../api/router.ts';
import { AppError } from '../core/errors.ts';
import { limitJson } from '../core/json-limits.ts';

/** Path at which the app mounts the procedures. */
export const TRPC_PATH = '/trpc';

/**
 * Creates the procedures as a Hono app, to be mounted at `TRPC_PATH` behind code that identifies the caller and limits
 * the body to `MAX_CALL_BYTES`. A subscription is silent for up to three seconds at a time and lasts as long as its
 * operation: the server must not time it out.
 */
export function trpcRoute(parts: ApiParts): Hono<AppEnv> {
  const router = createRouter(parts);
  const app = new Hono<AppEnv>();
  app.all('/*', async function procedures(c) {
    const { caller, requestId, log, connection } = c.var;
    const req = await limited(c.req.raw);
    // Only once the whole body is there: a slow procedure or a silent stream is fine, a body that does not arrive is
    // not.
    if (caller.kind !== 'nobody') connection.disableTimeout();
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

/** Returns the same request with its body measured before it is parsed. Throws TOO_LARGE. */
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
