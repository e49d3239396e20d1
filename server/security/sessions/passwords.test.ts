import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { createPasswordCheck } from './passwords.ts';

const passwords = createPasswordCheck();
const bcrypt = (text: string) => Bun.password.hash(text, { algorithm: 'bcrypt', cost: 4 });
const argon2 = (text: string) => Bun.password.hash(text, { algorithm: 'argon2id', memoryCost: 1024, timeCost: 1 });

describe('matches()', () => {
  test('knows bcrypt and argon2id, whatever letters a password has', async () => {
    for (const password of ['a', 'Пароль 🔑', '長い'.repeat(100)]) {
      expect(await passwords.matches(password, await argon2(password), null)).toBe(true);
    }
    const hash = await bcrypt('Пароль 🔑');
    expect(await passwords.matches('Пароль 🔑', hash, null)).toBe(true);
    expect(await passwords.matches('Пароль 🗝', hash, null)).toBe(false);
  });

  test('takes the prefixes $2a$ and $2y$ of other bcrypt libraries', async () => {
    const hash = await bcrypt('secret');
    for (const prefix of ['$2a$', '$2y$']) {
      expect(await passwords.matches('secret', hash.replace('$2b$', prefix), null)).toBe(true);
    }
  });

  test('reads 72 bytes of a password for bcrypt, as the HRMS did when it made the hash', async () => {
    const hash = await bcrypt('x'.repeat(72));
    expect(await passwords.matches(`${'x'.repeat(72)}and more`, hash, null)).toBe(true);
    expect(await passwords.matches('x'.repeat(71), hash, null)).toBe(false);
  });

  test('never matches a hash of a format or a cost it does not know, not even as plain text', async () => {
    const strange = [
      '',
      'secret',
      '$1$salt$hash',
      '$argon2i$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$AAAA',
      '$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      `$2b$31$${'a'.repeat(53)}`,
      (await bcrypt('secret')).slice(0, -1),
    ];
    for (const hash of strange) expect(await passwords.matches('secret', hash, null)).toBe(false);
  });

  test('compares exactly once, whether there is a hash or not, and the stand-in of any kind can be read', async () => {
    let compared = 0;
    const counting = createPasswordCheck(async (password, hash) => {
      compared += 1;
      // Unlike the check, reports a stand-in that the runtime cannot read.
      return Bun.password.verify(password, hash).catch((cause) => {
        throw new Error(`unreadable: ${hash}`, { cause });
      });
    });
    const likes = [null, 'nonsense', await bcrypt('other'), await argon2('other')];
    for (const like of likes) {
      for (const password of ['secret', '', 'with\0nul', 'x'.repeat(5000)]) {
        expect(await counting.matches(password, null, like)).toBe(false);
      }
    }
    expect(compared).toBe(likes.length * 4);
    for (const like of likes) await expect(readable(like)).resolves.toBe(false);
  });

  test('never throws for what people type and tables hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), async (password, hash) => {
        expect(await cheap.matches(password, hash, hash)).toBe(false);
      }),
    );
  });

  test('compares two at once, lets fifty wait, and turns the next away', async () => {
    const { promise: go, resolve } = Promise.withResolvers<void>();
    let [running, most] = [0, 0];
    const slow = createPasswordCheck(async () => {
      running += 1;
      most = Math.max(most, running);
      await go;
      running -= 1;
      return false;
    });
    const waiting = Array.from({ length: 52 }, () => slow.matches('a', null, null));
    const turnedAway = await rejection(slow.matches('a', null, null));
    expect([turnedAway.code, turnedAway.details]).toEqual(['RATE_LIMITED', { retryAfterSeconds: 5 }]);
    resolve();
    expect((await Promise.all(waiting)).length).toBe(52);
    expect(most).toBe(2);
    expect(await slow.matches('a', null, null)).toBe(false);
  });
});

/** Compares with the stand-in for a hash like this one, and rejects when the runtime cannot read it. */
async function readable(like: string | null): Promise<boolean> {
  let seen = '';
  const spy = createPasswordCheck(async (_, hash) => {
    seen = hash;
    return false;
  });
  await spy.matches('secret', null, like);
  return Bun.password.verify('secret', seen);
}

const cheap = createPasswordCheck(async () => true);
