import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { importJWK } from 'jose';
import { openSession } from '../../../db/connect/session.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { BROWSER, ISSUER, PASSWORD, SECRET_KEY, type TestAccess, testAccess } from '../access.fixture.ts';
import { authorize, type Holder, holderOf, type Scope } from '../caller.ts';
import { RIGHTS } from '../rights.ts';
import type { SessionCaller } from '../sessions/session-caller.ts';
import { createTokens } from './tokens.ts';

const DAY = 86_400_000;

let access: TestAccess;
let owner: SessionCaller;
beforeAll(async () => {
  access = await testAccess();
  await access.addAdmin({ id: 'olga' });
  owner = (await access.enter('olga')).caller;
});
afterAll(() => access[Symbol.asyncDispose]());

const create = (scopes: Scope[] = ['backups:read'], expiresInDays = 30, from = owner) =>
  access.tokens.create(from, { name: 'nightly', scopes, expiresInDays });
const read = (jwt: string) => access.tokens.read(jwt, '192.0.2.9');

describe('a named token', () => {
  test('is shown once, kept nowhere, and speaks for its scopes', async () => {
    const { token, info } = await create(['backups:create', 'backups:read']);
    expect(info).toMatchObject({ name: 'nightly', scopes: ['backups:read', 'backups:create'], revokedAt: null });
    const caller = await read(token);
    expect(caller).toMatchObject({
      kind: 'token',
      actor: `token nightly (${info.id}) of olga@palace.example`,
      tokenId: info.id,
    });
    expect([...caller.scopes]).toEqual(['backups:read', 'backups:create']);
    const [, , signature = ''] = token.split('.');
    expect(JSON.stringify(await access.database.query('SELECT * FROM backup_system.tokens'))).not.toContain(signature);
    expect((await access.tokens.list()).find((one) => one.id === info.id)?.lastUsedAt).toEqual(access.clock.now());
  });

  test('counts no more from the moment it is revoked, on every replica', async () => {
    const { token, info } = await create();
    const replica = createTokens({
      records: access.records,
      secretKey: SECRET_KEY,
      issuer: ISSUER,
      now: access.clock.now,
    });
    await replica.read(token, '192.0.2.9');
    await access.tokens.revoke(info.id, 'olga@palace.example');
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
    expect((await rejection(replica.read(token, '192.0.2.9'))).code).toBe('UNAUTHENTICATED');
    const first = (await access.tokens.list()).find((one) => one.id === info.id);
    await access.tokens.revoke(info.id, 'somebody else');
    expect((await access.tokens.list()).find((one) => one.id === info.id)).toEqual(first);
    for (const unknown of [crypto.randomUUID(), "' OR true --", ''])
      expect((await rejection(access.tokens.revoke(unknown, 'x'))).code).toBe('NOT_FOUND');
  });

  test('ends at its day', async () => {
    const { token } = await create(['backups:read'], 1);
    access.clock.advance(DAY - 2000);
    await read(token);
    access.clock.advance(3000);
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
  });

  test('can no more than its administrator may, within 30 seconds', async () => {
    await access.addAdmin({ id: 'tom' });
    const { token } = await create(['backups:read'], 30, (await access.enter('tom')).caller);
    await access.database.query(`UPDATE public.admins SET role = 'VIEWER' WHERE id = 'tom'`);
    access.clock.advance(31_000);
    expect((await read(token)).scopes.size).toBe(0);
    await access.database.query(`UPDATE public.admins SET role = 'SUPER_ADMIN', "isActive" = false WHERE id = 'tom'`);
    access.clock.advance(31_000);
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
    await access.database.query(`UPDATE public.admins SET "isActive" = true WHERE id = 'tom'`);
    access.clock.advance(31_000);
    expect([...(await read(token)).scopes]).toEqual(['backups:read']);
    await access.database.query(`DELETE FROM public.admins WHERE id = 'tom'`);
    access.clock.advance(31_000);
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
  });

  test('only looks and cancels while the administrators cannot be asked', async () => {
    const { token } = await create(['backups:create', 'operations:read', 'restores:run']);
    await using holder = await openSession(access.database.url, {
      applicationName: 'holder',
      signal: new AbortController().signal,
    });
    await holder.query('BEGIN; LOCK TABLE public.admins IN ACCESS EXCLUSIVE MODE');
    access.clock.advance(31_000);
    const held = await read(token);
    expect([...held.scopes]).toEqual(['operations:read']);
    expect([...(held.unconfirmed ?? [])].sort()).toEqual(['backups:create', 'operations:read', 'restores:run']);
    await holder.query('ROLLBACK');
  });

  test('is not made wider than its maker, nor from nonsense', async () => {
    await access.addAdmin({ id: 'vera', role: 'VIEWER' });
    const { caller } = await access.enter('vera');
    expect((await rejection(create(['backups:read'], 30, caller))).code).toBe('FORBIDDEN');
    const wrong = [
      { name: '', scopes: ['backups:read'], expiresInDays: 1 },
      { name: 'a\nb', scopes: ['backups:read'], expiresInDays: 1 },
      { name: 'x'.repeat(101), scopes: ['backups:read'], expiresInDays: 1 },
      { name: 'x', scopes: [], expiresInDays: 1 },
      { name: 'x', scopes: ['everything'], expiresInDays: 1 },
      { name: 'x', scopes: ['backups:read'], expiresInDays: 0 },
      { name: 'x', scopes: ['backups:read'], expiresInDays: 366 },
      { name: 'x', scopes: ['backups:read'], expiresInDays: Number.NaN },
    ] as { name: string; scopes: Scope[]; expiresInDays: number }[];
    for (const input of wrong) {
      expect((await rejection(access.tokens.create(owner, input))).code).toBe('INPUT_INVALID');
    }
  });
});

