import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { BackupClient } from '../../client/client.ts';
import { answeredCode, answeredFailure } from '../../testing/answered.fixture.ts';
import { clientWith, type TestServer } from '../server.fixture.ts';
import { type SignedIn, signedInServer } from '../signed-in.fixture.ts';

let server: TestServer;
let person: BackupClient;
let cookie = '';
let backUp: SignedIn['backUp'];
beforeAll(async () => {
  ({ server, client: person, cookie, backUp } = await signedInServer());
});
afterAll(() => server[Symbol.asyncDispose]());

/** Marks a backup as uploaded. */
async function asUploaded(name: string): Promise<void> {
  const notes = await server.storage.readSidecar(name);
  if (!notes) throw new Error('it has no notes');
  await server.storage.writeSidecar(name, { ...notes, kind: 'uploaded' });
  server.parts.cache.drop(name);
}
const start = (
  client: BackupClient,
  backup: string,
  more: { tables?: string[]; confirmAdministrators?: string } = {},
) => client.restores.start.mutate({ from: { backup }, confirmDatabase: server.database.name, ...more });
const service = async () => {
  const { caller } = await server.readCaller(new Headers({ cookie }), '127.0.0.1');
  if (caller.kind !== 'session') throw new Error('no session');
  const input = { name: 'forger', scopes: ['restores:run', 'uploads:create'] as const, expiresInDays: 1 };
  const { token } = await server.parts.tokens.create(caller, { ...input, scopes: [...input.scopes] });
  const access = await server.parts.tokens.issueAccess(caller);
  return [token, access.token].map((text) => clientWith(server, { authorization: `Bearer ${text}` }));
};

test('an uploaded archive makes nobody an administrator but by a person who was shown whom, and by no token', async () => {
  const viewer = await server.admin('VIEWER');
  const intruder = await server.admin('SUPER_ADMIN');
  await server.database.query(`UPDATE admins SET role = 'SUPER_ADMIN' WHERE id = $1`, [viewer.id]);
  await backUp({ name: 'forged' });
  await backUp({ name: 'forged-others', tables: ['categories'] });
  for (const name of ['forged.zip', 'forged-others.zip']) await asUploaded(name);
  const back = async () => {
    await server.database.query(`DELETE FROM admins WHERE id = $1`, [intruder.id]);
    await server.database.query(`UPDATE admins SET role = 'VIEWER' WHERE id = $1`, [viewer.id]);
  };
  await back();

  for (const token of await service()) {
    const refused = await answeredFailure(start(token, 'forged.zip'));
    expect([refused.code, refused.details?.['confirmAdministrators']]).toEqual(['FORBIDDEN', undefined]);
  }
  const asked = await answeredFailure(start(person, 'forged.zip'));
  expect(asked.code).toBe('RESTORE_REFUSED');
  expect(asked.details?.['administrators']).toEqual(
    expect.arrayContaining([
      { email: intruder.email, change: 'new', role: 'SUPER_ADMIN', roleNow: null, what: [] },
      { email: viewer.email, change: 'changed', role: 'SUPER_ADMIN', roleNow: 'VIEWER', what: ['role'] },
    ]),
  );
  expect(asked.message).toContain(intruder.email);
  const confirmAdministrators = String(asked.details?.['confirmAdministrators']);
  for (const token of await service())
    expect(await answeredCode(start(token, 'forged.zip', { confirmAdministrators }))).toBe('FORBIDDEN');
  expect(await answeredCode(start(person, 'forged.zip', { confirmAdministrators: 'yes' }))).toBe('RESTORE_REFUSED');
  // The changes shown are no longer the current ones.
  await server.database.query(`UPDATE admins SET "isActive" = false WHERE id = $1`, [viewer.id]);
  expect(await answeredCode(start(person, 'forged.zip', { confirmAdministrators }))).toBe('RESTORE_REFUSED');
  await server.database.query(`UPDATE admins SET "isActive" = true WHERE id = $1`, [viewer.id]);

  // Without that table a token may do it.
  const [token] = await service();
  if (!token) throw new Error('no token');
  await person.wait((await start(token, 'forged-others.zip')).data.operation.id);
  const { operation } = (await start(person, 'forged.zip', { confirmAdministrators })).data;
  await person.wait(operation.id);
  const [row] = await server.database.query(`SELECT role::text FROM admins WHERE id = $1`, [intruder.id]);
  expect(row).toEqual({ role: 'SUPER_ADMIN' });
  const { rows } = await server.parts.audit.list({ action: 'restores.start', outcome: 'allowed' });
  expect(JSON.stringify(rows[0]?.details)).toContain(intruder.email);

  // One made here needs no confirmation.
  await backUp({ name: 'own' });
  await back();
  await person.wait((await start(token, 'own.zip')).data.operation.id);
});

test('a changed password, account or standing is told as well, and what is the same asks nothing', async () => {
  await backUp({ name: 'same' });
  await asUploaded('same.zip');
  const [token] = await service();
  if (!token) throw new Error('no token');
  const { operation } = (await start(token, 'same.zip')).data;
  await person.wait(operation.id);
  const other = await server.admin('VIEWER');
  await backUp({ name: 'before' });
  await asUploaded('before.zip');
  for (const [change, what] of [
    [`password = 'x'`, ['password']],
    [`"isActive" = false`, ['active']],
    [`id = 'another-id'`, ['identity']],
  ] as const) {
    const [was] = await server.database.query<Record<string, unknown>>('SELECT * FROM admins WHERE email = $1', [
      other.email,
    ]);
    await server.database.query(`UPDATE admins SET ${change} WHERE email = $1`, [other.email]);
    const asked = await answeredFailure(start(person, 'before.zip'));
    expect(asked.details?.['administrators']).toEqual([
      { email: other.email, change: 'changed', role: 'VIEWER', roleNow: 'VIEWER', what },
    ]);
    await server.database.query(`UPDATE admins SET id = $2, password = $3, "isActive" = true WHERE email = $1`, [
      other.email,
      was?.['id'],
      was?.['password'],
    ]);
  }
});
