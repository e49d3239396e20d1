import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { scrub } from './scrub.ts';

const line = (facts: object) => JSON.stringify({ level: 'info', ...facts, msg: 'said' });
const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl';

describe('scrub()', () => {
  const secrets: [string, object][] = [
    ['a password', { body: { password: 'hunter2' } }],
    ['a password with quotes and backslashes', { password: 'x"hunter2\\' }],
    ['a new password', { newPassword: 'hunter2' }],
    ['a cookie', { headers: { cookie: 'session=hunter2' } }],
    ['cookies to set', { 'set-cookie': ['a=1', 'session=hunter2'] }],
    ['an authorization', { Authorization: 'Bearer hunter2hunter2' }],
    ['a token', { accessToken: 'hunter2' }],
    ['a one-time code', { code: 'hunter2' }],
    ['a key', { secretKey: 'hunter2' }],
    ['JSON in a text', { body: JSON.stringify({ email: 'a', password: 'hunter2' }) }],
    ['a connection string', { url: 'postgres://anna:hunter2@db:5432/hrms' }],
    ['a connection string with an at sign in its password', { url: 'postgres://anna:p@hunter2@db/hrms' }],
    ['a connection string with a slash in its password', { url: 'postgresql://anna:p/hunter2@db/hrms' }],
    ['a connection string of words', { dsn: "host=db user=anna password='hun ter2' dbname=hrms hunter" }],
    ['an address with a user', { url: 'https://anna:hunter2@bucket.example/x' }],
    ['a signed link', { path: '/api/backups/1/download?token=hunter2&x=1' }],
    ['a bearer in a sentence', { reason: 'sent Bearer hunter2.hunter2' }],
  ];
  for (const [what, facts] of secrets) {
    test(`takes out ${what}, and leaves JSON`, () => {
      const clean = scrub(line(facts));
      expect(clean).not.toMatch(/hunter2|hun ter2/);
      expect(JSON.parse(clean)).toMatchObject({ level: 'info', msg: 'said' });
    });
  }

  test('takes out a JWT wherever it stands', () => {
    expect(scrub(line({ a: ['x', jwt], b: `see ${jwt}.` }))).not.toContain('eyJ');
  });

  test('leaves everything else as it was', () => {
    const facts = {
      error: { code: 'DATABASE_UNREACHABLE', cause: { code: 'ECONNREFUSED' }, sql: { code: '42P01' } },
      path: '/api/backups/1/download',
      tokenId: 'jti-1',
      url: 'postgres://db:5432/hrms',
      email: 'anna@example.org',
      text: 'ein Satz mit "Anführung" und \\ am Ende',
    };
    expect(scrub(line(facts))).toBe(line(facts));
  });

  test('lets no password through, whatever it is made of, and always leaves JSON', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), (password, other) => {
        const clean = scrub(line({ other, password, nested: { cookie: password } }));
        expect(JSON.parse(clean)).toMatchObject({ password: '[redacted]', nested: { cookie: '[redacted]' } });
      }),
    );
  });

  test('leaves JSON for any text at all', () => {
    const pieces = fc.constantFrom(
      '"',
      '\\',
      'password',
      '=',
      ':',
      '{',
      '[',
      ']',
      '@',
      'postgres://',
      'Bearer ',
      ' ',
      'token=',
      ',',
      'eyJ',
      '.',
      'x',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        for (const facts of [{ text }, { body: JSON.stringify({ text, password: text }) }]) {
          expect(() => JSON.parse(scrub(line(facts)))).not.toThrow();
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('comes to an end with lines that are made to be slow', () => {
    const hostile = [
      `"password":"${'\\\\'.repeat(50_000)}`,
      `postgres://${'a:'.repeat(50_000)}`,
      'postgres://'.repeat(10_000),
      '\\"password\\":\\"'.repeat(5000),
      `password=${'x'.repeat(100_000)}`,
      'eyJ.'.repeat(25_000),
      'eyJ-'.repeat(25_000),
      'a.'.repeat(50_000),
      'token'.repeat(20_000),
      `"${'secret'.repeat(20_000)}`,
      `bearer${' '.repeat(100_000)}`,
    ];
    for (const text of hostile) expect(scrub(text)).toBeString();
  });
});
