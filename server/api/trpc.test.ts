import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { AppError } from '../core/errors.ts';
import { rateKeyOf } from '../security/rate-key.ts';
import { MAX_BATCH } from './limits.ts';
import { type TestServer, testServer } from './server.fixture.ts';
import { readOutcome } from './wire.fixture.ts';

let server: TestServer;
let cookie: string;
let viewer: string;
const consumed: string[] = [];
let overRate = false;
beforeAll(async () => {
  server = await testServer({
    throttle: {
      async consume(limit, key) {
        consumed.push(`${limit} ${key.split(' ')[0]}`);
        if (overRate) throw new AppError('RATE_LIMITED', 'Too many calls.', { details: { retryAfterSeconds: 6.2 } });
      },
    },
  });
  cookie = await server.session((await server.admin('SUPER_ADMIN')).id, { steppedUp: true });
  viewer = await server.session((await server.admin('VIEWER')).id);
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  consumed.length = 0;
  overRate = false;
});

const ask = (path: string, input?: unknown, headers: Record<string, string> = { cookie }) =>
  fetch(
    `${server.url}/trpc/${path}${input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`}`,
    { headers },
  );
const tell = (path: string, input: unknown, headers: Record<string, string> = { cookie }) =>
  fetch(`${server.url}/trpc/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(input),
  });
/** Returns the rows that a call adds to the audit. */
async function audited(call: () => Promise<Response>) {
  const before = (await server.parts.audit.verify(AbortSignal.timeout(60_000))).rows;
  const outcome = await readOutcome(await call());
  const { rows } = await server.parts.audit.list({ limit: 50 });
  return { outcome, rows: rows.filter(({ id }) => id > before) };
}

describe('the audit has', () => {
  test('a row for a change that was allowed, with what it was about', async () => {
    const { rows } = await audited(() => tell('tokens.revoke', { id: crypto.randomUUID() }));
    expect(rows).toMatchObject([
      { action: 'tokens.revoke', outcome: 'failed', code: 'NOT_FOUND', target: expect.any(String) },
    ]);
    const signOut = await server.session((await server.admin('ADMIN')).id);
    const done = await audited(() => tell('auth.signOut', undefined, { cookie: signOut }));
    expect(done.rows).toMatchObject([
      { action: 'auth.signOut', outcome: 'allowed', code: null, requestId: expect.any(String) },
    ]);
  });

  test('a row for whatever was denied, questions too', async () => {
    const { rows, outcome } = await audited(() => ask('backups.list', {}, { cookie: viewer }));
    expect(outcome).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect(rows).toMatchObject([
      { action: 'backups.list', outcome: 'denied', code: 'FORBIDDEN', address: '127.0.0.1' },
    ]);
    expect((await audited(() => ask('backups.list', {}, {}))).rows).toMatchObject([
      { actor: 'nobody', code: 'UNAUTHENTICATED' },
    ]);
  });

  test('no row for a question that was answered', async () => {
    expect((await audited(() => ask('backups.list', {}))).rows).toEqual([]);
  });

  test('no row for what was over the rate', async () => {
    overRate = true;
    expect((await audited(() => tell('auth.signOut', undefined))).rows).toEqual([]);
  });

  test('the e-mail of a sign-in that failed, never its password', async () => {
    const { rows } = await audited(() =>
      tell('auth.signIn', { email: 'who@owu.test', password: 'hunter2hunter2' }, {}),
    );
    expect(rows).toMatchObject([
      { actor: 'nobody', target: 'who@owu.test', outcome: 'denied', code: 'UNAUTHENTICATED' },
    ]);
    expect(JSON.stringify(rows)).not.toContain('hunter2');
  });

  test('no password that was typed where the e-mail address belongs', async () => {
    const { rows } = await audited(() => tell('auth.signIn', { email: 'hunter2hunter2', password: 'x' }, {}));
    expect(rows).toMatchObject([{ target: 'not an e-mail address', outcome: 'denied' }]);
  });
});

