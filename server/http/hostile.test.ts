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

/** The smuggled request, which a second reader might take for one of its own. */
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';
const MEANT = 'a body where none is usual';
const post = (...headers: string[]) =>
  `POST /healthz HTTP/1.1\r\nHost: x\r\n${headers.map((one) => `${one}\r\n`).join('')}`;
const chunked = 'Transfer-Encoding: chunked';
const END = '0\r\n\r\n';
const SIZE = HIDDEN.length;
/** Description, head, and the bytes between the head and the hidden request. */
const SMUGGLED: [string, string, string?][] = [
  ['a length and chunks', post(`Content-Length: ${SIZE + END.length}`, chunked), END],
  ['chunks and a length', post(chunked, 'Content-Length: 4'), `${SIZE.toString(16)}\r\n`],
  ['two lengths', post('Content-Length: 0', `Content-Length: ${SIZE}`)],
  ['two lengths, the longer first', post(`Content-Length: ${SIZE}`, 'Content-Length: 0')],
  ...[`0, ${SIZE}`, '+0', '0x0', '-1', '0 0', '', '1e1', '0;', '18446744073709551616', '\u00b2'].map(
    (length): [string, string] => [`the length "${length}"`, post(`Content-Length: ${length}`)],
  ),
  ['a length before a space', post('Content-Length : 0')],
  [MEANT, `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${SIZE}\r\n`],
  ...[
    'xchunked',
    'identity',
    'chunked, identity',
    'identity, chunked',
    'chunked, chunked',
    'gzip, chunked',
    '"chunked"',
    '\u000bchunked',
    ' chunked;x=1',
    'chunked\u00a0',
    '',
  ].map((coding): [string, string, string] => [
    `the coding "${coding}"`,
    post(`Transfer-Encoding: ${coding}`, 'Content-Length: 0'),
    END,
  ]),
  ['two codings', post(chunked, 'Transfer-Encoding: identity'), END],
  ['a coding after a tab', post('Transfer-Encoding:\tchunked', 'Content-Length: 5'), END],
  ['a coding before a space', post('Transfer-Encoding : chunked'), END],
  ['a coding in capitals', post('TRANSFER-ENCODING: CHUNKED', 'Content-Length: 5'), END],
  ['a coding on the next line', post('Transfer-Encoding:', ' chunked', 'Content-Length: 5'), END],
  ['chunks in HTTP/1.0', post(chunked).replace('HTTP/1.1', 'HTTP/1.0'), END],
  ...['+0', '-0', '0x0', '10000000000000000', 'g', ' 0', '0 '].map((size): [string, string, string] => [
    `a chunk of the size "${size}"`,
    post(chunked),
    `${size}\r\n\r\n`,
  ]),
  ['a chunk whose extension breaks the line', post(chunked), '0;a\nb\r\n\r\n'],
  ['chunks ended by bare line feeds', post(chunked), '0\n\n'],
  ['a head of bare line feeds', post().replaceAll('\r\n', '\n')],
  ['a bare carriage return', 'GET /healthz HTTP/1.1\r\nHost: x\rX: y\r\n'],
  ['a folded first header', 'GET /healthz HTTP/1.1\r\n X: y\r\nHost: x\r\n'],
  ['a header without a colon', 'GET /healthz HTTP/1.1\r\nHost: x\r\nNonsense\r\n'],
  ['a header without a name', 'GET /healthz HTTP/1.1\r\nHost: x\r\n: x\r\n'],
  ['a NUL in a header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n'],
  ['a space in a name', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX Y: z\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n'],
  ['no version', 'GET /healthz\r\n'],
  ['a version nobody has', 'GET /healthz HTTP/9.9\r\nHost: x\r\n'],
  ['a space in the address', 'GET /health z HTTP/1.1\r\nHost: x\r\n'],
  ['tabs in the first line', 'GET\t/healthz\tHTTP/1.1\r\nHost: x\r\n'],
  ['an address for a proxy', 'GET evil.example:80 HTTP/1.1\r\nHost: x\r\n'],
  ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n'],
  ['a method in small letters', 'get /healthz HTTP/1.1\r\nHost: x\r\n'],
];

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
      'GET /healthz HTTP/1.1\r\nHost: x\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: localhost, x\r\nConnection: close\r\n\r\n',
      'GET /api/who HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good-token\r\nAuthorization: Bearer good-token\r\nConnection: close\r\n\r\n',
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

  for (const [what, head, rest = ''] of SMUGGLED)
    test(`one request is not taken for two, nor two for one: ${what}`, async () => {
      await using app = serve();
      const answer = await raw(app.url, `${head}\r\n${rest}${HIDDEN}`);
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
      // A request with an acceptable head may be answered, but the rest must end the connection.
      expect(statuses.length).toBeLessThanOrEqual(2);
      for (const status of statuses.slice(-1)) expect(status === 200 ? what : status).toBeOneOf([MEANT, 400, 405, 505]);
      expect(app.lines.join()).not.toContain('hidden');
      expect(answer).not.toContain('Not Found');
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
