import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { inspectRoutes } from 'hono/dev';
import { openRecords } from '../../db/system/records.ts';
import { again, anybody, CALLERS, open, type Rule, scoped, type Who } from '../api/callers.fixture.ts';
import { readOutcome } from '../api/wire.fixture.ts';
import { composeServer } from '../process/start-server.ts';
import { SCOPES, type Scope } from '../security/caller.ts';
import { createBreakGlassCode } from '../security/sessions/break-glass.ts';
import { DEMO_PASSWORD, type Person, type System, signIn, startSystem } from './system.fixture.ts';

/** Refuses everybody: `METRICS_TOKEN` alone opens it. */
const scraper: Rule = () => 'UNAUTHENTICATED';

interface Route {
  rule: Rule;
  scope?: Scope;
  /** The request that is sent. */
  ask: { method?: string; path: () => string; headers?: Record<string, string>; body?: string };
  /** What is answered to those who may. */
  status: number;
}

let backup = '';
let link = '';
const download = (query = '') => `/api/backups/${backup}/download${query}`;
const tus = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '10' };
const UPLOAD = '/api/uploads/tus/0e8c2b1a-0000-4000-8000-000000000000';
const uploading = { rule: scoped, scope: 'uploads:create' } as const;
const downloading = { rule: again, scope: 'backups:download' } as const;
const only = (path: string, method = 'GET') => ({ method, path: () => path });

/** Every route by method and pattern, most of them once; those with several doors once for each. Inputs change nothing. */
const TABLE: Record<string, Route[]> = {
  'GET /': [{ rule: open, ask: only('/'), status: 200 }],
  'ALL /': [{ rule: open, ask: only('/', 'POST'), status: 405 }],
  'GET /healthz': [{ rule: open, ask: only('/healthz'), status: 200 }],
  'ALL /healthz': [{ rule: open, ask: only('/healthz', 'DELETE'), status: 405 }],
  'GET /readyz': [{ rule: open, ask: only('/readyz'), status: 200 }],
  'ALL /readyz': [{ rule: open, ask: only('/readyz', 'PUT'), status: 405 }],
  'GET /metrics': [
    { rule: scraper, ask: only('/metrics'), status: 200 },
    { rule: scraper, ask: only('/metrics', 'HEAD'), status: 200 },
  ],
  'ALL /metrics': [{ rule: open, ask: only('/metrics', 'POST'), status: 405 }],
  'GET /.well-known/jwks.json': [{ rule: open, ask: only('/.well-known/jwks.json'), status: 200 }],
  'ALL /.well-known/jwks.json': [{ rule: open, ask: only('/.well-known/jwks.json', 'POST'), status: 405 }],
  // Each procedure has a row of its own in server/api/permissions.test.ts.
  'ALL /trpc/*': [{ rule: anybody, ask: only('/trpc/no.such.procedure'), status: 404 }],
  'PUT /api/uploads': [
    {
      ...uploading,
      ask: { method: 'PUT', path: () => '/api/uploads', headers: { 'Content-Range': 'bytes 0-1/2' } },
      status: 400,
    },
  ],
  'POST /api/uploads/tus': [
    {
      ...uploading,
      ask: { method: 'POST', path: () => '/api/uploads/tus', headers: { 'Tus-Resumable': '0.1' } },
      status: 400,
    },
  ],
  'OPTIONS /api/uploads/tus': [{ ...uploading, ask: only('/api/uploads/tus', 'OPTIONS'), status: 204 }],
  'GET /api/uploads/tus': [{ ...uploading, ask: only('/api/uploads/tus'), status: 404 }],
  'PATCH /api/uploads/tus': [
    { ...uploading, ask: { method: 'PATCH', path: () => '/api/uploads/tus', headers: tus }, status: 404 },
  ],
  'DELETE /api/uploads/tus': [
    { ...uploading, ask: { method: 'DELETE', path: () => '/api/uploads/tus', headers: tus }, status: 404 },
  ],
  'GET /api/uploads/tus/:upload': [
    { ...uploading, ask: only(UPLOAD), status: 404 },
    { ...uploading, ask: only(UPLOAD, 'HEAD'), status: 404 },
  ],
  'POST /api/uploads/tus/:upload': [{ ...uploading, ask: { ...only(UPLOAD, 'POST'), headers: tus }, status: 404 }],
  'PATCH /api/uploads/tus/:upload': [{ ...uploading, ask: { ...only(UPLOAD, 'PATCH'), headers: tus }, status: 404 }],
  'DELETE /api/uploads/tus/:upload': [{ ...uploading, ask: { ...only(UPLOAD, 'DELETE'), headers: tus }, status: 404 }],
  'OPTIONS /api/uploads/tus/:upload': [{ ...uploading, ask: only(UPLOAD, 'OPTIONS'), status: 404 }],
  'GET /api/backups/:id/download': [
    { ...downloading, ask: { path: () => download() }, status: 200 },
    { ...downloading, ask: { method: 'HEAD', path: () => download() }, status: 200 },
    { ...downloading, ask: { path: () => download(), headers: { Range: 'bytes=0-3' } }, status: 206 },
    { ...downloading, ask: { path: () => download('?format=json') }, status: 200 },
    { ...downloading, ask: { path: () => '/api/backups/no-such.zip/download' }, status: 404 },
    // The signed link alone decides, whoever brings it.
    { rule: anybody, ask: { path: () => link }, status: 200 },
    { rule: () => 'UNAUTHENTICATED', ask: { path: () => download('?token=eyJhbGciOiJub25lIn0.e30.') }, status: 200 },
  ],
  'GET /api/audit.csv': [
    { rule: again, scope: 'audit:read', ask: only('/api/audit.csv'), status: 200 },
    { rule: again, scope: 'audit:read', ask: only('/api/audit.csv', 'HEAD'), status: 200 },
  ],
};

