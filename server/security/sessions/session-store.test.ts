import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type TestAccess, testAccess } from '../access.fixture.ts';

let access: TestAccess;
let plain: TestAccess;
beforeAll(async () => {
  access = await testAccess();
  plain = await testAccess({ secureCookies: false, sessionDays: 3 });
});
afterAll(async () => {
  await access[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
});

describe('cookies', () => {
  test('keep the session where no script and no other site can use it', async () => {
    await access.addAdmin({ id: 'cook' });
    const { sessionId } = await access.enter('cook');
    expect(access.sessions.cookies.set(sessionId).split('; ').sort()).toEqual(
      [
        `__Host-palace-backup=${sessionId}`,
        'HttpOnly',
        `Max-Age=${14 * 86_400}`,
        'Path=/',
        'SameSite=Strict',
        'Secure',
      ].sort(),
    );
    expect(access.sessions.cookies.clear()).toStartWith('__Host-palace-backup=; ');
    expect(access.sessions.cookies.clear()).toContain('Max-Age=0');
  });

  test('without HTTPS have another name and no Secure, which browsers would not send', () => {
    expect(plain.sessions.cookies.set('a'.repeat(40))).toBe(
      `palace-backup=${'a'.repeat(40)}; HttpOnly; Max-Age=${3 * 86_400}; Path=/; SameSite=Strict`,
    );
  });

  test('are found among others, broken ones too', () => {
    const { cookies } = access.sessions;
    const id = 'a'.repeat(40);
    expect(cookies.read(`x=%E0%A4%A; ${cookies.name}=${id}; y`)).toBe(id);
    expect(cookies.read(`${cookies.name}=${id}x`)).toBeNull();
    expect(cookies.read(`not${cookies.name}=${id}`)).toBeNull();
    for (const none of [null, undefined, '', ';;;', '=']) expect(cookies.read(none)).toBeNull();
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (header) => cookies.read(header) === null));
  });
});
