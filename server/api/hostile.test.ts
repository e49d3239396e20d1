import { afterAll, beforeAll, expect, test } from 'bun:test';
import fc from 'fast-check';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { oddNames } from '../storage/odd-names.fixture.ts';
import { proceduresOf } from './procedures.fixture.ts';
import { PASSWORD, type TestServer, testServer } from './server.fixture.ts';
import { type Outcome, readOutcome } from './wire.fixture.ts';

let server: TestServer;
let cookie: string;
beforeAll(async () => {
  server = await testServer();
  cookie = await server.session((await server.admin('SUPER_ADMIN')).id, { steppedUp: true });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Longest head that reaches the program: Bun itself refuses heads above 16 KiB with an empty 431. */
const REACHES_THE_PROGRAM = 15_000;
/** Calls that work without any input and would take effect. */
const HARMFUL = new Set(['auth.signOut', 'auth.signOutEverywhere', 'backups.create']);

const HOSTILE = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '/etc/passwd',
  'C:\\windows',
  'a.zip\0',
  '__proto__',
  'constructor',
  "'; DROP TABLE admins; --",
  '<script>alert(1)</script>',
  '%00',
  '%2e%2e%2f',
  '\ud800',
  '\u202e',
  '😀'.repeat(50),
  'x'.repeat(5000),
  '-1',
  'NaN',
  '1e999',
  'null',
  '$1',
  '{{7*7}}',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '2026-02-30T00:00:00Z',
  '9'.repeat(400),
];
const text = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 40 }));
const number = fc.oneof(fc.double(), fc.constantFrom(-1, 0, 0.5, 2 ** 31, 2 ** 53, 1e308));
const value = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 2 }),
);
/** Generates inputs of a procedure: anything at all, or its own members with any values, mostly texts. */
function inputOf(words: readonly string[]) {
  const own = fc.record(Object.fromEntries(words.map((word) => [word, fc.oneof(text, text, value)])), {
    requiredKeys: [],
  });
  return fc.oneof(fc.jsonValue({ maxDepth: 3 }), own, own, own);
}

/** Throws unless a failure has our shape, is no 500 and reveals nothing internal. */
function refuseLeaks({ status, text: body, failure }: Outcome, what: string): void {
  const context = `${what} -> ${status} ${body.slice(0, 300)}`;
  if (status >= 500 || failure?.code === 'UNEXPECTED') throw new Error(context);
  if (status >= 400 && (!failure?.code || !failure.message || !failure.timestamp))
    throw new Error(`not our shape: ${context}`);
  if (/"stack"|node_modules|\.ts:\d|postgres:\/\/[^"]*:[^"]*@|palace_owner/.test(body) || body.includes(PASSWORD))
    throw new Error(`leaks: ${context}`);
}

async function send(path: string, init: RequestInit & { query?: string } = {}): Promise<Outcome> {
  const { query = '', ...rest } = init;
  const response = await fetch(`${server.url}/trpc/${path}${query}`, {
    ...rest,
    headers: { cookie, ...Object.fromEntries(new Headers(rest.headers)) },
    signal: AbortSignal.timeout(30_000),
  });
  return readOutcome(response);
}

test('no input makes a procedure fail in a way it did not foresee, or say what it should not', async () => {
  for (const { path, type, words } of proceduresOf(server.parts)) {
    if (HARMFUL.has(path)) continue;
    await fc.assert(
      fc.asyncProperty(inputOf(words), async (given) => {
        const json = JSON.stringify(given);
        const query = `?input=${encodeURIComponent(json.toWellFormed())}`;
        fc.pre(type === 'mutation' || query.length < REACHES_THE_PROGRAM);
        const outcome =
          type === 'mutation'
            ? await send(path, { method: 'POST', body: json, headers: { 'content-type': 'application/json' } })
            : await send(path, { query });
        refuseLeaks(outcome, `${path} ${json}`);
      }),
      { numRuns: 40 },
    );
  }
});

test('no place that takes text takes a NUL, half a character, or a text without an end: each is told by its name, with 400', async () => {
  const before = server.log.length;
  const taken: string[] = [];
  let asked = 0;
  for (const { path, type, texts } of proceduresOf(server.parts))
    for (const field of texts)
      for (const [what, text] of Object.entries({
        'a NUL': 'a\0b',
        'half a character': 'a\ud800b',
        'the other half': '\udc00',
        'a text without an end': 'x'.repeat(10_000),
      })) {
        const json = JSON.stringify(field.around(text));
        const outcome =
          type === 'mutation'
            ? await send(path, { method: 'POST', body: json, headers: { 'content-type': 'application/json' } })
            : await send(path, { query: `?input=${encodeURIComponent(json)}` });
        refuseLeaks(outcome, `${path} ${field.path.join('.')} ${what}`);
        asked += 1;
        const issues = (outcome.failure?.details?.['issues'] ?? []) as { path: string }[];
        // For a union, the place above is named.
        const isNamed = issues.some(
          ({ path: named }) => named !== '' && `${field.path.join('.')}.`.startsWith(`${named}.`),
        );
        // The head of an event stream is sent before its failure.
        const status = type === 'subscription' ? 200 : 400;
        if (outcome.status !== status || outcome.code !== 'INPUT_INVALID' || !isNamed)
          taken.push(`${path} ${field.path.join('.')}: ${what} -> ${outcome.status} ${outcome.code}`);
      }
  expect(taken).toEqual([]);
  expect(asked).toBeGreaterThan(200);
  expect(server.log.slice(before).filter(({ level }) => level === 'error')).toEqual([]);
});

