import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SCOPES, type Scope } from '../security/caller.ts';
import { rightOf } from '../security/rights.ts';
import { createBreakGlassCode } from '../security/sessions/break-glass.ts';
import {
  again,
  anybody,
  aPerson,
  aPersonAgain,
  aPersonOrAccess,
  CALLERS,
  type Rule,
  scoped,
  signedIn,
  type Who,
} from './callers.fixture.ts';
import { proceduresOf } from './procedures.fixture.ts';
import { type TestServer, testServer } from './server.fixture.ts';
import { readOutcome } from './wire.fixture.ts';

/** Every procedure: its rule, and the scope a token needs. A procedure missing here fails the first test. */
const TABLE: Record<string, { rule: Rule; scope: Scope | null }> = {
  'auth.signIn': { rule: anybody, scope: null },
  'auth.breakGlass': { rule: anybody, scope: null },
  'auth.signOut': { rule: aPerson, scope: null },
  'auth.signOutEverywhere': { rule: aPerson, scope: null },
  'auth.me': { rule: signedIn, scope: null },
  'auth.sessions': { rule: aPerson, scope: null },
  'auth.endSession': { rule: aPerson, scope: null },
  'auth.stepUp': { rule: aPersonOrAccess, scope: null },
  'backups.create': { rule: scoped, scope: 'backups:create' },
  'backups.list': { rule: scoped, scope: 'backups:read' },
  'backups.get': { rule: scoped, scope: 'backups:read' },
  'backups.rows': { rule: scoped, scope: 'backups:read' },
  'backups.reveal': { rule: again, scope: 'backups:download' },
  'backups.find': { rule: scoped, scope: 'backups:read' },
  'backups.findPeople': { rule: again, scope: 'backups:download' },
  'backups.annotate': { rule: scoped, scope: 'backups:annotate' },
  'backups.pin': { rule: scoped, scope: 'backups:annotate' },
  'backups.unpin': { rule: scoped, scope: 'backups:annotate' },
  'backups.verify': { rule: scoped, scope: 'backups:verify' },
  'backups.remove': { rule: again, scope: 'backups:delete' },
  'backups.downloadLink': { rule: again, scope: 'backups:download' },
  'restores.plan': { rule: scoped, scope: 'restores:run' },
  'restores.differences': { rule: scoped, scope: 'restores:run' },
  'restores.revealDifferences': { rule: again, scope: 'backups:download' },
  'restores.start': { rule: again, scope: 'restores:run' },
  'operations.list': { rule: scoped, scope: 'operations:read' },
  'operations.get': { rule: scoped, scope: 'operations:read' },
  'operations.cancel': { rule: scoped, scope: 'operations:cancel' },
  'operations.progress': { rule: scoped, scope: 'operations:read' },
  'uploads.list': { rule: scoped, scope: 'uploads:create' },
  'uploads.get': { rule: scoped, scope: 'uploads:create' },
  'uploads.accept': { rule: scoped, scope: 'uploads:create' },
  'uploads.remove': { rule: scoped, scope: 'uploads:create' },
  'tokens.list': { rule: scoped, scope: 'tokens:manage' },
  'tokens.create': { rule: aPersonAgain, scope: 'tokens:manage' },
  'tokens.revoke': { rule: scoped, scope: 'tokens:manage' },
  'audit.list': { rule: scoped, scope: 'audit:read' },
  'audit.verify': { rule: scoped, scope: 'audit:read' },
  'system.status': { rule: scoped, scope: 'system:read' },
};

let server: TestServer;
let admins: Record<'VIEWER' | 'HR_MANAGER' | 'ADMIN' | 'SUPER_ADMIN' | 'inactive', string>;
beforeAll(async () => {
  server = await testServer();
  const add = async (role: string, isActive = true) => (await server.admin(role, { isActive })).id;
  admins = {
    VIEWER: await add('VIEWER'),
    HR_MANAGER: await add('HR_MANAGER'),
    ADMIN: await add('ADMIN'),
    SUPER_ADMIN: await add('SUPER_ADMIN'),
    inactive: await add('SUPER_ADMIN', false),
  };
});
afterAll(() => server[Symbol.asyncDispose]());

