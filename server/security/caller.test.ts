import { describe, expect, test } from 'bun:test';
import { codeThrown } from '../../db/testing/code-of.fixture.ts';
import { authorize, BREAK_GLASS_SCOPES, type Caller, type Requirement, SCOPES } from './caller.ts';
import { RIGHTS } from './rights.ts';
import { scopesOfBreakGlass, scopesOfRole, withoutConfirmation } from './roles.ts';

const now = new Date('2026-11-23T12:00:00Z');
const nobody: Caller = { kind: 'nobody', actor: 'nobody', address: '192.0.2.7' };
const session = (over: Partial<Caller & { kind: 'session' }> = {}): Caller => ({
  kind: 'session',
  actor: 'maria@palace.example',
  sessionKey: 'k',
  adminId: 'maria',
  email: 'maria@palace.example',
  fullName: 'Maria',
  role: 'SUPER_ADMIN',
  scopes: scopesOfRole('SUPER_ADMIN'),
  stepUp: null,
  address: '192.0.2.7',
  ...over,
});
const token = (...scopes: (typeof SCOPES)[number][]): Caller => ({
  kind: 'token',
  actor: 'token nightly of maria@palace.example',
  tokenId: 't',
  access: null,
  adminId: 'maria',
  email: 'maria@palace.example',
  role: 'SUPER_ADMIN',
  scopes: new Set(scopes),
  address: '192.0.2.7',
});
const viewer = session({ role: 'VIEWER', scopes: scopesOfRole('VIEWER') });
const waiting = session({
  scopes: withoutConfirmation(scopesOfRole('SUPER_ADMIN')),
  unconfirmed: scopesOfRole('SUPER_ADMIN'),
});
/** Returns a step-up given `ms` milliseconds from now, for five minutes. */
const given = (ms: number) => ({
  from: new Date(now.getTime() + ms),
  until: new Date(now.getTime() + ms + 300_000),
});
const access = (stepUp: ReturnType<typeof given> | null): Caller => ({
  ...(token(...SCOPES) as Caller & { kind: 'token' }),
  access: { sessionKey: 'k', stepUp },
});

describe('authorize()', () => {
  const table: [string, Caller, Requirement, string | null][] = [
    ['nobody, something public', nobody, { scope: 'public' }, null],
    ['nobody, anything else', nobody, { scope: 'signed in' }, 'UNAUTHENTICATED'],
    ['nobody, a scope', nobody, { scope: 'backups:read' }, 'UNAUTHENTICATED'],
    ['a VIEWER, as somebody', viewer, { scope: 'signed in' }, null],
    ['a VIEWER, a scope', viewer, { scope: 'backups:read' }, 'FORBIDDEN'],
    ['a SUPER_ADMIN, a scope', session(), { scope: 'backups:create' }, null],
    ['a SUPER_ADMIN, without the password', session(), { scope: 'restores:run', stepUp: true }, 'STEP_UP_REQUIRED'],
    [
      'a SUPER_ADMIN, whose password is too long ago',
      session({ stepUp: given(-300_000) }),
      { scope: 'restores:run', stepUp: true },
      'STEP_UP_REQUIRED',
    ],
    [
      'a SUPER_ADMIN, with the password',
      session({ stepUp: given(-299_999) }),
      { scope: 'restores:run', stepUp: true },
      null,
    ],
    [
      'a VIEWER, with the password',
      { ...viewer, stepUp: given(0) } as Caller,
      { scope: 'restores:run', stepUp: true },
      'FORBIDDEN',
    ],
    [
      'a SUPER_ADMIN whose clock was set back since',
      session({ stepUp: given(30_001) }),
      { scope: 'restores:run', stepUp: true },
      'STEP_UP_REQUIRED',
    ],
    [
      'a SUPER_ADMIN asking another server whose clock is a little behind',
      session({ stepUp: given(30_000) }),
      { scope: 'restores:run', stepUp: true },
      null,
    ],
    ['an access token, without the password', access(null), { scope: 'audit:read', stepUp: true }, 'STEP_UP_REQUIRED'],
    ['an access token, with the password', access(given(0)), { scope: 'audit:read', stepUp: true }, null],
    ['an access token, what is a session’s', access(given(0)), { scope: 'signed in', by: 'session' }, 'FORBIDDEN'],
    ['an access token, what is a person’s', access(null), { scope: 'signed in', by: 'person' }, null],
    ['a token, what is a person’s', token(...SCOPES), { scope: 'signed in', by: 'person' }, 'FORBIDDEN'],
    ['a token with the scope', token('restores:run'), { scope: 'restores:run', stepUp: true }, null],
    ['a token without the scope', token('backups:read'), { scope: 'restores:run', stepUp: true }, 'FORBIDDEN'],
    ['one whose role cannot be confirmed, looking', waiting, { scope: 'operations:read' }, null],
    ['one whose role cannot be confirmed, cancelling', waiting, { scope: 'operations:cancel' }, null],
    ['one whose role cannot be confirmed, the rest', waiting, { scope: 'backups:download' }, 'TABLE_BUSY'],
    [
      'a VIEWER whose role cannot be confirmed',
      session({ role: 'VIEWER', scopes: new Set(), unconfirmed: scopesOfRole('VIEWER') }),
      { scope: 'backups:read' },
      'FORBIDDEN',
    ],
  ];
  for (const [who, caller, requirement, code] of table) {
    test(`${who}: ${code ?? 'allowed'}`, () =>
      expect(codeThrown(() => authorize(caller, requirement, now))).toBe(code as never));
  }
});

