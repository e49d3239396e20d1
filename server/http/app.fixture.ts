import { type Handler, Hono } from 'hono';
import { AppError, type FailureBody } from '../core/errors.ts';
import { type Api, type AppParts, createApp } from '../process/app.ts';
import type { Overview } from '../process/front-page/overview.ts';
import { listen } from '../process/listen.ts';
import { type Logs, logsInto } from '../process/logs/logs.ts';
import { createMetrics } from '../process/metrics/metrics.ts';
import type { Caller } from '../security/caller.ts';
import type { AppEnv } from './env.ts';

export const NOW = new Date('2026-01-02T03:04:05.678Z');
export const overview: Overview = {
  database: { url: 'postgres://db/hrms', state: { version: '18.4', tables: [] } },
  storage: { label: '/srv/backups', state: { backups: [], totalSize: 0 } },
};

/** Creates a log that is kept in memory. */
export function memoryLog(): Logs & { lines: string[] } {
  const lines: string[] = [];
  const sink = { write: (line: string) => lines.push(line), close: async () => undefined };
  return { ...logsInto(sink, 'debug'), lines };
}

/**
 * The one valid token. The cookie `session=good` is valid, too; every other token is refused, every other cookie is
 * anonymous.
 */
export const GOOD_TOKEN = 'good-token';
function tokenHolder(address: string): Caller {
  return {
    kind: 'token',
    actor: 'token nightly of anna@example.org',
    tokenId: 'jti-1',
    access: null,
    adminId: 'admin-1',
    email: 'anna@example.org',
    role: 'SUPER_ADMIN',
    scopes: new Set(['backups:read']),
    address,
  };
}

interface ApiChanges extends Partial<Omit<Api, 'addRoutes'>> {
  trpc?: Handler<AppEnv>;
  files?: Hono<AppEnv>;
}

/** Creates an API whose routes show what reaches them. */
export function fakeApi({
  trpc,
  files: own,
  ...changes
}: ApiChanges = {}): Api & { consumed: string[]; refused: object[]; files: Hono<AppEnv> } {
  const consumed: string[] = [];
  const refused: object[] = [];
  const files = own ?? new Hono<AppEnv>();
  files.all('/api/raw', () => new Response('raw', { headers: { 'X-Own': 'yes' } }));
  files.get('/api/away', () => Response.redirect('http://127.0.0.1/elsewhere'));
  files.get('/api/who', (c) => c.json({ actor: c.get('caller').actor, address: c.get('client').address }));
  files.get('/api/boom', () => {
    throw new Error('password is hunter2');
  });
  return {
    consumed,
    refused,
    noteRefused: async (attempt) => void refused.push(attempt),
    async readCaller(headers, address) {
      const authorization = headers.get('authorization');
      if (authorization === `Bearer ${GOOD_TOKEN}`) return { caller: tokenHolder(address) };
      if (authorization !== null) throw new AppError('UNAUTHENTICATED', 'The token does not count.');
      const caller: Caller = { kind: 'nobody', actor: 'nobody', address };
      return headers.get('cookie')?.includes('session=good')
        ? { caller: tokenHolder(address), setCookie: 'session=good; HttpOnly; SameSite=Strict' }
        : { caller };
    },
    consume: async (limit, key) => void consumed.push(`${limit} ${key}`),
    jwks: async () => ({ keys: [] }),
    addRoutes(app) {
      app.all('/trpc/*', trpc ?? ((c) => new Response(c.req.path, { headers: { 'Content-Type': 'text/plain' } })));
      app.route('/', files);
    },
    files,
    ...changes,
  };
}

export interface Served extends AsyncDisposable {
  url: string;
  lines: string[];
  closing: AbortController;
  ask(path: string, init?: BunFetchRequestInit): Promise<Response>;
}

type Changes = Partial<Omit<AppParts, 'guards'>> & {
  guards?: Partial<AppParts['guards']>;
  tls?: { cert: string; key: string };
  idleSeconds?: number;
};

/** Serves the app over real HTTP on a free port of this machine. */
export function serve({ guards, tls, idleSeconds, ...changes }: Changes = {}): Served {
  const { log, lines } = memoryLog();
  const closing = new AbortController();
  const app = createApp({
    version: '1.2.3',
    guards: {
      production: false,
      publicUrl: null,
      trustedProxies: [],
      corsOrigins: [],
      metricsToken: null,
      ...guards,
    },
    checks: [],
    refuseLarge: () => undefined,
    readOverview: async () => overview,
    panel: null,
    metrics: createMetrics({
      version: '1.2.3',
      sources: {
        storage: async () => ({ usedBytes: 7, freeBytes: 9, backups: 1, damaged: 0 }),
        memory: () => ({ answering: { bytes: 1, limitBytes: 2 }, worker: null }),
        operations: async () => ({ queued: 0, running: 0, lastSuccess: {}, lastComplete: null }),
      },
    }),
    log,
    api: fakeApi(),
    closing: closing.signal,
    now: () => NOW,
    elapsed: () => performance.now(),
    newId: () => crypto.randomUUID(),
    ...changes,
  });
  const listening = listen({
    host: '127.0.0.1',
    port: 0,
    fetch: app.fetch,
    ...(tls && { tls }),
    ...(idleSeconds && { idleSeconds }),
  });
  return {
    url: listening.url,
    lines,
    closing,
    ask: (path, init) => fetch(new URL(path, listening.url), { redirect: 'manual', ...init }),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await listening.stop(2000);
    },
  };
}

/** Returns the failure of a response, also from tRPC's shape. */
export async function failure(answer: Response): Promise<FailureBody> {
  const body = (await answer.json()) as FailureBody & { error: { data?: { backup: FailureBody } } };
  return body.error.data?.backup ?? body;
}