test('no name that is none is given to a backup, or finds one', async () => {
  const post = (path: string, input: object) =>
    send(path, { method: 'POST', body: JSON.stringify(input), headers: { 'content-type': 'application/json' } });
  const names = oddNames().filter((_, index) => index % campaign(17, 1) === 0);
  for (const name of names) {
    const made = await post('backups.create', { name, verify: false });
    expect([name, made.status, made.code]).toEqual([name, 400, 'INPUT_INVALID']);
    for (const path of ['backups.remove', 'backups.pin']) {
      const found = await post(path, { id: name });
      expect([name, path, [400, 404].includes(found.status)]).toEqual([name, path, true]);
      expect(['INPUT_INVALID', 'NOT_FOUND']).toContain(found.code ?? '');
    }
  }
  expect(await server.storage.list()).toEqual([]);
});

test('no request makes the procedures’ route fail in a way it did not foresee', async () => {
  const path = fc.oneof(
    fc.constantFrom(
      '',
      '__proto__',
      'constructor',
      'backups',
      'backups.constructor',
      'backups.list.call',
      'auth.me,__proto__',
      ',,,',
      'backups/list',
      'auth.me%00',
      '%',
      '%ff',
      'toString',
      '_def',
      'backups._def',
      'x'.repeat(3000),
    ),
    fc.string({ maxLength: 20 }).map(encodeURIComponentSafely),
  );
  const query = fc.oneof(
    fc.constantFrom(
      '',
      '?batch=1',
      '?batch=1&input=[]',
      '?batch=1&input=7',
      '?batch=1&input={"0":null}',
      '?input=%',
      '?input={',
      '?input=%00',
      '?connectionParams=7',
      '?connectionParams={',
      `?input=${'['.repeat(3000)}`,
      '?lastEventId=%0a%0did:7',
      '?input={"__proto__":{"id":"x"}}',
    ),
    fc.string({ maxLength: 20 }).map((any) => `?input=${encodeURIComponentSafely(any)}`),
  );
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS');
  const type = fc.constantFrom(
    'application/json',
    'text/plain',
    'multipart/form-data',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'nonsense',
  );
  const body = fc.oneof(
    fc.constantFrom(
      '',
      '{',
      'null',
      '[]',
      '{"0":{}}',
      '['.repeat(20_000),
      '{"__proto__":{"scope":"public"}}',
      '--x\r\n\r\n--x--',
      '"\\ud800"',
    ),
    fc.string({ maxLength: 50 }),
  );
  const extra = fc.constantFrom(
    {},
    { 'trpc-accept': 'application/jsonl' },
    { accept: 'text/event-stream' },
    { 'last-event-id': '-1' },
    { 'last-event-id': 'x'.repeat(2000) },
  );
  await fc.assert(
    fc.asyncProperty(path, query, method, type, body, extra, async (where, how, verb, contentType, sent, headers) => {
      if (HARMFUL.has(where)) return;
      const init = verb === 'GET' ? {} : { body: sent };
      const outcome = await send(where, {
        ...init,
        method: verb,
        query: how,
        headers: { ...headers, 'content-type': contentType },
      });
      refuseLeaks(outcome, `${verb} /trpc/${where}${how} ${contentType} ${sent}`);
    }),
    { numRuns: 1500 },
  );
});

function encodeURIComponentSafely(any: string): string {
  return encodeURIComponent(any.toWellFormed());
}

test('every procedure that takes a name either writes no file or refuses one that says another format', async () => {
  const named = proceduresOf(server.parts).flatMap(({ path, words }) => (words.includes('name') ? [path] : []));
  const WRITES_NO_FILE = ['tokens.create'];
  expect(named.toSorted()).toEqual(['backups.create', ...WRITES_NO_FILE]);
  for (const name of ['w.json', 'w.json.gz', 'w.zip.age', 'w.tar']) {
    const headers = { 'content-type': 'application/json' };
    const outcome = await send('backups.create', { method: 'POST', body: JSON.stringify({ name }), headers });
    expect([name, outcome.code, outcome.failure?.hint]).toEqual([
      name,
      'NAME_INVALID',
      expect.stringContaining('Call it w, which makes w.zip; '),
    ]);
  }
});