async function tokenOf(scopes: Scope[], revoked = false): Promise<string> {
  const { caller } = await server.readCaller(
    new Headers({ cookie: await server.session(admins.SUPER_ADMIN) }),
    '127.0.0.1',
  );
  if (caller.kind !== 'session') throw new Error('no session');
  const { token, info } = await server.parts.tokens.create(caller, { name: 'test', scopes, expiresInDays: 1 });
  if (revoked) await server.parts.tokens.revoke(info.id, 'test');
  return token;
}

async function accessToken(steppedUp: boolean): Promise<string> {
  const cookie = await server.session(admins.SUPER_ADMIN, { steppedUp });
  const { caller } = await server.readCaller(new Headers({ cookie }), '127.0.0.1');
  if (caller.kind !== 'session') throw new Error('no session');
  return (await server.parts.tokens.issueAccess(caller)).token;
}

/** Signs in with a code from the server's own machine. */
async function breakGlassSession(): Promise<string> {
  const { records, sessions, now } = server.parts;
  const { code } = await createBreakGlassCode({ records, now }, 'a test');
  const { sessionId } = await sessions.enterByBreakGlass(code, '127.0.0.1', 'a test');
  return sessions.cookies.set(sessionId).split(';')[0] ?? '';
}

async function headersOf(who: Who, scope: Scope | null): Promise<Record<string, string>> {
  const bearer = async (scopes: Scope[], revoked = false) => ({
    authorization: `Bearer ${await tokenOf(scopes, revoked)}`,
  });
  switch (who) {
    case 'nobody':
      return {};
    case 'VIEWER':
    case 'HR_MANAGER':
    case 'ADMIN':
    case 'SUPER_ADMIN':
      return { cookie: await server.session(admins[who]) };
    case 'SUPER_ADMIN with his password given again':
      return { cookie: await server.session(admins.SUPER_ADMIN, { steppedUp: true }) };
    case 'inactive SUPER_ADMIN':
      return { cookie: await server.session(admins.inactive, { steppedUp: true }) };
    case 'expired session':
      return { cookie: await server.session(admins.SUPER_ADMIN, { expired: true, steppedUp: true }) };
    case 'access token taken at sign-in':
      return { authorization: `Bearer ${await accessToken(false)}` };
    case 'access token with the password given again':
      return { authorization: `Bearer ${await accessToken(true)}` };
    case 'break-glass session':
      return { cookie: await breakGlassSession() };
    case 'a token nobody made':
      return { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.' };
    case 'revoked token':
      return bearer([...SCOPES], true);
    case 'token without the scope':
      return bearer(SCOPES.filter((one) => one !== scope));
    case 'token with the scope':
      return bearer(scope === null ? ['backups:read'] : [scope]);
  }
}

const procedures = () => proceduresOf(server.parts);

test('the permission table names every procedure there is, and none that is not', () => {
  expect(
    procedures()
      .map(({ path }) => path)
      .toSorted(),
  ).toEqual(Object.keys(TABLE).toSorted());
});

test('every procedure says who may call it', () => {
  for (const { path } of procedures())
    expect([path, rightOf(path)]).toEqual([path, expect.objectContaining({ scope: expect.any(String) })]);
});

for (const [path, { rule, scope }] of Object.entries(TABLE)) {
  describe(path, () => {
    for (const who of CALLERS) {
      test(`${who}: ${rule(who, scope)}`, async () => {
        const found = procedures().find((one) => one.path === path);
        // No procedure accepts this input: callers with the right get INPUT_INVALID, and nothing happens.
        const input = JSON.stringify({ nonsense: true });
        const url = new URL(`${server.url}/trpc/${path}`);
        const isMutation = found?.type === 'mutation';
        if (!isMutation) url.searchParams.set('input', input);
        const response = await fetch(url, {
          method: isMutation ? 'POST' : 'GET',
          headers: { ...(await headersOf(who, scope)), ...(isMutation && { 'content-type': 'application/json' }) },
          ...(isMutation && { body: input }),
        });
        const outcome = await readOutcome(response);
        const denied = ['UNAUTHENTICATED', 'FORBIDDEN', 'STEP_UP_REQUIRED'].includes(outcome.code ?? '');
        expect({ verdict: denied ? outcome.code : 'may', code: outcome.code }).toEqual({
          verdict: rule(who, scope),
          code: outcome.code,
        });
        expect([null, 'INPUT_INVALID', 'UNAUTHENTICATED', 'FORBIDDEN', 'STEP_UP_REQUIRED']).toContain(outcome.code);
      });
    }
  });
}
