import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose';
import { codeOf, rejection } from '../../../db/testing/code-of.fixture.ts';
import { type TestRecords, testRecords } from '../../../db/testing/records.fixture.ts';
import { manualClock, SECRET_KEY } from '../access.fixture.ts';
import { sweepAccess } from '../sessions/sweep.ts';
import { createSigner } from './signed.ts';
import { createSigningKeys } from './signing-keys.ts';

const clock = manualClock();
let database: TestRecords;
beforeAll(async () => {
  database = await testRecords();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => database.query('TRUNCATE backup_system.signing_keys'));

const replica = (secretKey = SECRET_KEY) => {
  const keys = createSigningKeys({ records: database.records, secretKey, now: clock.now });
  return { keys, signer: createSigner({ keys, issuer: 'https://backup.example.org', now: clock.now }) };
};
const inDays = (days: number) => new Date(clock.now().getTime() + days * 86_400_000);
const sign = ({ signer }: ReturnType<typeof replica>, days = 300) =>
  signer.sign('service', { sub: 'olga' }, inDays(days));

test('replicas that start at the same time agree on one key', async () => {
  const replicas = Array.from({ length: 6 }, () => replica());
  const kids = await Promise.all(replicas.map(async ({ keys }) => (await keys.current()).kid));
  expect(new Set(kids).size).toBe(1);
  expect((await database.query('SELECT kid FROM backup_system.signing_keys')).length).toBe(1);
});

test('a kid is its key’s thumbprint', async () => {
  const { keys } = replica();
  const { kid } = await keys.current();
  const [jwk] = (await keys.jwks()).keys;
  expect(jwk?.kid).toBe(kid);
  expect(await calculateJwkThumbprint(jwk ?? {})).toBe(kid);
});

test('the keys are never an empty list: who asks first finds the one that will sign', async () => {
  const [asked, signing] = [replica(), replica()];
  const published = (await asked.keys.jwks()).keys.map(({ kid }) => kid);
  expect(published).toEqual([(await signing.keys.current()).kid]);
});

test('after a rotation the new key signs, and what the old one signed verifies, on a replica that knew nothing of it', async () => {
  const [one, two] = [replica(), replica()];
  const before = await sign(one);
  await two.signer.verify(before, ['service']);
  await one.keys.rotate();
  const after = await sign(one);
  expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
  for (const jwt of [before, after]) expect((await two.signer.verify(jwt, ['service'])).sub).toBe('olga');
  expect((await one.keys.jwks()).keys.length).toBe(2);
  clock.advance(61_000);
  expect(decodeProtectedHeader(await sign(two)).kid).toBe(decodeProtectedHeader(after).kid);
});

test('a key that has signed for 90 days gives way to a new one by itself, once for all replicas', async () => {
  const [one, two] = [replica(), replica()];
  const before = await sign(one);
  await sign(two);
  clock.advance(90 * 86_400_000);
  const kids = await Promise.all([one, two, replica()].map(async ({ keys }) => (await keys.current()).kid));
  expect(new Set(kids).size).toBe(1);
  expect(kids[0]).not.toBe(decodeProtectedHeader(before).kid);
  expect((await two.signer.verify(before, ['service'])).sub).toBe('olga');
});

test('what is signed for one purpose is refused for every other', async () => {
  const { signer } = replica();
  const purposes = ['access', 'service', 'link:download'] as const;
  for (const signed of purposes) {
    const jwt = await signer.sign(signed, { sub: 'olga' }, inDays(1));
    for (const asked of purposes) {
      const refused = await codeOf(signer.verify(jwt, [asked]));
      expect([signed, asked, refused]).toEqual([signed, asked, signed === asked ? null : 'UNAUTHENTICATED']);
    }
  }
});

test('a retired key verifies as long as anything it signed may live, and goes then', async () => {
  const one = replica();
  await sign(one);
  const retired = (await one.keys.current()).kid;
  await one.keys.rotate();
  clock.advance(365 * 86_400_000);
  expect(await one.keys.publicKey(retired)).not.toBeNull();
  clock.advance(2 * 86_400_000);
  expect(await one.keys.publicKey(retired)).toBeNull();
  await sweepAccess(database.records, clock.now());
  expect((await database.query('SELECT kid FROM backup_system.signing_keys')).length).toBe(1);
});

test('the table holds no private key in clear', async () => {
  await replica().keys.current();
  const [row] = await database.query<{ private_jwe: string; public_jwk: object }>(
    'SELECT * FROM backup_system.signing_keys',
  );
  expect(Object.keys(row?.public_jwk ?? {})).not.toContain('d');
  expect(decodeProtectedHeader(row?.private_jwe ?? '')).toMatchObject({ alg: 'dir', enc: 'A256GCM' });
});

test('with another secret old tokens count no more, and a new key signs', async () => {
  const jwt = await sign(replica());
  const changed = replica('another secret key of more than thirty-two letters');
  expect((await rejection(changed.signer.verify(jwt, ['service']))).code).toBe('UNAUTHENTICATED');
  expect((await changed.signer.verify(await sign(changed), ['service'])).sub).toBe('olga');
});

test('who can write the table but not read the secret adds no key and renames none', async () => {
  const attacker = replica('a secret of the attacker, which is long enough');
  const forged = await sign(attacker);
  const server = replica();
  await server.keys.current();
  expect((await rejection(server.signer.verify(forged, ['service']))).code).toBe('UNAUTHENTICATED');
  // A foreign public key in our row changes nothing: only the encrypted one counts.
  const jwt = await sign(server);
  await database.query(
    `UPDATE backup_system.signing_keys SET public_jwk = (SELECT public_jwk FROM backup_system.signing_keys ORDER BY created_at, kid LIMIT 1)`,
  );
  expect((await replica().signer.verify(jwt, ['service'])).sub).toBe('olga');
  // Our own keys are not accepted under another name either.
  await database.query(`UPDATE backup_system.signing_keys SET kid = repeat('B', 43) WHERE kid = $1`, [
    decodeProtectedHeader(jwt).kid,
  ]);
  expect(await replica().keys.publicKey('B'.repeat(43))).toBeNull();
});
