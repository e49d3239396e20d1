import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { BROWSER, type TestAccess, testAccess } from '../access.fixture.ts';
import { authorize, BREAK_GLASS_SCOPES } from '../caller.ts';
import { createBreakGlassCode } from './break-glass.ts';

let access: TestAccess;
beforeAll(async () => {
  access = await testAccess();
});
afterAll(() => access[Symbol.asyncDispose]());

const makeCode = async () =>
  (await createBreakGlassCode({ records: access.records, now: access.clock.now }, 'root@db1')).code;
const enter = (code: string) => access.sessions.enterByBreakGlass(code, BROWSER.address, BROWSER.userAgent);

test('a code lets in without any table of administrators, to bring the data back and nothing else', async () => {
  await using lost = await testAccess();
  await lost.database.query('DROP TABLE public.admins CASCADE');
  const { code } = await createBreakGlassCode({ records: lost.records, now: lost.clock.now }, 'root@db1');
  const { sessionId, caller } = await lost.sessions.enterByBreakGlass(code, '192.0.2.7', 'Mozilla');
  expect(caller).toMatchObject({ actor: 'break-glass', adminId: null, role: 'BREAK_GLASS' });
  expect([...caller.scopes]).toEqual([...BREAK_GLASS_SCOPES]);
  lost.clock.advance(3_600_000);
  const found = await lost.sessions.read(sessionId, '192.0.2.7');
  expect([...(found?.caller.scopes ?? [])]).toEqual([...BREAK_GLASS_SCOPES]);
  if (!found) throw new Error('no session');
  // There is no password to give again: the code was the proof.
  authorize(found.caller, { scope: 'restores:run', stepUp: true }, lost.clock.now());
  expect((await rejection(lost.sessions.stepUp(found.caller, 'x'))).code).toBe('FORBIDDEN');
  expect((await rejection(lost.tokens.issueAccess(found.caller))).code).toBe('FORBIDDEN');
  const input = { name: 'x', scopes: ['backups:read' as const], expiresInDays: 1 };
  expect((await rejection(lost.tokens.create(found.caller, input))).code).toBe('FORBIDDEN');
});

test('a code counts once, also for many who come at the same time', async () => {
  const code = await makeCode();
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => enter(code)));
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled').length).toBe(1);
  await access.database.query('DELETE FROM backup_system.rate_limits');
  expect((await rejection(enter(code))).code).toBe('UNAUTHENTICATED');
});

test('a code counts for ten minutes', async () => {
  const [early, late] = [await makeCode(), await makeCode()];
  access.clock.advance(599_000);
  expect((await enter(early)).caller.role).toBe('BREAK_GLASS');
  access.clock.advance(2000);
  expect((await rejection(enter(late))).code).toBe('UNAUTHENTICATED');
});

test('a session by code ends after four hours, however much it is used', async () => {
  const { sessionId, expiresAt } = await enter(await makeCode());
  expect(expiresAt.getTime() - access.clock.now().getTime()).toBe(4 * 3_600_000);
  for (let hour = 1; hour < 4; hour += 1) {
    access.clock.advance(3_600_000);
    const found = await access.sessions.read(sessionId, '192.0.2.7');
    expect([found?.fresh, found?.expiresAt]).toEqual([false, expiresAt]);
  }
  access.clock.advance(3_600_001);
  expect(await access.sessions.read(sessionId, '192.0.2.7')).toBeNull();
});

test('the table holds no code', async () => {
  const code = await makeCode();
  expect(JSON.stringify(await access.database.query('SELECT * FROM backup_system.break_glass'))).not.toContain(code);
});

test('guessing is locked after ten tries from one address', async () => {
  await access.database.query('DELETE FROM backup_system.rate_limits');
  const codes: string[] = [];
  for (let n = 0; n < 12; n += 1) codes.push((await rejection(enter('A'.repeat(43)))).code);
  expect(codes).toEqual([...Array(10).fill('UNAUTHENTICATED'), 'RATE_LIMITED', 'RATE_LIMITED']);
});
