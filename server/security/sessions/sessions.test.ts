import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { openSession } from '../../../db/connect/session.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { ARGON2_HASH, BCRYPT_HASH, BROWSER, PASSWORD, type TestAccess, testAccess } from '../access.fixture.ts';
import { reasonOf } from '../audit/refusals.ts';
import { authorize, SCOPES } from '../caller.ts';
import { sweepAccess } from './sweep.ts';

const DAY = 86_400_000;

let access: TestAccess;
beforeAll(async () => {
  access = await testAccess();
});
afterAll(() => access[Symbol.asyncDispose]());

const signIn = (email: string, password = PASSWORD) => access.sessions.signIn({ email, password, ...BROWSER });
const read = (sessionId: string) => access.sessions.read(sessionId, '192.0.2.8');
const rowsOf = (adminId: string) =>
  access.database.query('SELECT * FROM backup_system.sessions WHERE admin_id = $1', [adminId]);

describe('signIn()', () => {
  test('lets a SUPER_ADMIN in by a bcrypt and by an argon2id hash, capitals of the address or not, with every scope', async () => {
    await access.addAdmin({ id: 'bea' });
    await access.addAdmin({ id: 'arno', email: 'Arno@Palace.example', password: ARGON2_HASH });
    for (const [email, id] of [
      ['BEA@palace.example', 'bea'],
      ['arno@palace.example', 'arno'],
    ] as const) {
      const { caller } = await signIn(email);
      expect(caller).toMatchObject({ kind: 'session', adminId: id, role: 'SUPER_ADMIN', stepUp: null });
      expect([...caller.scopes]).toEqual([...SCOPES]);
    }
  });

  test('lets other roles in without any scope', async () => {
    for (const role of ['ADMIN', 'HR_MANAGER', 'VIEWER']) {
      await access.addAdmin({ id: role.toLowerCase(), role });
      const { caller } = await access.enter(role.toLowerCase());
      expect([caller.role, caller.scopes.size]).toEqual([role, 0]);
    }
  });

  test('gives one answer for the unknown, the wrong and the inactive, and keeps the reason for the audit', async () => {
    await access.addAdmin({ id: 'ina', isActive: false });
    await access.addAdmin({ id: 'wanda' });
    const refused = [
      await rejection(signIn('nobody@palace.example')),
      await rejection(signIn('wanda@palace.example', 'wrong')),
      await rejection(signIn('ina@palace.example')),
    ];
    expect(new Set(refused.map((error) => `${error.code} ${error.message} ${error.hint}`)).size).toBe(1);
    expect(refused[0]?.code).toBe('UNAUTHENTICATED');
    expect(refused.map(reasonOf)).toEqual(['nobody of that name', 'the password is wrong', 'inactive']);
  });

  for (const [kind, password, cost] of [
    ['bcrypt', BCRYPT_HASH, '$2b$04$'],
    ['argon2id', ARGON2_HASH, '$argon2id$v=19$m=1024,t=1,p=1$'],
  ] as const) {
    test(`compares a password also for nobody and for a useless hash, at the cost of the others: ${kind}`, async () => {
      await using own = await testAccess();
      await own.addAdmin({ id: 'kim', password });
      await own.addAdmin({ id: 'zoe', password: 'in clear', role: 'VIEWER' });
      for (const name of ['kim', 'nobody', 'zoe']) {
        const typed = name === 'zoe' ? 'in clear' : 'wrong';
        const signsIn = own.sessions.signIn({ email: `${name}@palace.example`, password: typed, ...BROWSER });
        expect((await rejection(signsIn)).code).toBe('UNAUTHENTICATED');
      }
      expect(own.compared.length).toBe(3);
      expect(own.compared.slice(0, 2).every((hash) => hash.startsWith(cost))).toBe(true);
      expect(own.compared[1]).not.toBe(own.compared[0]);
    });
  }

  test('never takes a password kept in clear for a hash', async () => {
    await access.addAdmin({ id: 'clear', password: PASSWORD });
    expect((await rejection(access.enter('clear'))).code).toBe('UNAUTHENTICATED');
  });

  test('says that the password expired, but only to who knows it', async () => {
    await access.addAdmin({ id: 'old', passwordExpiresAt: new Date(access.clock.now().getTime() - 1000) });
    expect((await rejection(access.enter('old'))).code).toBe('FORBIDDEN');
    expect((await rejection(signIn('old@palace.example', 'wrong'))).code).toBe('UNAUTHENTICATED');
    await access.addAdmin({ id: 'soon', passwordExpiresAt: new Date(access.clock.now().getTime() + 60_000) });
    expect((await access.enter('soon')).caller.adminId).toBe('soon');
  });

  test('sends away who must change the password first, but tells only who knows it; a session of before ends', async () => {
    await access.addAdmin({ id: 'must' });
    const { sessionId } = await access.enter('must');
    await access.database.query(`UPDATE admins SET "mustChangePassword" = true WHERE id = 'must'`);
    const refusal = await rejection(access.enter('must'));
    expect([refusal.code, refusal.details]).toEqual(['FORBIDDEN', { mustChangePassword: true }]);
    expect((await rejection(signIn('must@palace.example', 'wrong'))).code).toBe('UNAUTHENTICATED');
    access.clock.advance(31_000);
    expect(await access.sessions.read(sessionId, '127.0.0.1')).toBeNull();
  });

  test('locks an account after five failures, and not the one who then comes from elsewhere with another', async () => {
    await access.addAdmin({ id: 'target' });
    await access.addAdmin({ id: 'bystander' });
    const tries = await Promise.all(
      Array.from({ length: 12 }, () => rejection(signIn('Target@palace.example', 'guess')).then((error) => error.code)),
    );
    expect(tries.filter((code) => code === 'UNAUTHENTICATED').length).toBe(5);
    expect(tries.filter((code) => code === 'RATE_LIMITED').length).toBe(7);
    const locked = await rejection(access.enter('target'));
    expect(locked.code).toBe('RATE_LIMITED');
    expect(locked.details?.retryAfterSeconds).toBeWithin(50, 61);
    expect((await access.enter('bystander')).caller.adminId).toBe('bystander');
  });

  test('forgets failures once the password was right', async () => {
    await access.addAdmin({ id: 'clumsy' });
    for (let round = 0; round < 3; round += 1) {
      for (let miss = 0; miss < 4; miss += 1) await rejection(signIn('clumsy@palace.example', 'oops'));
      expect((await access.enter('clumsy')).caller.adminId).toBe('clumsy');
      await access.database.query('DELETE FROM backup_system.rate_limits WHERE key LIKE $1', ['signInAddress%']);
    }
  });

  test('locks an address after thirty failures, whomever it names, and nobody elsewhere', async () => {
    await access.addAdmin({ id: 'elsewhere' });
    await access.database.query('DELETE FROM backup_system.rate_limits');
    const guesses = Array.from({ length: 33 }, (_, n) => rejection(signIn(`guess${n}@palace.example`, 'guess')));
    const codes = (await Promise.all(guesses)).map(({ code }) => code);
    expect(codes.filter((code) => code === 'UNAUTHENTICATED').length).toBe(30);
    expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBe(3);
    expect((await rejection(access.enter('elsewhere'))).code).toBe('RATE_LIMITED');
    const words = { ...BROWSER, email: 'elsewhere@palace.example', password: PASSWORD, address: '198.51.100.7' };
    expect((await access.sessions.signIn(words)).caller.adminId).toBe('elsewhere');
    await access.database.query('DELETE FROM backup_system.rate_limits');
  });

  test('counts neither who signs in against the address, nor a right password that does not count against the account', async () => {
    await access.addAdmin({ id: 'often' });
    await access.addAdmin({ id: 'overdue', passwordExpiresAt: new Date(access.clock.now().getTime() - 1000) });
    await access.database.query('DELETE FROM backup_system.rate_limits');
    for (let round = 0; round < 35; round += 1) expect((await access.enter('often')).caller.adminId).toBe('often');
    for (let round = 0; round < 7; round += 1)
      expect((await rejection(access.enter('overdue'))).code).toBe('FORBIDDEN');
    await access.database.query('DELETE FROM backup_system.rate_limits');
  });

  test('whatever is typed, the answer is a refusal in our words and never a fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.string({ unit: 'binary', maxLength: 1200 }),
        async (email, password) => {
          await access.database.query('DELETE FROM backup_system.rate_limits');
          expect((await rejection(signIn(email, password))).code).toBe('UNAUTHENTICATED');
        },
      ),
      {
        numRuns: 60,
        examples: [
          ['\0', '\0'],
          ['\ud800', '\udfff'],
          ["' OR true --", ''],
          ['%', '%'],
        ],
      },
    );
  });
});

