import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, type Handler, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { MAX_CALL_BYTES } from '../api/limits.ts';
import { AppError } from '../core/errors.ts';
import type { ProcessLog } from '../core/log.ts';
import { isOwnName } from '../http/address.ts';
import type { AppEnv } from '../http/env.ts';
import { asFailure, failureAnswer, wrongMethod } from '../http/failure.ts';
import {
  authenticate,
  type Consume,
  checkOrigin,
  cutRefused,
  endStreamsOn,
  limitBodies,
  limitRate,
  logAccess,
  type NoteRefused,
  type ReadCaller,
  requireHost,
  requireHttps,
  setHeaders,
  setRequestContext,
  throwErrorsOnly,
} from '../http/guards.ts';
import { strictPolicy } from '../http/headers.ts';
import { type Panel, panelRoutes } from '../http/panel.ts';
import { createReadiness, notReady, type ReadinessCheck } from '../http/readiness.ts';
import type { Overview } from './front-page/overview.ts';
import { frontPage, PAGE_STYLE } from './front-page/page.ts';
import type { Metrics } from './metrics/metrics.ts';

/** Dependencies of the app, which opens nothing itself. */
export interface AppParts {
  version: string;
  guards: {
    /** True to demand HTTPS of every client but this machine. */
    production: boolean;
    publicUrl: string | null;
    trustedProxies: readonly string[];
    corsOrigins: readonly string[];
    /** Bearer token of a scraper; null: only this machine may read the metrics. */
    metricsToken: string | null;
  };
  checks: readonly ReadinessCheck[];
  /** Throws MEMORY_LIMIT while this process can take on nothing large. */
  refuseLarge(): void;
  readOverview(signal: AbortSignal): Promise<Overview>;
  /** Null when it was not built; a plain page is shown instead. */
  panel: Panel | null;
  metrics: Metrics;
  log: ProcessLog;
  /** Routes that need sign-in; null with ROLE=worker. */
  api: Api | null;
  /** Aborts when shutdown begins: `/readyz` then fails, and event streams end. */
  closing: AbortSignal;
  now(): Date;
  /** Returns the milliseconds of a monotonic clock. */
  elapsed(): number;
  /** Returns a new request id. */
  newId(): string;
}

/** The part of the server that knows its callers. */
export interface Api {
  /** Throws UNAUTHENTICATED for an invalid bearer token; an invalid cookie makes an anonymous caller. */
  readCaller: ReadCaller;
  consume: Consume;
  noteRefused: NoteRefused;
  jwks(): Promise<{ keys: object[] }>;
  /** Adds the routes under `/trpc` and `/api`. Procedures consume their caller's rate themselves. */
  addRoutes(app: Hono<AppEnv>): void;
}

const CHECK_LIMIT_MS = 3000;
/**
 * Most concurrent requests with a body from one person: far more than a browser, or a script that sends file after
 * file.
 */
const MOST_BODIES = 32;
const KEYS_SECONDS = 300;
/** Status after the client has gone. Nobody reads it, but log and metrics tell it from a fault of the server. */
const CLIENT_GONE = 499;

/**
 * Creates the HTTP application. Every failure has the shape of `errors.ts`, and every response, whoever made it, passes
 * the same guards in the same order: client, log, headers, HTTPS, origin, caller, limit.
 */
export function createApp(parts: AppParts): Hono<AppEnv> {
  const { guards, api, log } = parts;
  const app = new Hono<AppEnv>();

  app.use(setRequestContext({ trustedProxies: guards.trustedProxies, log, newId: parts.newId }));
  app.use(logAccess(parts));
  app.use(setHeaders({ policy: strictPolicy([PAGE_STYLE]), corsOrigins: guards.corsOrigins }));
  app.use(requireHost);
  app.use(requireHttps(guards));
  app.use(checkOrigin(guards));
  app.use(throwErrorsOnly);

  addProbes(app, parts);
  if (api && parts.panel) app.route('/', panelRoutes(parts.panel));
  if (api) app.use('/', limitRate(api.consume, 'public'));
  only(app, '/', parts.now, async (c) => {
    const overview = isAtThisMachine(c) ? await parts.readOverview(c.req.raw.signal) : null;
    return c.html(frontPage(overview, parts.version));
  });
  if (api) addApi(app, api, parts);

  app.notFound((c) => {
    const error = new AppError('NOT_FOUND', `There is nothing at ${c.req.method} ${c.req.path.slice(0, 200)}.`, {
      hint: 'The front page, /, says what is here.',
    });
    return fail(c, error, parts.now());
  });

  app.onError((thrown, c) => {
    const { error, status } = asFailure(thrown, c.get('requestId'));
    if (error.code === 'UNEXPECTED' && c.req.raw.signal.aborted) {
      return fail(c, new AppError('CANCELLED', 'The client went away.'), parts.now(), CLIENT_GONE);
    }
    if (error.code === 'UNEXPECTED') c.get('log').error({ error: thrown }, 'unforeseen');
    else c.get('log').info({ code: error.code, reason: error.message }, 'refused');
    return fail(c, error, parts.now(), status);
  });

  return app;
}

