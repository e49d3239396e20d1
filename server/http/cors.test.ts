import { describe, expect, test } from 'bun:test';
import { Hono } from 'hono';
import { fakeApi, serve } from './app.fixture.ts';
import type { AppEnv } from './env.ts';

const LISTED = 'https://hrms.example.org';
const guards = { corsOrigins: [LISTED] };
const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: {
    Origin: origin,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'authorization,content-type',
  },
});

describe('CORS', () => {
  test('is closed unless an origin is listed', async () => {
    await using app = serve();
    for (const init of [{ headers: { Origin: LISTED } }, preflight(LISTED)]) {
      const answer = await app.ask('/api/raw', init);
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('lets a listed origin read every kind of answer, failures too', async () => {
    await using app = serve({ guards });
    for (const path of ['/api/raw', '/api/away', '/api/boom', '/nowhere', '/trpc/x', '/healthz']) {
      const { headers } = await app.ask(path, { headers: { Origin: LISTED } });
      expect([path, headers.get('access-control-allow-origin')]).toEqual([path, LISTED]);
      expect(headers.get('access-control-allow-credentials')).toBe('true');
      expect(headers.get('access-control-expose-headers')).toContain('Upload-Offset');
      expect(headers.get('vary')).toContain('Origin');
    }
  });

  test('tells an origin that is not listed nothing, and caches that they differ', async () => {
    await using app = serve({ guards });
    for (const origin of ['https://evil.example', 'null', 'http://hrms.example.org', `${LISTED}.evil.example`, '*']) {
      for (const init of [{ headers: { Origin: origin } }, preflight(origin)]) {
        const { headers } = await app.ask('/api/raw', init);
        expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
        expect(headers.get('vary')).toContain('Origin');
      }
    }
  });

  test('answers a preflight of a listed origin without reaching the routes', async () => {
    let reached = 0;
    const trpc = () => {
      reached += 1;
      return new Response('reached');
    };
    await using app = serve({ guards, api: fakeApi({ trpc }) });
    const answer = await app.ask('/trpc/x', preflight(LISTED));
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization,content-type');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(reached).toBe(0);
  });

  test('leaves an OPTIONS that is no preflight to the routes', async () => {
    const files = new Hono<AppEnv>();
    files.options('/api/uploads/tus', () => new Response(null, { status: 204, headers: { 'Tus-Version': '1.0.0' } }));
    await using app = serve({ guards, api: fakeApi({ files }) });
    const answer = await app.ask('/api/uploads/tus', { method: 'OPTIONS' });
    expect(answer.headers.get('tus-version')).toBe('1.0.0');
  });
});
