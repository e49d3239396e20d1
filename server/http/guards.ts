import type { Context, MiddlewareHandler } from 'hono';
import { AppError } from '../core/errors.ts';
import type { ProcessLog } from '../core/log.ts';
import type { Caller } from '../security/caller.ts';
import { addressKeyOf, personKeyOf, rateKeyOf } from '../security/rate-key.ts';
import { clientOf, proxyTrust } from './address.ts';
import { corsHeaders, isPreflight, preflightHeaders } from './cors.ts';
import type { AppEnv } from './env.ts';
import { secureHeaders as headersFor, withCookie, withHeaders } from './headers.ts';
import { isAllowedOrigin, ownOrigins } from './origin.ts';
import { requestIdOf } from './request-id.ts';
import type { RouteClass } from './route-class.ts';
import { routeClass } from './route-class.ts';

type Middleware = MiddlewareHandler<AppEnv>;

/** Counts answered requests. */
export interface RequestMetrics {
  requestAnswered(facts: { route: RouteClass; status: number; seconds: number }): void;
}

/** Longest path shown in a log. */
const SHOWN_PATH = 200;

/** Identifies the client, sets the request's id, and opens a log with it. Must come first. */
export function setRequestContext(options: {
  trustedProxies: readonly string[];
  log: ProcessLog;
  newId: () => string;
}): Middleware {
  const isTrusted = proxyTrust(options.trustedProxies);
  return async function setRequestContext(c, next) {
    const { headers } = c.req.raw;
    const client = clientOf({ address: c.env.peer, encrypted: c.env.encrypted }, headers, isTrusted);
    const requestId = requestIdOf(headers.get('x-request-id'), client.behindProxy, options.newId);
    c.set('client', client);
    c.set('connection', c.env);
    c.set('requestId', requestId);
    c.set('log', options.log.child({ requestId }));
    c.set('caller', { kind: 'nobody', actor: 'nobody', address: client.address });
    await next();
  };
}

/** Logs and counts each response. Query parameters are left out, because a signed link has its token there. */
export function logAccess(options: { metrics: RequestMetrics; elapsed: () => number }): Middleware {
  return async function logAccess(c, next) {
    const began = options.elapsed();
    await next();
    const ms = options.elapsed() - began;
    const route = routeClass(c.req.path);
    const { status } = c.res;
    options.metrics.requestAnswered({ route, status, seconds: ms / 1000 });
    const { address } = c.get('client');
    const { actor } = c.get('caller');
    const path = c.req.path.slice(0, SHOWN_PATH);
    const facts = { address, actor, method: c.req.method, path, status, ms: Math.round(ms * 10) / 10 };
    const routine = route === 'health' || route === 'metrics';
    c.get('log')[status >= 500 ? 'warn' : routine ? 'debug' : 'info'](facts, 'answered');
  };
}

/** Sets the headers of every response once it is there, also of those other code made. */
export function setHeaders(options: { policy: string; corsOrigins: readonly string[] }): Middleware {
  return async function setHeaders(c, next) {
    if (options.corsOrigins.length > 0 && isPreflight(c.req.raw)) {
      c.res = new Response(null, { status: 204, headers: preflightHeaders(c.req.raw, options.corsOrigins) });
    } else {
      await next();
    }
    const headers = {
      ...headersFor(options.policy, c.get('client').protocol),
      ...corsHeaders(c.req.raw, options.corsOrigins),
      'X-Request-Id': c.get('requestId'),
    };
    replace(c, withHeaders(c.res, headers));
  };
}

/**
 * Refuses a request without a usable host, whose URL would fail to parse later, and one with two, of which each reader
 * takes another.
 */
export async function requireHost(c: Context<AppEnv>, next: () => Promise<void>): Promise<void> {
  if (!URL.canParse(c.req.raw.url) || c.req.raw.headers.get('host')?.includes(',')) {
    throw new AppError('INPUT_INVALID', 'The request names no valid host.', {
      hint: 'Send the header Host, once.',
    });
  }
  await next();
}

/** Turns thrown values that are no `Error` into one, because Hono handles only those. */
export async function throwErrorsOnly(_: Context<AppEnv>, next: () => Promise<void>): Promise<void> {
  try {
    await next();
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : new Error('something was thrown that is no error', { cause: thrown });
  }
}

/** Refuses plain HTTP in production, except from this machine and for health checks. */
export function requireHttps(options: { production: boolean }): Middleware {
  return async function requireHttps(c, next) {
    const { protocol, local, behindProxy } = c.get('client');
    if (options.production && protocol !== 'https' && !local && routeClass(c.req.path) !== 'health') {
      throw new AppError('FORBIDDEN', 'This server must be called over HTTPS.', {
        hint: behindProxy
          ? 'The proxy must send X-Forwarded-Proto: https, and be called over HTTPS itself.'
          : 'Set TLS_CERT and TLS_KEY, or name the proxy before it in TRUSTED_PROXIES.',
      });
    }
    await next();
  };
}

