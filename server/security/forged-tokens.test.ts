import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { base64url, type CryptoKey, decodeJwt, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { AppError } from '../core/errors.ts';
import { SECRET_KEY, type TestAccess, testAccess } from './access.fixture.ts';
import type { Scope } from './caller.ts';
import type { SessionCaller } from './sessions/session-caller.ts';
import { createSigningKeys } from './tokens/signing-keys.ts';

let access: TestAccess;
let owner: SessionCaller;
let ownerSession: string;
beforeAll(async () => {
  access = await testAccess();
  await access.addAdmin({ id: 'olga' });
  ({ caller: owner, sessionId: ownerSession } = await access.enter('olga'));
});
afterAll(() => access[Symbol.asyncDispose]());

const create = (scopes: Scope[] = ['backups:read']) =>
  access.tokens.create(owner, { name: 'nightly', scopes, expiresInDays: 30 });
const read = (jwt: string) => access.tokens.read(jwt, '192.0.2.9');

/** Tokens an attacker might send, each made freshly, so that only the named flaw is wrong with it. */
describe('read() refuses, always in the same words,', () => {
  const claims = async (): Promise<JWTPayload> => decodeJwt((await create(['restores:run'])).token);
  const ourKey = async () =>
    createSigningKeys({ records: access.records, secretKey: SECRET_KEY, now: access.clock.now }).current();
  const sign = (payload: JWTPayload, header: Record<string, unknown>, key: CryptoKey | Uint8Array) =>
    new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', ...header }).sign(key);
  const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
  const unsigned = async (header: object) => `${encode(header)}.${encode(await claims())}.`;

  const attacks: Record<string, () => Promise<string>> = {
    'alg none': () => unsigned({ alg: 'none', typ: 'JWT' }),
    'alg NONE with our kid': async () => unsigned({ alg: 'NONE', typ: 'JWT', kid: (await ourKey()).kid }),
    'a signature that was cut off': async () => `${(await create()).token.split('.').slice(0, 2).join('.')}.`,
    'another key under our kid': async () => {
      const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
      return sign(await claims(), { kid: (await ourKey()).kid }, privateKey);
    },
    'another key under a kid of its own': async () => {
      const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
      return sign(await claims(), { kid: 'A'.repeat(43) }, privateKey);
    },
    'a key sent along': async () => {
      const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
      const jwk = await crypto.subtle.exportKey('jwk', publicKey);
      return sign(await claims(), { kid: (await ourKey()).kid, jwk }, privateKey);
    },
    'our public key as an HMAC secret': async () => {
      const { keys } = await access.tokens.jwks();
      const [ours] = keys;
      return sign(await claims(), { alg: 'HS256', kid: ours?.kid }, new TextEncoder().encode(JSON.stringify(ours)));
    },
    'another name of our algorithm': async () => {
      const { kid, privateKey } = await ourKey();
      return sign(await claims(), { alg: 'Ed25519', kid }, privateKey);
    },
    'no kid': async () => sign(await claims(), {}, (await ourKey()).privateKey),
    'a kid that is SQL': async () => sign(await claims(), { kid: "' OR true --" }, (await ourKey()).privateKey),
    'another issuer': async () => {
      const { kid, privateKey } = await ourKey();
      return sign({ ...(await claims()), iss: 'https://elsewhere.example' }, { kid }, privateKey);
    },
    'another audience': async () => {
      const { kid, privateKey } = await ourKey();
      return sign({ ...(await claims()), aud: 'link:download' }, { kid }, privateKey);
    },
    'several audiences': async () => {
      const { kid, privateKey } = await ourKey();
      return sign({ ...(await claims()), aud: ['service', 'access'] }, { kid }, privateKey);
    },
    'an end in the past': async () => {
      const { kid, privateKey } = await ourKey();
      return sign(
        { ...(await claims()), exp: Math.floor(access.clock.now().getTime() / 1000) - 1 },
        { kid },
        privateKey,
      );
    },
    'no end': async () => {
      const { kid, privateKey } = await ourKey();
      const { exp: _, ...endless } = await claims();
      return sign(endless, { kid }, privateKey);
    },
    'a jti nobody gave out': async () => {
      const { kid, privateKey } = await ourKey();
      return sign({ ...(await claims()), jti: crypto.randomUUID() }, { kid }, privateKey);
    },
    'a jti that is no id': async () => {
      const { kid, privateKey } = await ourKey();
      return sign({ ...(await claims()), jti: "' OR true --" }, { kid }, privateKey);
    },
    'a service token made into access': async () => {
      const { kid, privateKey } = await ourKey();
      return sign({ ...(await claims()), aud: 'access', sid: 'nobody' }, { kid }, privateKey);
    },
    'a changed claim': async () => {
      const [header, , signature] = (await create()).token.split('.');
      return `${header}.${encode({ ...(await claims()), jti: crypto.randomUUID() })}.${signature}`;
    },
    'another type': async () => {
      const { kid, privateKey } = await ourKey();
      return sign(await claims(), { kid, typ: 'at+jwt' }, privateKey);
    },
    nothing: async () => '',
    'a session’s id': async () => ownerSession,
    'a very long text': async () => 'a.'.repeat(500_000),
  };

  /** Tokens under every algorithm and kind of key: our public key as a secret, and foreign keys under our kid. */
  const algorithms: Record<string, () => Promise<string>> = {};
  const asSecret = async (form: 'jwk' | 'x' | 'raw'): Promise<Uint8Array> => {
    const [ours] = (await access.tokens.jwks()).keys;
    const x = String(ours?.x);
    return form === 'raw' ? base64url.decode(x) : new TextEncoder().encode(form === 'x' ? x : JSON.stringify(ours));
  };
  for (const alg of ['HS256', 'HS384', 'HS512'])
    for (const form of ['jwk', 'x', 'raw'] as const)
      algorithms[`${alg} with our public key (${form}) as its secret`] = async () => {
        const { kid } = await ourKey();
        const body = `${encode({ alg, typ: 'JWT', kid })}.${encode(await claims())}`;
        const hmac = createHmac(`sha${alg.slice(2)}`, await asSecret(form)).update(body);
        return `${body}.${hmac.digest('base64url')}`;
      };
  for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'ES512'])
    algorithms[`${alg} with another key under our kid`] = async () => {
      const { privateKey } = await generateKeyPair(alg);
      return sign(await claims(), { alg, kid: (await ourKey()).kid }, privateKey);
    };
  for (const alg of ['none', 'None', 'nOnE', '', 'EDDSA', 'eddsa', null, 0, ['EdDSA'], undefined])
    algorithms[`our own signature under the algorithm ${JSON.stringify(alg)}`] = async () => {
      const { kid, privateKey } = await ourKey();
      const body = `${encode({ alg, typ: 'JWT', kid })}.${encode(await claims())}`;
      const signature = await crypto.subtle.sign('Ed25519', privateKey as CryptoKey, new TextEncoder().encode(body));
      return `${body}.${base64url.encode(new Uint8Array(signature))}`;
    };

  /** Tokens of ours with one claim missing or of another type. */
  const changes: Record<string, (payload: JWTPayload) => Record<string, unknown>> = {};
  for (const claim of ['iss', 'aud', 'sub', 'iat', 'exp', 'jti']) {
    changes[`no ${claim}`] = ({ [claim]: _, ...rest }) => rest;
    for (const value of [null, '', {}, [], true, ...(claim === 'iat' ? [] : [-1])])
      changes[`${claim} as ${JSON.stringify(value)}`] = (payload) => ({ ...payload, [claim]: value });
  }
  for (const exp of ['9999999999', Number.MIN_SAFE_INTEGER, 0, 0.5])
    changes[`an end of ${exp}`] = (payload) => ({ ...payload, exp });
  changes['not valid before tomorrow'] = (payload) => ({
    ...payload,
    nbf: access.clock.now().getTime() / 1000 + 86_400,
  });
  changes['an issuer with a slash'] = (payload) => ({ ...payload, iss: `${payload.iss}/` });
  changes['a list of issuers'] = (payload) => ({ ...payload, iss: [payload.iss] });
  changes['an audience in capitals'] = (payload) => ({ ...payload, aud: 'SERVICE' });
  changes['an id in capitals with a space'] = (payload) => ({ ...payload, jti: `${payload.jti?.toUpperCase()} ` });
  /** Tokens of ours with another header. */
  const heads: Record<string, object> = {};
  for (const kid of [
    '',
    '../../etc/passwd',
    '/dev/null',
    '\0',
    '__proto__',
    'constructor',
    null,
    7,
    ['a'],
    'x'.repeat(3000),
  ])
    heads[`the kid ${JSON.stringify(kid).slice(0, 30)}`] = { kid };
  for (const [name, value] of Object.entries({
    crit: ['b64'],
    b64: false,
    typ: 'JWE',
    jku: 'https://evil.example/keys',
    x5u: 'https://evil.example/cert',
    zip: 'DEF',
  }))
    heads[`the head ${name}: ${JSON.stringify(value)}`] = { [name]: value, ...(name === 'b64' && { crit: ['b64'] }) };

  /** Signs without jose, which refuses to make some of these. */
  const signedRaw = async (head: object, payload: unknown): Promise<string> => {
    const { kid, privateKey } = await ourKey();
    const body = `${encode({ alg: 'EdDSA', typ: 'JWT', kid, ...head })}.${typeof payload === 'string' ? base64url.encode(payload) : encode(payload)}`;
    const signature = await crypto.subtle.sign('Ed25519', privateKey as CryptoKey, new TextEncoder().encode(body));
    return `${body}.${base64url.encode(new Uint8Array(signature))}`;
  };
  const refused = async (text: string) => {
    const error = await read(text).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    return error instanceof AppError ? `${error.code} ${error.message}` : String(error);
  };
  const REFUSED = 'UNAUTHENTICATED The token is not valid.';

  test('under every name of an algorithm, with every key that is not ours for it', async () => {
    for (const [what, make] of Object.entries(algorithms))
      expect([what, await refused(await make())]).toEqual([what, REFUSED]);
  });

  test('with every claim left out or of another kind, and every head that says where to look', async () => {
    for (const [what, change] of Object.entries(changes))
      expect([what, await refused(await signedRaw({}, change(await claims())))]).toEqual([what, REFUSED]);
    for (const [what, head] of Object.entries(heads)) {
      // A header that only points elsewhere is not followed, and our own signature counts.
      const isPassedOver = /jku|x5u|zip/.test(what);
      const said = await refused(await signedRaw(head, await claims()));
      expect([what, said]).toEqual([what, isPassedOver ? 'null' : REFUSED]);
    }
    for (const payload of ['', 'null', '[]', '"text"', '{', '{"aud":"service"}', '7'])
      expect([payload, await refused(await signedRaw({}, payload))]).toEqual([payload, REFUSED]);
  });

  test('cut at every place, with every character of its signature another, and in every other form', async () => {
    const { token } = await create();
    const [head = '', payload = '', signature = ''] = token.split('.');
    const step = campaign(7, 1);
    const cut = Array.from({ length: Math.ceil(token.length / step) }, (_, index) => token.slice(0, index * step));
    const changed = Array.from({ length: Math.ceil((signature.length - 1) / step) }, (_, index) => {
      const at = index * step;
      return `${head}.${payload}.${signature.slice(0, at)}${signature[at] === 'A' ? 'B' : 'A'}${signature.slice(at + 1)}`;
    });
    const forms = [
      `${payload}.${head}.${signature}`,
      `${head}.${payload}.${payload}.${signature}`,
      `${token}.`,
      `.${token}`,
      `${token}.${signature}.x`,
      `${head}..${signature}`,
      JSON.stringify({ protected: head, payload, signature }),
      `${token},${token}`,
      `${token} ${token}`,
      Buffer.from(token).toString('base64url'),
    ];
    for (const one of [...cut, ...changed, ...forms]) expect([one, await refused(one)]).toEqual([one, REFUSED]);
    expect(await refused(token)).toBe('null');
  });

  for (const [what, make] of Object.entries(attacks)) {
    test(what, async () => {
      const refused = await rejection(read(await make()));
      expect([refused.code, refused.message, refused.details]).toEqual([
        'UNAUTHENTICATED',
        'The token is not valid.',
        undefined,
      ]);
    });
  }

  test('whatever else is sent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc
            .tuple(fc.json(), fc.json(), fc.string())
            .map((parts) => parts.map((part) => base64url.encode(part)).join('.')),
        ),
        async (text) => {
          expect((await rejection(read(text))).code).toBe('UNAUTHENTICATED');
        },
      ),
      { numRuns: 200 },
    );
  });

  test('yet a fault of the database is called one', async () => {
    const { token } = await create();
    await access.database.query('ALTER TABLE backup_system.tokens RENAME TO away');
    const fault = await rejection(read(token));
    await access.database.query('ALTER TABLE backup_system.away RENAME TO tokens');
    expect(fault.code).toBe('DATABASE_ERROR');
  });
});
