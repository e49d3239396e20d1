import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { MAX_CALL_BYTES } from '../api/limits.ts';
import { AppError } from '../core/errors.ts';
import { failure, fakeApi, GOOD_TOKEN, NOW, overview, serve } from '../http/app.fixture.ts';
import type { Overview } from './front-page/overview.ts';

const remote = { 'X-Forwarded-For': '203.0.113.9' };
const viaHttps = { ...remote, 'X-Forwarded-Proto': 'https' };
const behindProxy = { production: true, trustedProxies: ['127.0.0.1'] };

describe('createApp()', () => {
  test('puts the secure headers on every kind of answer', async () => {
    await using app = serve();
    const kinds = ['/', '/healthz', '/nowhere', '/api/raw', '/api/away', '/api/boom', '/trpc/x', '/metrics'];
    const answers = await Promise.all(kinds.map((path) => app.ask(path)));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 404, 200, 302, 500, 200, 200]);
    for (const { headers } of answers) {
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('strict-transport-security')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('x-powered-by')).toBeNull();
    }
    expect(answers[3]?.headers.get('x-own')).toBe('yes');
    const refused = await app.ask('/healthz', { method: 'POST' });
    expect(refused.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('lets a page load nothing and run nothing but its own style', async () => {
    await using app = serve();
    const answer = await app.ask('/');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).not.toContain('unsafe');
    const style = /<style>([\s\S]*?)<\/style>/.exec(await answer.text())?.[1] ?? '';
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  });

  test('gives what is not there, and what cannot be done, in the shape of every failure', async () => {
    await using app = serve();
    const missing = await app.ask('/nowhere');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toEqual({
      success: false,
      error: {
        code: 'NOT_FOUND',
        message: 'There is nothing at GET /nowhere.',
        hint: expect.any(String),
        timestamp: NOW.toISOString(),
      },
      timestamp: NOW.toISOString(),
    });
    for (const path of ['/', '/healthz', '/readyz', '/metrics', '/.well-known/jwks.json']) {
      const answer = await app.ask(path, { method: 'DELETE' });
      expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, 'GET, HEAD']);
      expect(await answer.json()).toMatchObject({ success: false, error: { code: 'USAGE' } });
    }
  });

  test('tells nothing of an error nobody foresaw, to the client or in the log, but where to look', async () => {
    await using app = serve();
    const answer = await app.ask('/api/boom');
    const body = await answer.text();
    expect(answer.status).toBe(500);
    const { error } = JSON.parse(body);
    expect(error.code).toBe('UNEXPECTED');
    const id = answer.headers.get('x-request-id') ?? '';
    expect(error.hint).toContain(id);
    expect(body).not.toContain('app.fixture');
    const told = app.lines.find((line) => line.includes('unforeseen')) ?? '';
    expect(told).toContain(id);
    expect(told).toContain('app.fixture.ts');
    expect(body + app.lines.join('')).not.toContain('hunter2');
  });

  test('answers in its shape whatever is thrown', async () => {
    const own = fakeApi();
    const words: unknown = 'hunter2';
    own.files.get('/api/odd', () => {
      throw words;
    });
    await using app = serve({ api: own });
    const answer = await app.ask('/api/odd');
    expect(answer.status).toBe(500);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await failure(answer)).toMatchObject({ success: false, error: { code: 'UNEXPECTED' } });
    expect(app.lines.join('')).not.toContain('hunter2');
  });

  test('does not call it a fault when the client went away', async () => {
    const own = fakeApi();
    const arrived = Promise.withResolvers<void>();
    own.files.get('/api/slow', async (c) => {
      arrived.resolve();
      await new Promise((resolve) => c.req.raw.signal.addEventListener('abort', resolve, { once: true }));
      throw new DOMException('The connection was closed.', 'AbortError');
    });
    await using app = serve({ api: own });
    const leaving = new AbortController();
    const asked = app.ask('/api/slow', { signal: leaving.signal }).catch(() => null);
    await arrived.promise;
    leaving.abort();
    await asked;
    const line = () => app.lines.find((said) => said.includes('/api/slow'));
    while (line() === undefined) await Bun.sleep(1);
    expect(JSON.parse(line() ?? '')).toMatchObject({ level: 'info', status: 499 });
    expect(app.lines.join('')).not.toContain('unforeseen');
  });

  test('answers /healthz whatever is down, and /readyz only when all is well, naming what is not', async () => {
    await using app = serve({
      checks: [
        { name: 'database', check: () => Promise.reject(new AppError('DATABASE_UNREACHABLE', 'secret place')) },
        { name: 'storage', check: async () => undefined },
        { name: 'queue', check: () => Promise.reject(new Error('boom')) },
      ],
    });
    expect((await app.ask('/healthz')).status).toBe(200);
    const answer = await app.ask('/readyz');
    expect(answer.status).toBe(503);
    const body = await failure(answer);
    expect(body.error).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      details: { checks: { database: 'DATABASE_UNREACHABLE', storage: 'ok', queue: 'UNEXPECTED' } },
    });
    expect(body.error.message).toContain('database');
    expect(body.error.message).not.toContain('storage');
    expect(JSON.stringify(body)).not.toContain('secret place');
    await using well = serve({ checks: [{ name: 'database', check: async () => undefined }] });
    expect(await (await well.ask('/readyz')).json()).toEqual({ ok: true, checks: { database: 'ok' } });
    well.closing.abort();
    const closing = await well.ask('/readyz');
    expect(closing.status).toBe(503);
    expect((await failure(closing)).error.message).toContain('shutting down');
  });

  test('shows on the front page what is connected and stored, escaped, and why it cannot be asked', async () => {
    const table = { name: 'public.<b>odd</b>', rows: { count: 1234, exact: true } };
    const shown: Overview = {
      database: { url: 'postgres://db/hrms', state: { version: '18.4', tables: [table] } },
      storage: { label: '/srv/backups', state: new AppError('STORAGE_UNAVAILABLE', 'No such disk.') },
    };
    await using app = serve({ readOverview: async () => shown });
    const page = await (await app.ask('/')).text();
    for (const part of ['postgres://db/hrms', 'PostgreSQL 18.4', '1,234', 'No such disk.', 'public.&lt;b&gt;odd']) {
      expect(page).toContain(part);
    }
    expect(page).not.toContain('<b>');
  });

  test('tells on the front page nothing of database or storage to another machine, nor to a page of another name that leads here', async () => {
    let asked = 0;
    const readOverview = async () => {
      asked += 1;
      return overview;
    };
    await using app = serve({ readOverview, guards: { trustedProxies: ['127.0.0.1'] } });
    for (const headers of [remote, viaHttps, { Host: 'evil.example' }]) {
      const answer = await app.ask('/', { headers });
      const page = await answer.text();
      expect([answer.status, page.includes('Palace Backup')]).toEqual([200, true]);
      for (const word of ['postgres:', '/srv/backups', 'scripts/backup.ts']) expect(page).not.toContain(word);
    }
    expect(asked).toBe(0);
    expect(await (await app.ask('/')).text()).toContain('/srv/backups');
  });

  test('serves neither sign-in nor bytes where it has no API', async () => {
    await using app = serve({ api: null });
    for (const path of ['/trpc/auth.me', '/api/who', '/.well-known/jwks.json']) {
      expect((await app.ask(path)).status).toBe(404);
    }
    expect((await app.ask('/healthz')).status).toBe(200);
  });

  test('keeps the length a HEAD answer gives, and sends no body', async () => {
    const own = fakeApi();
    own.files.get('/api/file', () => new Response('12345', { headers: { 'Content-Length': '5' } }));
    await using app = serve({ api: own });
    const answer = await app.ask('/api/file', { method: 'HEAD' });
    expect(answer.headers.get('content-length')).toBe('5');
    expect(await answer.text()).toBe('');
  });

  test('leaves a file a file, so that its ranges are answered', async () => {
    const own = fakeApi();
    own.files.get('/api/file', () => new Response(Bun.file(import.meta.path)));
    await using app = serve({ api: own });
    const answer = await app.ask('/api/file', { headers: { Range: 'bytes=0-5' } });
    expect(answer.status).toBe(206);
    expect(await answer.text()).toBe('import');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('in production', () => {
  test('plain HTTP is refused but to this machine and to probes', async () => {
    await using app = serve({ guards: behindProxy });
    expect((await app.ask('/')).status).toBe(200);
    for (const path of ['/', '/api/who', '/trpc/x', '/metrics', '/nowhere']) {
      const answer = await app.ask(path, { headers: remote });
      expect([path, answer.status]).toEqual([path, 403]);
      expect(await failure(answer)).toMatchObject({ success: false, error: { code: 'FORBIDDEN' } });
    }
    expect((await app.ask('/healthz', { headers: remote })).status).toBe(200);
    expect((await app.ask('/readyz', { headers: remote })).status).toBe(200);
  });

  test('a proxy that was not named makes nobody local', async () => {
    await using app = serve({ guards: { production: true } });
    expect((await app.ask('/', { headers: viaHttps })).status).toBe(403);
    expect((await app.ask('/', { headers: { Via: '1.1 nginx' } })).status).toBe(403);
  });

  test('HTTPS that ends at a trusted proxy counts, and browsers are told to keep to it', async () => {
    await using app = serve({ guards: behindProxy });
    const answer = await app.ask('/api/who', { headers: viaHttps });
    expect(await answer.json()).toEqual({ actor: 'nobody', address: '203.0.113.9' });
    expect(answer.headers.get('strict-transport-security')).toStartWith('max-age=');
  });
});

describe('callers', () => {
  test('a token’s holder is known to the routes, and counted as that token', async () => {
    const own = fakeApi();
    await using app = serve({ api: own });
    const answer = await app.ask('/api/who', { headers: { Authorization: `Bearer ${GOOD_TOKEN}` } });
    expect(await answer.json()).toMatchObject({ actor: 'token nightly of anna@example.org' });
    expect(own.consumed).toEqual(['bytes token jti-1']);
  });

  test('a token that does not count is refused, and counted by its address', async () => {
    const own = fakeApi();
    await using app = serve({ api: own });
    const answer = await app.ask('/api/who', { headers: { Authorization: 'Bearer forged' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toStartWith('Bearer');
    expect(own.consumed).toEqual(['public address 127.0.0.1']);
    expect(own.refused).toEqual([{ address: '127.0.0.1', action: 'GET /api/who', requestId: expect.any(String) }]);
    await app.ask('/trpc/backups.list?input=1', {
      headers: { Authorization: 'Bearer revoked', 'X-Forwarded-For': '9.9.9.9' },
    });
    expect(own.refused.at(-1)).toMatchObject({ action: 'GET /trpc/backups.list' });
  });

  test('the cookie that is sent again reaches the browser whoever made the answer', async () => {
    await using app = serve();
    for (const path of ['/api/raw', '/trpc/x', '/api/who', '/api/away', '/api/boom']) {
      const answer = await app.ask(path, { headers: { Cookie: 'session=good' } });
      expect(answer.headers.getSetCookie()).toEqual(['session=good; HttpOnly; SameSite=Strict']);
    }
  });

  test('a route that sets its own cookie is not overruled', async () => {
    const own = fakeApi();
    own.files.get('/api/out', () => new Response('out', { headers: { 'Set-Cookie': 'session=; Max-Age=0' } }));
    await using app = serve({ api: own });
    const answer = await app.ask('/api/out', { headers: { Cookie: 'session=good' } });
    expect(answer.headers.getSetCookie()).toEqual(['session=; Max-Age=0']);
  });

  test('who asks too often is told when to come again', async () => {
    const limited = new AppError('RATE_LIMITED', 'Too many.', { details: { retryAfterSeconds: 12.3 } });
    await using app = serve({ api: fakeApi({ consume: () => Promise.reject(limited) }) });
    for (const path of ['/api/who', '/', '/.well-known/jwks.json']) {
      const answer = await app.ask(path);
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 429, '13']);
    }
    expect(await failure(await app.ask('/api/who'))).toMatchObject({ success: false, error: { code: 'RATE_LIMITED' } });
  });

  test('an order larger than any can be is refused, by its declared length and by its count', async () => {
    const own = fakeApi({ trpc: async (c) => c.text(String((await c.req.text()).length)) });
    await using app = serve({ api: own });
    const headers = { Authorization: `Bearer ${GOOD_TOKEN}` };
    const large = 'x'.repeat(MAX_CALL_BYTES + 1);
    const declared = await app.ask('/trpc/x', { method: 'POST', headers, body: large });
    const chunks = async function* () {
      yield new TextEncoder().encode(large);
    };
    const streamed = await app.ask('/trpc/x', { method: 'POST', headers, body: new Response(chunks()).body });
    for (const answer of [declared, streamed]) {
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({
        error: { data: { code: 'PAYLOAD_TOO_LARGE', backup: { error: { code: 'TOO_LARGE' } } } },
      });
    }
    const fitting = await app.ask('/trpc/x', { method: 'POST', headers, body: 'x'.repeat(MAX_CALL_BYTES) });
    expect(await fitting.text()).toBe(String(MAX_CALL_BYTES));
  });
});

describe('/metrics', () => {
  test('is for this machine alone when no token is set', async () => {
    await using app = serve();
    expect((await app.ask('/metrics')).status).toBe(200);
    expect((await app.ask('/metrics', { headers: remote })).status).toBe(401);
    // A foreign name that resolves to this machine.
    expect((await app.ask('/metrics', { headers: { Host: 'rebound.example' } })).status).toBe(401);
  });

  test('is for who sends the token when one is set', async () => {
    await using app = serve({ guards: { metricsToken: 'a-scraper-and-no-more' } });
    expect((await app.ask('/metrics')).status).toBe(401);
    expect((await app.ask('/metrics', { headers: { Authorization: 'Bearer a-scraper-and-no-mor' } })).status).toBe(401);
    const answer = await app.ask('/metrics', { headers: { Authorization: 'Bearer a-scraper-and-no-more' } });
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await answer.text()).toContain('palace_backup_storage_used_bytes 7');
  });

  test('counts requests by kind of route, however many paths are tried', async () => {
    await using app = serve();
    for (let n = 0; n < 20; n += 1) await app.ask(`/nowhere/${n}`);
    await app.ask('/api/who');
    const text = await (await app.ask('/metrics')).text();
    expect(text).toContain('palace_backup_http_requests_total{route="other",status="404"} 20');
    expect(text).toContain('palace_backup_http_requests_total{route="bytes",status="200"} 1');
    expect(text).not.toContain('nowhere');
  });
});

test('the front page is what was given', async () => {
  await using app = serve({ readOverview: async () => overview });
  expect((await app.ask('/')).headers.get('content-type')).toContain('text/html');
});
