import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { importJWK } from 'jose';
import { openSession } from '../../../db/connect/session.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { type AccessScene, accessScene, BROWSER, ISSUER, PASSWORD, SECRET_KEY } from '../access.fixture.ts';
import { authorize, type Holder, holderOf, type Scope } from '../caller.ts';
import { RIGHTS } from '../rights.ts';
import type { SessionCaller } from '../sessions/session-caller.ts';
import { createTokens } from './tokens.ts';

const DAY = 86_400_000;

let scene: AccessScene;
let owner: SessionCaller;
beforeAll(async () => {
  scene = await accessScene();
  await scene.addAdmin({ id: 'olga' });
  owner = (await scene.enter('olga')).caller;
});
afterAll(() => scene[Symbol.asyncDispose]());

const create = (scopes: Scope[] = ['backups:read'], expiresInDays = 30, from = owner) =>
  scene.tokens.create(from, { name: 'nightly', scopes, expiresInDays });
const read = (jwt: string) => scene.tokens.read(jwt, '192.0.2.9');

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
    expect(JSON.stringify(await scene.database.query('SELECT * FROM backup_system.tokens'))).not.toContain(signature);
    expect((await scene.tokens.list()).find((one) => one.id === info.id)?.lastUsedAt).toEqual(scene.clock.now());
  });

  test('counts no more from the moment it is revoked, on every replica', async () => {
    const { token, info } = await create();
    const replica = createTokens({
      records: scene.records,
      secretKey: SECRET_KEY,
      issuer: ISSUER,
      now: scene.clock.now,
    });
    await replica.read(token, '192.0.2.9');
    await scene.tokens.revoke(info.id, 'olga@palace.example');
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
    expect((await rejection(replica.read(token, '192.0.2.9'))).code).toBe('UNAUTHENTICATED');
    const first = (await scene.tokens.list()).find((one) => one.id === info.id);
    await scene.tokens.revoke(info.id, 'somebody else');
    expect((await scene.tokens.list()).find((one) => one.id === info.id)).toEqual(first);
    for (const unknown of [crypto.randomUUID(), "' OR true --", ''])
      expect((await rejection(scene.tokens.revoke(unknown, 'x'))).code).toBe('NOT_FOUND');
  });

  test('ends at its day', async () => {
    const { token } = await create(['backups:read'], 1);
    scene.clock.advance(DAY - 2000);
    await read(token);
    scene.clock.advance(3000);
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
  });

  test('can no more than its administrator may, within 30 seconds', async () => {
    await scene.addAdmin({ id: 'tom' });
    const { token } = await create(['backups:read'], 30, (await scene.enter('tom')).caller);
    await scene.database.query(`UPDATE public.admins SET role = 'VIEWER' WHERE id = 'tom'`);
    scene.clock.advance(31_000);
    expect((await read(token)).scopes.size).toBe(0);
    await scene.database.query(`UPDATE public.admins SET role = 'SUPER_ADMIN', "isActive" = false WHERE id = 'tom'`);
    scene.clock.advance(31_000);
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
    await scene.database.query(`UPDATE public.admins SET "isActive" = true WHERE id = 'tom'`);
    scene.clock.advance(31_000);
    expect([...(await read(token)).scopes]).toEqual(['backups:read']);
    await scene.database.query(`DELETE FROM public.admins WHERE id = 'tom'`);
    scene.clock.advance(31_000);
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
  });

  test('only looks and cancels while the administrators cannot be asked', async () => {
    const { token } = await create(['backups:create', 'operations:read', 'restores:run']);
    await using holder = await openSession(scene.database.url, {
      applicationName: 'holder',
      signal: new AbortController().signal,
    });
    await holder.query('BEGIN; LOCK TABLE public.admins IN ACCESS EXCLUSIVE MODE');
    scene.clock.advance(31_000);
    const held = await read(token);
    expect([...held.scopes]).toEqual(['operations:read']);
    expect([...(held.unconfirmed ?? [])].sort()).toEqual(['backups:create', 'operations:read', 'restores:run']);
    await holder.query('ROLLBACK');
  });

  test('is not made wider than its maker, nor from nonsense', async () => {
    await scene.addAdmin({ id: 'vera', role: 'VIEWER' });
    const { caller } = await scene.enter('vera');
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
      expect((await rejection(scene.tokens.create(owner, input))).code).toBe('INPUT_INVALID');
    }
  });
});