/** Keeps pages of other origins from acting with a browser's cookies. */
export function checkOrigin(options: { publicUrl: string | null; corsOrigins: readonly string[] }): Middleware {
  return async function checkOrigin(c, next) {
    const { headers, method } = c.req.raw;
    const { protocol, local } = c.get('client');
    const own = ownOrigins({ protocol, host: headers.get('host'), local }, options.publicUrl);
    const request = {
      method,
      origin: headers.get('origin'),
      fetchSite: headers.get('sec-fetch-site'),
      cookie: headers.has('cookie'),
      authorization: headers.get('authorization'),
    };
    if (!isAllowedOrigin(request, [...own, ...options.corsOrigins])) {
      throw new AppError('FORBIDDEN', 'The request comes from a page of another origin.', {
        hint: 'Set PUBLIC_URL to the address people use, and list other applications in CORS_ORIGINS. Programs send a bearer token.',
      });
    }
    await next();
  };
}

/** Returns the caller by cookie or token, and the cookie to send again, if any. */
export type ReadCaller = (headers: Headers, address: string) => Promise<{ caller: Caller; setCookie?: string }>;
/** Called for each invalid bearer token: an attempt with a revoked one is worth a row in the audit. */
export type NoteRefused = (attempt: { address: string; action: string; requestId: string }) => Promise<void>;
/** Takes a point, or throws RATE_LIMITED. `public`: calls of anonymous callers; `bytes`: uploads and downloads. */
export type Consume = (limit: 'public' | 'bytes', key: string) => Promise<void>;

/**
 * Identifies the caller. An invalid token is refused, audited, and counted by address, so that guessing tokens is slow.
 */
export function authenticate(options: {
  readCaller: ReadCaller;
  consume: Consume;
  noteRefused: NoteRefused;
}): Middleware {
  return async function authenticate(c, next) {
    const { address } = c.get('client');
    const found = await options.readCaller(c.req.raw.headers, address).catch(async (error: unknown) => {
      await options.consume('public', addressKeyOf(address));
      if (error instanceof AppError && error.code === 'UNAUTHENTICATED') {
        const action = `${c.req.method} ${c.req.path.slice(0, SHOWN_PATH)}`;
        await options.noteRefused({ address, action, requestId: c.get('requestId') }).catch((failure: unknown) => {
          c.get('log').error({ action, error: failure }, 'the audit could not be written');
        });
      }
      throw error;
    });
    c.set('caller', found.caller);
    await next();
    // A route that signs in or out has set its own cookie, which counts.
    if (found.setCookie !== undefined && !c.res.headers.has('set-cookie')) {
      replace(c, withCookie(c.res, found.setCookie));
    }
  };
}

/** Counts a request by its person or token, or by address for an anonymous caller. */
export function limitRate(consume: Consume, limit: 'public' | 'bytes'): Middleware {
  return async function limitRate(c, next) {
    await consume(limit, rateKeyOf(c.get('caller')));
    await next();
  };
}

/**
 * Restores the timeout for a caller who was refused, so that silent connections of refused callers cannot fill the
 * server. A route removes the timeout only once it knows that its caller has the right.
 */
export async function cutRefused(c: Context<AppEnv>, next: () => Promise<void>): Promise<void> {
  await next();
  if (c.res.status === 401 || c.res.status === 403) c.get('connection').restoreTimeout();
}

/**
 * Limits concurrent requests with a body to `most` for each person, whatever tokens are used, or for an anonymous
 * caller's address. Each request holds a connection and memory for as long as its sender likes.
 */
export function limitBodies(most: number): Middleware {
  const underWay = new Map<string, number>();
  return async function limitBodies(c, next) {
    if (c.req.raw.body === null) return await next();
    const person = personKeyOf(c.get('caller'));
    const others = underWay.get(person) ?? 0;
    if (others >= most) {
      throw new AppError(
        'RATE_LIMITED',
        `${others} requests of yours are being sent; the server takes ${most} at once.`,
        {
          hint: 'Let some of them end first.',
          details: { retryAfterSeconds: 1 },
        },
      );
    }
    underWay.set(person, others + 1);
    try {
      await next();
    } finally {
      const left = (underWay.get(person) ?? 1) - 1;
      if (left === 0) underWay.delete(person);
      else underWay.set(person, left);
    }
  };
}

/** Ends streams at shutdown, as if their client had left. Other requests may finish. */
export function endStreamsOn(closing: AbortSignal): Middleware {
  return async function endStreamsOn(c, next) {
    const { raw } = c.req;
    const isEvents = raw.method === 'GET' && (raw.headers.get('accept') ?? '').includes('text/event-stream');
    if (isEvents || raw.headers.get('trpc-accept') === 'application/jsonl')
      c.req.raw = new Request(raw, { signal: AbortSignal.any([raw.signal, closing]) });
    await next();
  };
}

/** Sets the response, unless it was changed in place: Hono copies one that is set over another. */
function replace(c: Context<AppEnv>, answer: Response): void {
  if (answer !== c.res) c.res = answer;
}