describe('a session', () => {
  test('is found by its id, which stands in no table', async () => {
    await access.addAdmin({ id: 'life' });
    const { sessionId, caller } = await access.enter('life');
    const found = await read(sessionId);
    expect(found?.caller).toEqual({ ...caller, address: '192.0.2.8' });
    expect(found?.fresh).toBe(false);
    const dump = JSON.stringify(await access.database.query('SELECT * FROM backup_system.sessions'));
    expect(dump).toContain(caller.sessionKey);
    expect(dump).not.toContain(sessionId);
    // The key in the table opens no session.
    expect(await read(caller.sessionKey)).toBeNull();
  });

  test('ends after its days without use, and its row goes', async () => {
    await access.addAdmin({ id: 'idle' });
    const { sessionId, expiresAt } = await access.enter('idle');
    expect(expiresAt.getTime() - access.clock.now().getTime()).toBeWithin(14 * DAY - 1000, 14 * DAY + 1000);
    access.clock.advance(14 * DAY + 1000);
    expect(await read(sessionId)).toBeNull();
    expect(await rowsOf('idle')).toEqual([]);
  });

  test('lives on while it is used: past the half of its days its end moves and the cookie is fresh', async () => {
    await access.addAdmin({ id: 'busy' });
    const { sessionId } = await access.enter('busy');
    access.clock.advance(6 * DAY);
    expect((await read(sessionId))?.fresh).toBe(false);
    access.clock.advance(2 * DAY);
    const moved = await read(sessionId);
    expect(moved?.fresh).toBe(true);
    expect((moved?.expiresAt.getTime() ?? 0) - access.clock.now().getTime()).toBeWithin(
      14 * DAY - 1000,
      14 * DAY + 1000,
    );
    access.clock.advance(13 * DAY);
    expect((await read(sessionId))?.caller.adminId).toBe('busy');
  });

  test('ends by signing out, alone; everywhere, together, and only those of the one administrator', async () => {
    await access.addAdmin({ id: 'many' });
    await access.addAdmin({ id: 'other' });
    const [first, second, third] = [await access.enter('many'), await access.enter('many'), await access.enter('many')];
    const foreign = await access.enter('other');
    await access.sessions.signOut(first.caller.sessionKey);
    expect([await read(first.sessionId), (await read(second.sessionId))?.caller.adminId]).toEqual([null, 'many']);
    const listed = await access.sessions.list('many');
    expect(listed.map((one) => one.sessionKey).sort()).toEqual(
      [second.caller.sessionKey, third.caller.sessionKey].sort(),
    );
    expect(listed[0]).toMatchObject({ address: '192.0.2.7', userAgent: 'Mozilla/5.0' });
    // The public id of a session is neither its key nor part of it.
    for (const { id, sessionKey } of listed) {
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      expect(sessionKey).not.toContain(id);
    }
    expect((await access.sessions.list('many')).map(({ id }) => id)).toEqual(listed.map(({ id }) => id));
    expect(await access.sessions.signOutEverywhere('many')).toBe(2);
    expect([await read(second.sessionId), await read(third.sessionId)]).toEqual([null, null]);
    expect((await read(foreign.sessionId))?.caller.adminId).toBe('other');
  });

  test('loses its scopes within 30 seconds when its administrator is demoted', async () => {
    await access.addAdmin({ id: 'falling' });
    const { sessionId } = await access.enter('falling');
    await access.database.query(`UPDATE public.admins SET role = 'VIEWER' WHERE id = 'falling'`);
    access.clock.advance(29_000);
    expect((await read(sessionId))?.caller.scopes.size).toBe(SCOPES.length);
    access.clock.advance(2000);
    const after = await read(sessionId);
    expect([after?.caller.role, after?.caller.scopes.size]).toEqual(['VIEWER', 0]);
  });

  for (const [what, change] of [
    ['is made inactive', `UPDATE public.admins SET "isActive" = false WHERE id = $1`],
    ['is deleted', 'DELETE FROM public.admins WHERE id = $1'],
    ['has a password that expired', `UPDATE public.admins SET "passwordExpiresAt" = '2001-01-01' WHERE id = $1`],
  ] as const) {
    test(`is dead within 30 seconds when its administrator ${what}`, async () => {
      const id = `gone-${what.replaceAll(' ', '-')}`;
      await access.addAdmin({ id });
      const { sessionId } = await access.enter(id);
      await access.database.query(change, [id]);
      access.clock.advance(31_000);
      expect(await read(sessionId)).toBeNull();
      expect(await rowsOf(id)).toEqual([]);
    });
  }

  test('is nobody’s for whatever else a cookie may hold', async () => {
    for (const value of ['', ' ', 'x', 'a'.repeat(40_000), `${'a'.repeat(39)}\0`, "' OR true --"])
      expect(await read(value)).toBeNull();
    expect(await read('a'.repeat(40))).toBeNull();
  });

  test('is swept when it has ended, and no other', async () => {
    await access.addAdmin({ id: 'swept' });
    await access.enter('swept');
    access.clock.advance(15 * DAY);
    await access.enter('swept');
    await sweepAccess(access.records, access.clock.now());
    expect((await rowsOf('swept')).length).toBe(1);
  });
});

