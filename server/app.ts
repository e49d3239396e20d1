import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { AppError, ERROR_FAMILIES, type ErrorCode, failureBody, unexpected } from './errors.ts';
import type { Overview } from './overview.ts';
import { frontPage, PAGE_STYLE } from './page.ts';

/** What the app is made of. It opens nothing itself. */
export interface AppParts {
  version: string;
  /** Rejects with an AppError while the database does not answer. */
  askDatabase(signal: AbortSignal): Promise<void>;
  readOverview(signal: AbortSignal): Promise<Overview>;
  /** True from the moment shutdown begins. */
  stopping(): boolean;
  now(): Date;
  /** One line for the operator's log. Never holds secrets. */
  log(line: string): void;
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Makes the HTTP application. Everything it answers that is not a page has the shape of `errors.ts`. */
export function createApp(parts: AppParts): Hono {
  const app = new Hono();

  app.use(async function secureHeaders(c, next) {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
  });

  app.get('/healthz', (c) => c.json({ ok: true }));

  app.get('/readyz', async (c) => {
    if (parts.stopping()) throw new AppError('DATABASE_UNREACHABLE', 'The server is shutting down.');
    await parts.askDatabase(c.req.raw.signal);
    return c.json({ ok: true });
  });

  app.get('/', async (c) => c.html(frontPage(await parts.readOverview(c.req.raw.signal), parts.version)));

  app.notFound((c) => {
    const error = new AppError('NOT_FOUND', `There is nothing at ${c.req.method} ${c.req.path}.`, {
      hint: 'The front page, /, says what is here.',
    });
    return c.json(failureBody(error, parts.now()), 404);
  });

  app.onError((thrown, c) => {
    const error = thrown instanceof AppError ? thrown : unexpected(thrown);
    parts.log(`${c.req.method} ${c.req.path}: ${error.code}: ${error.message}`);
    return c.json(failureBody(error, parts.now()), statusOf(error.code));
  });

  return app;
}

function statusOf(code: ErrorCode): ContentfulStatusCode {
  if (code === 'NOT_FOUND') return 404;
  if (code === 'UNEXPECTED') return 500;
  const family = ERROR_FAMILIES[code];
  switch (family) {
    case 'validation':
      return 400;
    case 'permission':
      return 403;
    case 'system':
      return 503;
    case 'business':
      return 409;
    default:
      return family satisfies never;
  }
}