/** Adds the routes for machines that watch the server: health, readiness, metrics and keys. */
function addProbes(app: Hono<AppEnv>, { checks, closing, guards, metrics, api, log, now }: AppParts): void {
  const readiness = createReadiness(checks, CHECK_LIMIT_MS, (check, error) => {
    if (error) log.warn({ check, code: error.code, reason: error.message, error: error.cause }, 'not ready');
    else log.info({ check }, 'ready again');
  });
  only(app, '/healthz', now, (c) => c.json({ ok: true }));

  only(app, '/readyz', now, async (c) => {
    if (closing.aborted) return fail(c, new AppError('CANCELLED', 'The server is shutting down.'), now(), 503);
    const found = await readiness();
    const failure = notReady(found);
    // 503 whatever the failure's own status: a monitor must send no requests now.
    if (failure) return fail(c, failure, now(), 503);
    return c.json({ ok: true, checks: found });
  });

  only(app, '/metrics', now, async (c) => {
    if (!mayScrape(c, guards.metricsToken)) {
      throw new AppError('UNAUTHENTICATED', 'The metrics are not for everybody.', {
        hint: 'Set METRICS_TOKEN and send it as a bearer token, or ask from this machine.',
      });
    }
    const { contentType, text } = await metrics.read();
    return c.body(text, 200, { 'Content-Type': contentType });
  });

  if (api) {
    app.use('/.well-known/jwks.json', limitRate(api.consume, 'public'));
    only(app, '/.well-known/jwks.json', now, async (c) =>
      c.json(await api.jwks(), 200, { 'Cache-Control': `public, max-age=${KEYS_SECONDS}` }),
    );
  }
}

/** Adds the routes that need to know their caller. */
function addApi(
  app: Hono<AppEnv>,
  { readCaller, consume, noteRefused, addRoutes }: Api,
  { closing, refuseLarge }: Pick<AppParts, 'closing' | 'refuseLarge'>,
): void {
  const tooLarge = () => {
    throw new AppError('TOO_LARGE', 'The request is larger than any call can be.', {
      hint: 'Files are sent to /api/uploads.',
      details: { limit: MAX_CALL_BYTES },
    });
  };
  const bodies = limitBodies(MOST_BODIES);
  for (const path of ['/trpc/*', '/api/*'])
    app.use(path, cutRefused, authenticate({ readCaller, consume, noteRefused }), bodies);
  app.use('/trpc/*', endStreamsOn(closing));
  // Lists of backups and audit rows compress well; event streams are left as they are.
  app.use('/trpc/*', compress({ encoding: 'gzip' }));
  app.use('/trpc/*', bodyLimit({ maxSize: MAX_CALL_BYTES, onError: tooLarge }));
  app.use('/api/*', limitRate(consume, 'bytes'));
  app.use('/api/*', async (_, next) => {
    refuseLarge();
    await next();
  });
  addRoutes(app);
}

/** Adds a read-only route: any other method is refused with the allowed ones. */
function only(app: Hono<AppEnv>, path: string, now: () => Date, handler: Handler<AppEnv>): void {
  app.get(path, handler);
  app.all(path, (c) => {
    c.header('Allow', 'GET, HEAD');
    return fail(c, wrongMethod(c.req.method, path, 'GET or HEAD'), now(), 405);
  });
}

function fail(c: Context<AppEnv>, error: AppError, now: Date, status?: number): Response {
  const answer = failureAnswer(error, { path: c.req.path, now, ...(status !== undefined && { status }) });
  return c.json(answer.body, answer.status, answer.headers);
}

/**
 * Returns whether the front page, or the metrics without a token, may show details: only to a browser on this machine
 * that used this machine's own name. Otherwise a page of another name that resolves here (DNS rebinding) could read
 * them.
 */
function isAtThisMachine(c: Context<AppEnv>): boolean {
  return c.get('client').local && isOwnName(new URL(c.req.raw.url).hostname);
}

/** Compares by digest, so that the time taken reveals neither content nor length of the token. */
function mayScrape(c: Context<AppEnv>, token: string | null): boolean {
  if (token === null) return isAtThisMachine(c);
  const given = /^bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