describe('stepUp()', () => {
  test('counts for five minutes, for this session alone', async () => {
    await access.addAdmin({ id: 'step' });
    const [one, two] = [await access.enter('step'), await access.enter('step')];
    const until = await access.sessions.stepUp(one.caller, PASSWORD);
    expect(until.getTime() - access.clock.now().getTime()).toBe(300_000);
    expect((await read(one.sessionId))?.caller.stepUp?.until).toEqual(until);
    expect((await read(two.sessionId))?.caller.stepUp).toBeNull();
    const caller = (await read(one.sessionId))?.caller ?? one.caller;
    authorize(caller, { scope: 'restores:run', stepUp: true }, access.clock.now());
    access.clock.advance(300_001);
    expect(() => authorize(caller, { scope: 'restores:run', stepUp: true }, access.clock.now())).toThrow('password');
  });

  test('refuses a wrong password, locks after five, and leaves sign-in alone', async () => {
    await access.addAdmin({ id: 'thief' });
    const { caller, sessionId } = await access.enter('thief');
    const codes: string[] = [];
    for (let n = 0; n < 7; n += 1) codes.push((await rejection(access.sessions.stepUp(caller, 'guess'))).code);
    expect(codes).toEqual([...Array(5).fill('UNAUTHENTICATED'), 'RATE_LIMITED', 'RATE_LIMITED']);
    expect((await read(sessionId))?.caller.stepUp).toBeNull();
    expect((await access.enter('thief')).caller.adminId).toBe('thief');
  });

  test('gives nothing to a session that has ended meanwhile', async () => {
    await access.addAdmin({ id: 'late' });
    const { caller } = await access.enter('late');
    await access.sessions.signOut(caller.sessionKey);
    expect((await rejection(access.sessions.stepUp(caller, PASSWORD))).code).toBe('UNAUTHENTICATED');
  });
});

