import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { failure, fakeApi, GOOD_TOKEN, serve } from './app.fixture.ts';
import { isAllowedOrigin, ownOrigins, type RequestOrigin } from './origin.ts';

const OWN = ['https://backup.example.org'];
const plain: RequestOrigin = { method: 'POST', origin: null, fetchSite: null, cookie: false, authorization: null };

describe('isAllowedOrigin()', () => {
  const table: [string, Partial<RequestOrigin>, boolean][] = [
    ['a program without cookie', {}, true],
    ['a program with a cookie and no word of its page', { cookie: true }, false],
    [
      'a program with a bearer token',
      { authorization: 'Bearer abc', origin: 'https://evil.example', cookie: true },
      true,
    ],
    ['a password the browser remembers', { authorization: 'Basic abc', origin: 'https://evil.example' }, false],
    ['a bearer token that is empty', { authorization: 'Bearer ', origin: 'https://evil.example' }, false],
    ['the own page', { origin: 'https://backup.example.org', fetchSite: 'same-origin', cookie: true }, true],
    ['the own page in an old browser', { origin: 'https://backup.example.org', cookie: true }, true],
    [
      'the own page behind a proxy that hides the name',
      { origin: 'https://x.example', fetchSite: 'same-origin' },
      true,
    ],
    ['a sibling', { origin: 'https://hrms.example.org', fetchSite: 'same-site', cookie: true }, false],
    ['another site', { origin: 'https://evil.example', fetchSite: 'cross-site', cookie: true }, false],
    ['another site without cookie', { origin: 'https://evil.example' }, false],
    ['another site that hides its origin', { origin: 'null', cookie: true }, false],
    ['another site without Origin', { fetchSite: 'cross-site' }, false],
    ['the address line', { fetchSite: 'none', cookie: true }, false],
    ['the own name over plain HTTP', { origin: 'http://backup.example.org', cookie: true }, false],
    ['the own name on another port', { origin: 'https://backup.example.org:8443', cookie: true }, false],
    ['a name that begins like the own', { origin: 'https://backup.example.org.evil.example', cookie: true }, false],
    ['reading, from anywhere', { method: 'GET', origin: 'https://evil.example', cookie: true }, true],
  ];
  for (const [what, facts, allowed] of table) {
    test(`${what}: ${allowed ? 'may' : 'may not'}`, () => {
      expect(isAllowedOrigin({ ...plain, ...facts }, OWN)).toBe(allowed);
    });
  }

  test('lets no hostile origin pass, whatever the method and the cookie', () => {
    const origin = fc.oneof(
      fc.webUrl().map((url) => new URL(url).origin),
      fc.string(),
      fc.constantFrom(
        'null',
        '',
        'https://backup.example.org/',
        'https://backup.example.org:80',
        'HTTPS://BACKUP.EXAMPLE.ORG',
      ),
      fc.domain().map((name) => `https://backup.example.org.${name}`),
      fc.domain().map((name) => `https://${name}@backup.example.org`),
    );
    fc.assert(
      fc.property(
        origin.filter((text) => !OWN.includes(text)),
        fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'post', 'FOO'),
        fc.constantFrom(null, 'cross-site', 'same-site', 'none', 'SAME-ORIGIN', 'same-origin '),
        fc.boolean(),
        fc.constantFrom(null, 'Basic YTpi', 'Bearer', 'Bearer ', 'Digest x'),
        (hostile, method, fetchSite, cookie, authorization) => {
          expect(isAllowedOrigin({ method, origin: hostile, fetchSite, cookie, authorization }, OWN)).toBe(false);
        },
      ),
    );
  });
});

describe('ownOrigins()', () => {
  test('takes the request’s own address only where none was set, or from this machine', () => {
    const request = { protocol: 'http', host: '127.0.0.1:3000', local: false } as const;
    expect(ownOrigins(request, null)).toEqual(['http://127.0.0.1:3000']);
    expect(ownOrigins(request, OWN[0] ?? null)).toEqual(OWN);
    expect(ownOrigins({ ...request, local: true }, OWN[0] ?? null)).toEqual([...OWN, 'http://127.0.0.1:3000']);
    expect(ownOrigins({ ...request, host: 'a b' }, null)).toEqual([]);
    expect(ownOrigins({ ...request, host: null }, null)).toEqual([]);
  });
});

describe('over HTTP', () => {
  const cookie = 'session=good';
  const post = (headers: Record<string, string>) => ({ method: 'POST', headers });

  test('a page of another origin cannot act with a cookie, and nothing of the routes is reached', async () => {
    let reached = 0;
    const trpc = () => {
      reached += 1;
      return new Response('done');
    };
    await using app = serve({ api: fakeApi({ trpc }) });
    const json = { 'Content-Type': 'application/json', Cookie: cookie };
    for (const headers of [
      { ...json, Origin: 'https://evil.example' },
      { ...json, Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
      { ...json, Origin: 'null' },
      { ...json, 'Sec-Fetch-Site': 'same-site' },
      json,
    ]) {
      const answer = await app.ask('/trpc/x', post(headers));
      expect(answer.status).toBe(403);
      expect(await failure(answer)).toMatchObject({ success: false, error: { code: 'FORBIDDEN' } });
    }
    expect(reached).toBe(0);
    const own = new URL(app.url).origin;
    expect((await app.ask('/trpc/x', post({ ...json, Origin: own }))).status).toBe(200);
    expect((await app.ask('/trpc/x', post({ Authorization: `Bearer ${GOOD_TOKEN}` }))).status).toBe(200);
    expect(reached).toBe(2);
  });

  test('a page of an origin that was listed may', async () => {
    await using app = serve({ guards: { corsOrigins: ['https://hrms.example.org'] } });
    const from = (origin: string) => app.ask('/trpc/x', post({ Cookie: cookie, Origin: origin }));
    expect((await from('https://hrms.example.org')).status).toBe(200);
    expect((await from('https://hrms.example.org.evil.example')).status).toBe(403);
  });
});