const METRICS_TOKEN = 'what-the-scraper-sends';
let system: System;
let callers: Map<string, Record<string, string>>;
beforeAll(async () => {
  system = await startSystem({ staff: 10, settings: { METRICS_TOKEN } });
  const owner = await system.signIn();
  const { operation } = (await owner.client.backups.create.mutate({ verify: false })).data;
  backup = (await owner.client.wait(operation.id)).archive ?? '';
  await owner.client.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  link = (await owner.client.backups.downloadLink.mutate({ id: backup })).data.url;
  callers = await everybody();
});
afterAll(() => system[Symbol.asyncDispose]());

/** Returns the headers of each caller; of tokens for each scope. All of them came in by the front door. */
async function everybody(): Promise<Map<string, Record<string, string>>> {
  const { database } = system;
  const hash = await Bun.password.hash(DEMO_PASSWORD, { algorithm: 'bcrypt', cost: 4 });
  const enter = async (id: string, role: string): Promise<Person> => {
    await database.query(
      `INSERT INTO admins (id, email, password, "fullName", role, "updatedAt") VALUES ($1, $2, $3, 'A Person', $4, now())`,
      [id, `${id}@owu.test`, hash, role],
    );
    return signIn(system.url, `${id}@owu.test`, DEMO_PASSWORD);
  };
  const found = new Map<string, Record<string, string>>([['nobody', {}]]);
  const person = (who: Who, { cookie }: Person) => found.set(who, { Cookie: cookie, Origin: system.url });
  for (const role of ['VIEWER', 'HR_MANAGER', 'ADMIN', 'SUPER_ADMIN'] as const) person(role, await enter(role, role));

  const maria = await enter('maria', 'SUPER_ADMIN');
  await maria.client.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  person('SUPER_ADMIN with his password given again', maria);

  const inactive = await enter('inactive', 'SUPER_ADMIN');
  await inactive.client.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  await database.query(`UPDATE admins SET "isActive" = false WHERE id = 'inactive'`);
  // What was last read of him is not so fresh any more that it counts without asking.
  await database.query(
    `UPDATE backup_system.sessions SET checked_at = now() - interval '1 min' WHERE admin_id = 'inactive'`,
  );
  person('inactive SUPER_ADMIN', inactive);

  const expired = await enter('expired', 'SUPER_ADMIN');
  await database.query(`UPDATE backup_system.sessions SET expires_at = now() WHERE admin_id = 'expired'`);
  person('expired session', expired);

  const client = openRecords(database.url);
  const { code } = await createBreakGlassCode({ records: client.records, now: () => new Date() }, 'a test');
  await client.close();
  const entered = await fetch(`${system.url}/trpc/auth.breakGlass`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
  found.set('break-glass session', { Cookie: cookie, Origin: system.url });

  const token = async (scopes: Scope[]) =>
    (await maria.client.tokens.create.mutate({ name: 'a test', scopes, expiresInDays: 1 })).data;
  const bearer = (text: string) => ({ Authorization: `Bearer ${text}` });
  for (const scope of new Set(Object.values(TABLE).flatMap((rules) => rules.flatMap((rule) => rule.scope ?? [])))) {
    found.set(`token with the scope ${scope}`, bearer((await token([scope])).token));
    const rest = SCOPES.filter((one) => one !== scope);
    found.set(`token without the scope ${scope}`, bearer((await token(rest)).token));
  }
  found.set('token with the scope undefined', bearer((await token(['backups:read'])).token));
  found.set('token without the scope undefined', bearer((await token(['backups:read'])).token));
  const revoked = await token([...SCOPES]);
  await maria.client.tokens.revoke.mutate({ id: revoked.info.id });
  for (const [who, gives] of [
    ['access token taken at sign-in', false],
    ['access token with the password given again', true],
  ] as const) {
    const headers = await accessToken('SUPER_ADMIN@owu.test');
    if (gives) expect((await order('auth.stepUp', { password: DEMO_PASSWORD }, headers)).status).toBe(200);
    found.set(who, headers);
  }
  found.set('revoked token', bearer(revoked.token));
  found.set('a token nobody made', bearer('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.'));
  return found;
}

const order = (path: string, input: object, headers: Record<string, string> = {}) =>
  fetch(`${system.url}/trpc/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(input),
  });

async function accessToken(email: string): Promise<Record<string, string>> {
  const answer = await order('auth.signIn', { email, password: DEMO_PASSWORD, as: 'token' });
  const { result } = (await answer.json()) as { result: { data: { data: { accessToken: { token: string } } } } };
  return { Authorization: `Bearer ${result.data.data.accessToken.token}` };
}

const headersOf = (who: Who, scope: Scope | undefined) => callers.get(isScoped(who) ? `${who} ${scope}` : who) ?? {};
const isScoped = (who: Who) => who.startsWith('token with');

test('the table names every route the whole server has, and none that it has not', async () => {
  const server = await composeServer({ ...system.config, role: 'api' }, system.database.url);
  try {
    const routes = inspectRoutes(server.app).filter(({ isMiddleware }) => !isMiddleware);
    const there = new Set(routes.map(({ method, path }) => `${method} ${path}`));
    expect([...there].toSorted()).toEqual(Object.keys(TABLE).toSorted());
  } finally {
    server.beginClosing();
    await server.finishWork(0);
    await server.close();
  }
});

for (const [route, rules] of Object.entries(TABLE)) {
  describe(route, () => {
    for (const [index, { rule, scope, ask, status }] of rules.entries()) {
      for (const who of CALLERS) {
        test(`${index + 1}. ${who}: ${rule(who, scope ?? null)}`, async () => {
          const answer = await fetch(new URL(ask.path(), system.url), {
            method: ask.method ?? 'GET',
            headers: { ...ask.headers, ...headersOf(who, scope) },
          });
          const verdict = rule(who, scope ?? null);
          if (verdict === 'may') {
            expect(answer.status).toBe(status);
            await answer.body?.cancel();
            return;
          }
          expect(answer.status).toBe(verdict === 'UNAUTHENTICATED' ? 401 : 403);
          const outcome = await readOutcome(answer);
          if (ask.method !== 'HEAD') expect(outcome.code).toBe(verdict);
          expect(outcome.text).not.toMatch(/\n\s+at /);
        });
      }
    }
  });
}

test('the metrics are read with their own token, which opens nothing else', async () => {
  const headers = { Authorization: `Bearer ${METRICS_TOKEN}` };
  const metrics = await fetch(`${system.url}/metrics`, { headers });
  expect([metrics.status, (await metrics.text()).includes('palace_backup_')]).toEqual([200, true]);
  expect((await fetch(`${system.url}/api/audit.csv`, { headers })).status).toBe(401);
});

test('a signed link opens its own backup only, and no other route', async () => {
  const token = new URL(link, system.url).searchParams.get('token') ?? '';
  const owner = await system.signIn();
  const { operation } = (await owner.client.backups.create.mutate({ verify: false })).data;
  const other = (await owner.client.wait(operation.id)).archive;
  expect((await fetch(`${system.url}/api/backups/${other}/download?token=${token}`)).status).toBe(403);
  expect((await fetch(`${system.url}/api/audit.csv?token=${token}`)).status).toBe(401);
  const bearer = { Authorization: `Bearer ${token}` };
  expect((await fetch(`${system.url}${download()}`, { headers: bearer })).status).toBe(401);
});

test('what a token made is its own by its id: none of the same name has it, nor what was once noted under the name alone', async () => {
  const owner = await system.signIn();
  await owner.client.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  const twin = async () => {
    const scopes: Scope[] = ['uploads:create', 'backups:create'];
    const { token, info } = (await owner.client.tokens.create.mutate({ name: 'twin', scopes, expiresInDays: 1 })).data;
    return { headers: { Authorization: `Bearer ${token}` }, info };
  };
  const [first, second] = [await twin(), await twin()];
  const begun = await fetch(`${system.url}/api/uploads/tus`, { method: 'POST', headers: { ...first.headers, ...tus } });
  const location = new URL(begun.headers.get('location') ?? '', system.url);
  const reach = async ({ headers }: typeof first) =>
    (await fetch(location, { method: 'HEAD', headers: { ...headers, 'Tus-Resumable': '1.0.0' } })).status;
  const ask = async ({ headers }: typeof first) => {
    const answer = await order(
      'backups.create',
      { tables: ['categories'], verify: false, idempotencyKey: 'one' },
      headers,
    );
    const { result } = (await answer.json()) as {
      result: { data: { data: { operation: { id: string }; existing: boolean } } };
    };
    return result.data.data;
  };
  expect([await reach(first), await reach(second)]).toEqual([200, 404]);
  const operation = await ask(first);
  expect([(await ask(first)).existing, (await ask(second)).existing]).toEqual([true, false]);

  const byName = `token twin of ${first.info.email}`;
  const { database } = system;
  await database.query('UPDATE backup_system.uploads SET actor = $1 WHERE id = $2', [
    byName,
    location.pathname.split('/').at(-1),
  ]);
  await database.query('UPDATE backup_system.operations SET actor = $1 WHERE id = $2', [
    byName,
    operation.operation.id,
  ]);
  // Whose they were cannot be told any more. A person with the right sees and removes them.
  expect([await reach(first), await reach(second), await reach(await twin())]).toEqual([404, 404, 404]);
  expect([(await ask(first)).existing, (await ask(await twin())).existing]).toEqual([false, false]);
  const { uploads } = (await owner.client.uploads.list.query({})).data;
  const left = uploads.find(({ actor }) => actor === byName);
  await owner.client.uploads.remove.mutate({ id: left?.id ?? '' });
  expect((await owner.client.uploads.get.query({ id: left?.id ?? '' })).data.state).toBe('refused');
});

test('an unsafe request with a cookie and without an origin of ours is refused on every route that takes one', async () => {
  const { Cookie = '' } = callers.get('SUPER_ADMIN with his password given again') ?? {};
  for (const [method, path] of [
    ['PUT', '/api/uploads'],
    ['POST', '/api/uploads/tus'],
    ['DELETE', UPLOAD],
    ['POST', '/trpc/backups.create'],
  ] as const)
    for (const headers of [{ Cookie }, { Cookie, Origin: 'https://evil.example' }]) {
      const answer = await fetch(`${system.url}${path}`, { method, headers });
      expect([path, answer.status, (await readOutcome(answer)).code]).toEqual([path, 403, 'FORBIDDEN']);
    }
});
