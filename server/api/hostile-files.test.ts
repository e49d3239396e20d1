import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { inspectRoutes } from 'hono/dev';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { forEachConcurrent } from '../core/concurrent-map.ts';
import { asCaller, type FilesServer, filesServer } from '../files/files.fixture.ts';
import { fileRoutes } from '../files/files.ts';
import { createAudit } from '../security/audit/audit.ts';
import { createTokens } from '../security/tokens/tokens.ts';
import { readOutcome } from './wire.fixture.ts';

let server: FilesServer;
const wrong: unknown[] = [];
const logged = console.error;
beforeAll(async () => {
  server = await filesServer();
  // The real audit: faulty requests must be written to it, too.
  const { records, now } = server.parts;
  server.parts.audit = createAudit({ records, now });
  const tokens = createTokens({
    records,
    now,
    issuer: server.url,
    secretKey: 'a secret key of at least thirty-two characters',
  });
  server.parts.readLink = tokens.readLink;
  console.error = (...words: unknown[]) => void wrong.push(words);
});
afterAll(async () => {
  console.error = logged;
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  wrong.length = 0;
});

/**
 * Every route by its pattern, with the query parameters and headers it reads; a route missing here fails the first
 * test.
 */
const ROUTES: Record<string, { words: string[]; headers: string[] }> = {
  '/api/uploads': { words: ['name', 'accept'], headers: ['X-File-Name', 'Content-Range'] },
  '/api/uploads/tus': {
    words: [],
    headers: [
      'Tus-Resumable',
      'Upload-Length',
      'Upload-Metadata',
      'Upload-Defer-Length',
      'Upload-Concat',
      'X-HTTP-Method-Override',
    ],
  },
  '/api/uploads/tus/:upload': {
    words: [],
    headers: ['Tus-Resumable', 'Upload-Offset', 'Upload-Length', 'Upload-Checksum'],
  },
  '/api/backups/:id/download': {
    words: ['format', 'token'],
    headers: ['Range', 'If-Range', 'If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since'],
  },
  '/api/audit.csv': {
    words: ['actor', 'action', 'outcome', 'code', 'target', 'operationId', 'address', 'search', 'from', 'to'],
    headers: [],
  },
};
const EVERYWHERE = [
  'User-Agent',
  'Accept',
  'Accept-Encoding',
  'Origin',
  'Cookie',
  'X-Forwarded-For',
  'X-Request-Id',
  'Last-Event-ID',
];

const LONG = 'x'.repeat(10_000);
/** Path parameters, encoded as in an address. */
const IN_ADDRESS = [
  '',
  '%00',
  'a%00b',
  '%0a',
  '%ed%a0%80',
  '%ff',
  '%',
  '%zz',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e',
  '__proto__',
  '%F0%9F%98%80',
  LONG,
];
const IN_HEADER = [
  '',
  '%00',
  'a%00b',
  '%ff',
  '%',
  'a\u0080b',
  '\u00ff\u00fe',
  '\t',
  '-1',
  '9'.repeat(400),
  '1e999',
  '*',
  ',,,',
  '"',
  'bytes=',
  'x '.repeat(4000),
  LONG,
];

const routes = () => inspectRoutes(fileRoutes(server.parts)).filter(({ isMiddleware }) => !isMiddleware);

function requests(): { method: string; target: string; headers: Record<string, string> }[] {
  return routes().flatMap(({ method, path }) => {
    const { words, headers } = ROUTES[path] ?? { words: [], headers: [] };
    const named = path.replace(/:\w+/, 'some.zip');
    // A worker would accept the upload, which is not tested here.
    const later = path === '/api/uploads' ? 'accept=later&' : '';
    const read = [...headers, ...(method === 'GET' ? EVERYWHERE : [])];
    return [
      ...IN_ADDRESS.flatMap((value) => [
        ...(path.includes(':') ? [{ method, target: path.replace(/:\w+/, value), headers: {} }] : []),
        ...[...words, value.slice(0, 20)].map((word) => ({
          method,
          target: `${named}?${later}${word}=${value}`,
          headers: {},
        })),
      ]),
      ...read.flatMap((header) =>
        IN_HEADER.map((value) => ({ method, target: `${named}?${later}`, headers: { [header]: value } })),
      ),
    ];
  });
}

test('every route of bytes is in the table', () => {
  const paths = new Set(routes().map(({ path }) => path));
  expect([...paths].toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});

test('no address and no header makes a route of bytes fail in a way it did not foresee, and nothing of it reaches stderr', async () => {
  const bad: unknown[] = [];
  const all = requests().filter((_, index) => index % campaign(3, 1) === 0);
  await forEachConcurrent(8, all, async ({ method, target, headers }) => {
    const response = await fetch(`${server.url}${target}`, { method, headers: { ...asCaller(), ...headers } });
    const { status } = response;
    const text = await response.text();
    if (status < 400) return;
    // The runtime itself answers heads that are too long, and addresses of none of our routes.
    const isOurs = text === '' || text === '404 Not Found' || /"code":"(?!UNEXPECTED)[A-Z_]+"/.test(text);
    if ((status >= 500 && status !== 501) || !isOurs)
      bad.push([method, target.slice(0, 80), headers, status, text.slice(0, 200)]);
  });
  expect(bad).toEqual([]);
  expect(wrong).toEqual([]);
  expect(all.length).toBeGreaterThan(300);
});

test('what a query holds that is no text is told with 400 before the first byte', async () => {
  const refused = async (method: string, target: string) => {
    const response = await fetch(`${server.url}${target}`, { method, headers: asCaller() });
    const { status, code } = await readOutcome(response);
    return [target, status, code];
  };
  for (const [path, { words }] of Object.entries(ROUTES))
    for (const word of words.filter((one) => one !== 'accept' && one !== 'token'))
      for (const value of ['a%00b', '%0a']) {
        const target = `${path.replace(/:\w+/, 'some.zip')}?${word}=${value}`;
        const method = path === '/api/uploads' ? 'PUT' : 'GET';
        if (path.includes('download')) continue;
        expect(await refused(method, target)).toEqual([target, 400, 'INPUT_INVALID']);
      }
});