describe('access after sign-in', () => {
  test('lasts 15 minutes and dies with its session', async () => {
    await access.addAdmin({ id: 'ann' });
    const { caller, sessionId } = await access.enter('ann');
    const { token, expiresAt } = await access.tokens.issueAccess(caller);
    expect(expiresAt.getTime() - access.clock.now().getTime()).toBe(900_000);
    expect((await read(token)).adminId).toBe('ann');
    const other = await access.tokens.issueAccess(caller);
    access.clock.advance(901_000);
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
    expect((await access.sessions.read(sessionId, BROWSER.address))?.caller.adminId).toBe('ann');
    const again = await access.tokens.issueAccess(caller);
    await access.sessions.signOut(caller.sessionKey);
    for (const one of [other, again]) expect((await rejection(read(one.token))).code).toBe('UNAUTHENTICATED');
  });

  test('is no way around giving the password again', async () => {
    await access.addAdmin({ id: 'ben' });
    const { caller } = await access.enter('ben');
    const { token } = await access.tokens.issueAccess(caller);
    const may = async () => authorize(await read(token), RIGHTS['restores.start'], access.clock.now());
    expect((await rejection(may())).code).toBe('STEP_UP_REQUIRED');
    await access.sessions.stepUp(caller, PASSWORD);
    await may();
    access.clock.advance(301_000);
    expect((await rejection(may())).code).toBe('STEP_UP_REQUIRED');
  });
});

test('a holder is read again without the text of session or token, until it has ended', async () => {
  await access.addAdmin({ id: 'cyn' });
  const { caller } = await access.enter('cyn');
  const { token } = await access.tokens.issueAccess(caller);
  const { token: service, info } = await create(['backups:download'], 30, caller);
  const [session, accessToken, named] = [caller, await read(token), await read(service)].map(holderOf);
  expect(accessToken).toEqual(session as Holder);
  const again = async (holder = session) => await access.tokens.readHolder(holder as Holder, '192.0.2.9');
  expect([(await again()).adminId, (await again(named)).actor]).toEqual(['cyn', (await read(service)).actor]);
  // Longer than the access token itself.
  access.clock.advance(901_000);
  expect((await again(accessToken)).adminId).toBe('cyn');
  await access.sessions.signOut(caller.sessionKey);
  expect((await rejection(again())).code).toBe('UNAUTHENTICATED');
  await access.tokens.revoke(info.id, 'cyn');
  expect((await rejection(again(named))).code).toBe('UNAUTHENTICATED');
});

describe('a signed link', () => {
  const claims = {
    purpose: 'download' as const,
    subject: 'backup_1.zip',
    actor: 'olga@palace.example',
    holder: { sessionKey: 'a key' },
  };

  test('says what it is for and who gave it, for as long as it was given', async () => {
    const link = await access.tokens.signLink(claims, 300);
    const { purpose: _, ...said } = claims;
    expect(await access.tokens.readLink(link, 'download')).toEqual(said);
    const ofToken = { ...claims, holder: { tokenId: crypto.randomUUID() } };
    const { holder } = await access.tokens.readLink(await access.tokens.signLink(ofToken, 300), 'download');
    expect(holder).toEqual(ofToken.holder);
    expect(link).toMatch(/^[\w.-]+$/);
    access.clock.advance(301_000);
    expect((await rejection(access.tokens.readLink(link, 'download'))).code).toBe('UNAUTHENTICATED');
  });

  test('is no token, and no token is a link', async () => {
    const link = await access.tokens.signLink(claims, 300);
    expect((await rejection(read(link))).code).toBe('UNAUTHENTICATED');
    const { token } = await create();
    expect((await rejection(access.tokens.readLink(token, 'download'))).code).toBe('UNAUTHENTICATED');
  });
});

test('what the key set publishes verifies a token elsewhere, and holds no private half', async () => {
  const { token } = await create();
  const { keys } = await access.tokens.jwks();
  for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  const { jwtVerify, createLocalJWKSet } = await import('jose');
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), { issuer: ISSUER, audience: 'service' });
  expect(payload.sub).toBe('olga');
  expect(await importJWK(keys[0] ?? {}, 'EdDSA')).toHaveProperty('type', 'public');
});