describe('every right there is', () => {
  const rights: [string, Requirement][] = Object.entries(RIGHTS);
  const scoped = rights.filter(([, { scope }]) => scope !== 'public' && scope !== 'signed in');
  const verdicts = (of: [string, Requirement][], caller: Caller) =>
    of.map(([action, right]) => [action, codeThrown(() => authorize(caller, right, now))]);
  const all = (of: [string, Requirement][], code: string | null) => of.map(([action]) => [action, code]);

  test('that asks for the password takes none that is over, and none that begins later, by session or token of a sign-in', () => {
    const asking = rights.filter(([, { stepUp }]) => stepUp);
    const bySession = asking.filter(([, { by }]) => by === 'session');
    const byAny = asking.filter(([, { by }]) => by === undefined);
    expect(bySession.length + byAny.length).toBe(asking.length);
    for (const stepUp of [null, given(-300_000), given(-86_400_000), given(30_001), given(86_400_000)]) {
      expect(verdicts(asking, session({ stepUp }))).toEqual(all(asking, 'STEP_UP_REQUIRED'));
      expect(verdicts(byAny, access(stepUp))).toEqual(all(byAny, 'STEP_UP_REQUIRED'));
      expect(verdicts(bySession, access(stepUp))).toEqual(all(bySession, 'FORBIDDEN'));
    }
    expect(verdicts(asking, session({ stepUp: given(0) }))).toEqual(all(asking, null));
    expect(verdicts(byAny, access(given(0)))).toEqual(all(byAny, null));
  });

  test('is for no other role, whatever password was given, and for no token that lacks its scope alone', () => {
    for (const role of ['VIEWER', 'HR_MANAGER', 'ADMIN', 'super_admin', '', '__proto__'])
      expect(verdicts(scoped, session({ role, scopes: scopesOfRole(role), stepUp: given(0) }))).toEqual(
        all(scoped, 'FORBIDDEN'),
      );
    for (const one of scoped) {
      const others = SCOPES.filter((scope) => scope !== one[1].scope);
      expect(verdicts([one], token(...others))).toEqual(all([one], 'FORBIDDEN'));
    }
    expect(verdicts(scoped, nobody)).toEqual(all(scoped, 'UNAUTHENTICATED'));
  });
});

test('only a SUPER_ADMIN has scopes, whatever else a role may be called', () => {
  expect([...scopesOfRole('SUPER_ADMIN')]).toEqual([...SCOPES]);
  for (const role of ['ADMIN', 'HR_MANAGER', 'VIEWER', 'BREAK_GLASS', 'super_admin', '', 'constructor'])
    expect(scopesOfRole(role).size).toBe(0);
  expect([...scopesOfBreakGlass()]).toEqual([...BREAK_GLASS_SCOPES]);
  for (const scope of ['backups:delete', 'backups:download', 'tokens:manage'] as const)
    expect(scopesOfBreakGlass().has(scope)).toBe(false);
});

test('README.md names every scope a token can have', async () => {
  const readme = await Bun.file(new URL('../../README.md', import.meta.url)).text();
  const named = /Scopes: ([^.]+)\./.exec(readme)?.[1] ?? '';
  expect([...named.matchAll(/`([^`]+)`/g)].map(([, scope]) => scope as string)).toEqual([...SCOPES]);
});