describe('while somebody holds the table of administrators', () => {
  test('who is signed in stays so, can look and cancel, and is asked to wait for the rest; nobody new is let in', async () => {
    await access.addAdmin({ id: 'watcher' });
    const { sessionId, caller } = await access.enter('watcher');
    await using holder = await openSession(access.database.url, {
      applicationName: 'holder',
      signal: new AbortController().signal,
    });
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE public.admins IN ACCESS EXCLUSIVE MODE');
    access.clock.advance(31_000);
    // All at once: one waits for the lock, and none for ever.
    const found = await Promise.all(Array.from({ length: 20 }, () => read(sessionId)));
    for (const one of found) {
      expect([...(one?.caller.scopes ?? [])].sort()).toEqual([
        'audit:read',
        'backups:read',
        'operations:cancel',
        'operations:read',
        'system:read',
      ]);
    }
    const now = found[0]?.caller ?? caller;
    authorize(now, { scope: 'operations:cancel' }, access.clock.now());
    const held = await rejection((async () => authorize(now, { scope: 'restores:run' }, access.clock.now()))());
    expect(held.code).toBe('TABLE_BUSY');
    expect((await rejection(access.enter('watcher'))).code).toBe('TABLE_BUSY');
    expect((await rejection(access.sessions.stepUp(caller, PASSWORD))).code).toBe('TABLE_BUSY');
    await holder.query('ROLLBACK');
    access.clock.advance(1001);
    expect((await read(sessionId))?.caller.scopes.size).toBe(SCOPES.length);
    // The attempts during the lock cost no points of the rate limit.
    expect((await access.enter('watcher')).caller.adminId).toBe('watcher');
  });
});

describe('when the table of administrators is lost', () => {
  test('who is signed in can still look, and sign-in names the way in', async () => {
    await using lost = await testAccess();
    await lost.addAdmin({ id: 'last' });
    const { sessionId } = await lost.enter('last');
    await lost.database.query('DROP TABLE public.admins CASCADE');
    lost.clock.advance(31_000);
    const found = await lost.sessions.read(sessionId, '192.0.2.7');
    expect([...(found?.caller.scopes ?? [])]).toContain('operations:read');
    expect([...(found?.caller.scopes ?? [])]).not.toContain('restores:run');
    expect((await rejection(lost.enter('last'))).hint).toContain('scripts/break-glass.ts');
  });
});
