import { describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import fc from 'fast-check';
import { serve } from './app.fixture.ts';

/** Sends bytes as they are, and reads until the server closes. */
async function raw(url: string, request: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve) => {
    socket.on('close', resolve);
    socket.on('error', () => resolve());
  });
  socket.end(Buffer.from(request, 'latin1'));
  await ended;
  return Buffer.concat(chunks).toString('latin1');
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;

describe('hostile requests', () => {
  test('get 4xx in our shape, or are cut off, and never a 5xx, a stack or a place on this machine', async () => {
    await using app = serve();
    const requests = [
      get('/%'),
      get('/%zz'),
      get('/%00'),
      get('/..%2f..%2fetc%2fpasswd'),
      get('/../../etc/passwd'),
      get('//evil.example/'),
      get('/\\..\\x'),
      get(`/${'a'.repeat(8000)}`),
      get(`/${'a/'.repeat(4000)}`),
      get('/api/%ff%fe'),
      get('/trpc%2f'),
      get('/__proto__'),
      get('/constructor'),
      get('/metrics/../nowhere'),
      'FOO / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      'CONNECT x:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      'PROPFIND /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      'GET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n',
      'GET /../trpc HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n',
      get('/nowhere', `X-Long: ${'a'.repeat(100_000)}\r\n`),
      get('/nowhere', 'X-Many: 1\r\n'.repeat(2000)),
      get('/nowhere', `X-Forwarded-For: ${'1.1.1.1,'.repeat(1000)}\r\n`),
      get('/nowhere', 'Content-Length: -1\r\n'),
      get('/nowhere', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'),
      get('/api/who', `Authorization: Bearer ${'x'.repeat(5000)}\r\n`),
      'POST /trpc/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 99999999999999999999\r\n\r\n',
      'POST /trpc/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: \x01\r\n\r\n',
      'nonsense\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01',
    ];
    for (const request of requests) {
      const answer = await raw(app.url, request);
      const status = statusOf(answer);
      expect([request.slice(0, 60), status === 0 || (status >= 400 && status < 500)]).toEqual([
        request.slice(0, 60),
        true,
      ]);
      expect(answer).not.toMatch(/\bat .*\.ts:\d|node_modules|root:x:|\/tmp\//);
    }
    expect((await app.ask('/healthz')).status).toBe(200);
  });

  test('any path and any header get an answer below 500, in our shape when they get one of ours', async () => {
    await using app = serve();
    const path = fc.array(
      fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('..', '%2e', '%00', ';', 'trpc', 'api')),
    );
    const header = fc.constantFrom(
      'Cookie',
      'Authorization',
      'Origin',
      'Host',
      'X-Forwarded-For',
      'X-Request-Id',
      'Range',
    );
    const value = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((n) => String.fromCharCode(n)) });
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH');
    await fc.assert(
      fc.asyncProperty(path, header, value, method, async (parts, name, text, verb) => {
        const target = `/${parts.join('/').replaceAll(/[^\x21-\x7e]/g, '~')}`;
        const host = name === 'Host' ? '' : 'Host: x\r\n';
        const answer = await raw(
          app.url,
          `${verb} ${target} HTTP/1.1\r\n${host}Connection: close\r\n${name}: ${text}\r\nContent-Length: 0\r\n\r\n`,
        );
        const status = statusOf(answer);
        expect(status).toBeLessThan(500);
        if (status >= 400 && answer.includes('application/json') && verb !== 'HEAD') {
          const body = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1));
          expect(body.error.data?.backup ?? body).toMatchObject({
            success: false,
            error: { code: expect.any(String) },
          });
        }
      }),
      { numRuns: 300 },
    );
  });
});