describe('access after sign-in', () => {
  test('lasts 15 minutes and dies with its session', async () => {
    await scene.addAdmin({ id: 'ann' });
    const { caller, sessionId } = await scene.enter('ann');
    const { token, expiresAt } = await scene.tokens.issueAccess(caller);
    expect(expiresAt.getTime() - scene.clock.now().getTime()).toBe(900_000);
    expect((await read(token)).adminId).toBe('ann');
    const other = await scene.tokens.issueAccess(caller);
    scene.clock.advance(901_000);
    expect((await rejection(read(token))).code).toBe('UNAUTHENTICATED');
    expect((await scene.sessions.read(sessionId, BROWSER.address))?.caller.adminId).toBe('ann');
    const again = await scene.tokens.issueAccess(caller);
    await scene.sessions.signOut(caller.sessionKey);
    for (const one of [other, again]) expect((await rejection(read(one.token))).code).toBe('UNAUTHENTICATED');
  });

  test('is no way around giving the password again', async () => {
    await scene.addAdmin({ id: 'ben' });
    const { caller } = await scene.enter('ben');
    const { token } = await scene.tokens.issueAccess(caller);
    const may = async () => authorize(await read(token), RIGHTS['restores.start'], scene.clock.now());
    expect((await rejection(may())).code).toBe('STEP_UP_REQUIRED');
    await scene.sessions.stepUp(caller, PASSWORD);
    await may();
    scene.clock.advance(301_000);
    expect((await rejection(may())).code).toBe('STEP_UP_REQUIRED');
  });
});

test('a holder is read again without the text of session or token, until it has ended', async () => {
  await scene.addAdmin({ id: 'cyn' });
  const { caller } = await scene.enter('cyn');
  const { token } = await scene.tokens.issueAccess(caller);
  const { token: service, info } = await create(['backups:download'], 30, caller);
  const [session, access, named] = [caller, await read(token), await read(service)].map(holderOf);
  expect(access).toEqual(session as Holder);
  const again = async (holder = session) => await scene.tokens.readHolder(holder as Holder, '192.0.2.9');
  expect([(await again()).adminId, (await again(named)).actor]).toEqual(['cyn', (await read(service)).actor]);
  // Longer than the access token itself.
  scene.clock.advance(901_000);
  expect((await again(access)).adminId).toBe('cyn');
  await scene.sessions.signOut(caller.sessionKey);
  expect((await rejection(again())).code).toBe('UNAUTHENTICATED');
  await scene.tokens.revoke(info.id, 'cyn');
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
    const link = await scene.tokens.signLink(claims, 300);
    const { purpose: _, ...said } = claims;
    expect(await scene.tokens.readLink(link, 'download')).toEqual(said);
    const ofToken = { ...claims, holder: { tokenId: crypto.randomUUID() } };
    const { holder } = await scene.tokens.readLink(await scene.tokens.signLink(ofToken, 300), 'download');
    expect(holder).toEqual(ofToken.holder);
    expect(link).toMatch(/^[\w.-]+$/);
    scene.clock.advance(301_000);
    expect((await rejection(scene.tokens.readLink(link, 'download'))).code).toBe('UNAUTHENTICATED');
  });

  test('is no token, and no token is a link', async () => {
    const link = await scene.tokens.signLink(claims, 300);
    expect((await rejection(read(link))).code).toBe('UNAUTHENTICATED');
    const { token } = await create();
    expect((await rejection(scene.tokens.readLink(token, 'download'))).code).toBe('UNAUTHENTICATED');
  });
});

test('what the key set publishes verifies a token elsewhere, and holds no private half', async () => {
  const { token } = await create();
  const { keys } = await scene.tokens.jwks();
  for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  const { jwtVerify, createLocalJWKSet } = await import('jose');
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), { issuer: ISSUER, audience: 'service' });
  expect(payload.sub).toBe('olga');
  expect(await importJWK(keys[0] ?? {}, 'EdDSA')).toHaveProperty('type', 'public');
});