describe('rates', () => {
  test('a stranger with a whole IPv6 network counts as one', () => {
    const key = (address: string) => rateKeyOf({ kind: 'nobody', actor: 'nobody', address });
    expect(key('2001:db8:1:2::1')).toBe(key('2001:db8:1:2:ffff::9'));
    expect(key('2001:db8:1:2::1')).not.toBe(key('2001:db8:1:3::1'));
    expect(key('198.51.100.7')).not.toBe(key('198.51.100.8'));
  });

  test('a call over the rate is 429 and says when to come again', async () => {
    overRate = true;
    const response = await ask('backups.list', {});
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await readOutcome(response)).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
  });

  test('each call of a batch is counted, by who asks and what for', async () => {
    await ask('auth.me,system.status', undefined);
    await fetch(`${server.url}/trpc/auth.me,auth.me?batch=1`, { headers: { cookie } });
    await tell('backups.verify', {});
    await ask('auth.me', undefined, {});
    expect(consumed).toEqual(['api admin', 'api admin', 'create admin', 'public address']);
  });

  test('the rate is consumed before anything else is looked at', async () => {
    overRate = true;
    expect(await readOutcome(await tell('restores.start', 'nonsense', {}))).toMatchObject({ status: 429 });
  });
});

describe('failures', () => {
  test('a time that no database keeps is refused as input', async () => {
    for (const from of ['0000-06-01T00:00:00Z', '0001-01-01T00:00:00+14:00'])
      expect(await readOutcome(await ask('audit.list', { from }))).toMatchObject({
        status: 400,
        code: 'INPUT_INVALID',
      });
  });

  test('input that cannot be used is told place by place, without its values', async () => {
    const { failure, status, text } = await readOutcome(
      await tell('restores.start', { from: { backup: '' }, confirmDatabase: 7, tables: ['staff', 's3cret\u0000'] }),
    );
    expect(status).toBe(400);
    const issues = failure?.details?.['issues'];
    const paths = Array.isArray(issues) ? issues.map((issue) => issue.path) : [];
    expect(failure?.code).toBe('INPUT_INVALID');
    expect(paths).toContain('confirmDatabase');
    expect(paths).toContain('tables.1');
    expect(text).not.toContain('s3cret');
  });

  for (const NODE_ENV of ['development', 'production', 'test']) {
    test(`nothing of an unforeseen error goes out, with NODE_ENV=${NODE_ENV}: the log has its cause`, async () => {
      const before = process.env['NODE_ENV'] ?? 'test';
      process.env['NODE_ENV'] = NODE_ENV;
      const { list } = server.parts.tokens;
      server.parts.tokens.list = () => Promise.reject(new Error('postgres://palace:s3cret@db/hrms is gone'));
      try {
        server.log.length = 0;
        const { status, text, failure } = await readOutcome(await ask('tokens.list'));
        expect(status).toBe(500);
        expect(text).not.toMatch(/s3cret|stack|\.ts:\d/);
        expect([failure?.code, typeof failure?.details?.['requestId']]).toEqual(['UNEXPECTED', 'string']);
        expect(server.log).toMatchObject([
          {
            level: 'error',
            facts: {
              requestId: failure?.details?.['requestId'],
              procedure: 'tokens.list',
              error: { message: expect.stringContaining('is gone') },
            },
          },
        ]);
      } finally {
        server.parts.tokens.list = list;
        process.env['NODE_ENV'] = before;
      }
    });
  }

  test('an answer stays what it was when the audit cannot be written, and the log says so', async () => {
    const { append } = server.parts.audit;
    server.parts.audit.append = () => Promise.reject(new Error('no disk'));
    try {
      server.log.length = 0;
      expect((await readOutcome(await tell('backups.pin', { id: 'none' }))).code).toBe('NOT_FOUND');
      expect(server.log.map(({ level }) => level)).toContain('error');
    } finally {
      server.parts.audit.append = append;
    }
  });

  test('a batch of more calls than the limit is refused', async () => {
    const paths = Array.from({ length: MAX_BATCH + 1 }, () => 'auth.me').join(',');
    expect(
      await readOutcome(await fetch(`${server.url}/trpc/${paths}?batch=1`, { headers: { cookie } })),
    ).toMatchObject({ status: 400, code: 'INPUT_INVALID' });
  });

  test('promise 13: a body of more keys, levels or text than any call has is refused before it is read', async () => {
    const bodies = [
      `[${'{},'.repeat(30_000)}{}]`,
      '['.repeat(100_000),
      `"${'x'.repeat(100_000)}"`,
      '9'.repeat(100_000),
    ];
    for (const body of bodies) {
      const headers = { 'content-type': 'application/json', cookie };
      const answer = await fetch(`${server.url}/trpc/backups.create`, { method: 'POST', headers, body });
      expect(await readOutcome(answer)).toMatchObject({ status: 413, code: 'TOO_LARGE' });
    }
  });

  test('answers are not to be stored by anybody', async () => {
    for (const path of ['auth.me', 'nothing.here', 'operations.progress']) {
      const response = await ask(path);
      expect(response.headers.get('cache-control')).toContain('no-store');
      await response.body?.cancel();
    }
  });
});
