import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { BackupClient } from '../../client/client.ts';
import type { Comparison } from '../../restore/compare/compare.ts';
import { answeredCode } from '../../testing/answered.fixture.ts';
import { clientWith, type TestServer } from '../server.fixture.ts';
import { signedInServer } from '../signed-in.fixture.ts';

let server: TestServer;
let client: BackupClient;
let reader: BackupClient;
beforeAll(async () => {
  const signedIn = await signedInServer();
  ({ server, client } = signedIn);
  reader = clientWith(server, { cookie: await server.session((await server.admin('SUPER_ADMIN')).id) });
  await server.database.query(`
    DELETE FROM categories; INSERT INTO categories (id, name, type, "isActive", "updatedAt")
      SELECT 'c' || to_char(n, 'FM000'), 'name ' || n, 'POSITION', true, now() FROM generate_series(1, 300) n;
    INSERT INTO admins (id, email, password, "fullName", role, permissions, "isActive", "updatedAt")
      SELECT 'x1', 'old@example.org', password, 'Adébáyọ̀ Before', role, permissions, "isActive", now() FROM admins LIMIT 1`);
  await made('before');
  await edit();
});
afterAll(() => server[Symbol.asyncDispose]());

async function edit(): Promise<void> {
  await server.database.query(`
    DELETE FROM categories WHERE id < 'c100'; UPDATE categories SET name = 'Zoë ' || name WHERE id > 'c280';
    INSERT INTO categories (id, name, type, "isActive", "updatedAt") VALUES ('d1', 'newer', 'POSITION', true, now());
    UPDATE admins SET "fullName" = 'After', password = 'another' WHERE id = 'x1'`);
}

async function made(name: string): Promise<void> {
  const { operation } = (await client.backups.create.mutate({ name })).data;
  await client.wait(operation.id);
}

async function planned(): Promise<{ plan: string; result: Comparison }> {
  const { operation } = (await client.restores.plan.mutate({ backup: 'before.zip', wait: true })).data;
  const { result } = await client.wait(operation.id);
  return { plan: operation.id, result: result as unknown as Comparison };
}

const stagings = () => server.database.admin(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore\\_%'`);
const recorded = async () =>
  (await client.audit.list.query({ action: 'restores.revealDifferences', limit: 100 })).data.rows;

describe('the rows that a plan found different', () => {
  test('are answered page by page in the order of the key, with the values of both sides', async () => {
    const { plan, result } = await planned();
    expect(result.kept?.tables.find(({ name }) => name === 'categories')).toMatchObject({
      key: ['id'],
      rows: 99 + 20 + 1,
      complete: true,
    });
    const seen: { change: string; id: string | null | undefined }[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const { data } = await client.restores.differences.query({ plan, table: 'categories', after, limit: 50 });
      const id = data.columns.findIndex(({ name }) => name === 'id');
      seen.push(...data.rows.map(({ change, before, after: then }) => ({ change, id: (before ?? then)?.[id] })));
      after = data.next;
    }
    expect(seen.map(({ id }) => id)).toEqual(seen.map(({ id }) => id).toSorted());
    expect(Object.fromEntries([...Map.groupBy(seen, ({ change }) => change)].map(([k, v]) => [k, v.length]))).toEqual({
      add: 99,
      change: 20,
      remove: 1,
    });
    const { data } = await client.restores.differences.query({
      plan,
      table: 'categories',
      changes: ['change'],
      limit: 1,
    });
    const place = data.columns.findIndex(({ name }) => name === 'name');
    expect(data.rows[0]?.columns).toEqual([place + 1]);
    expect([data.rows[0]?.before?.[place], data.rows[0]?.after?.[place]]).toEqual(['Zoë name 281', 'name 281']);
  });

  test('are found by a text in either side, whatever its case and accents, and never by a hidden value', async () => {
    const { plan } = await planned();
    const found = async (table: string, search: string) =>
      (await client.restores.differences.query({ plan, table, search })).data.rows.length;
    expect(await found('categories', 'ZOE name 29')).toBe(10);
    expect(await found('categories', 'newer')).toBe(1);
    expect(await found('admins', 'after')).toBe(0);
  });

  test('hide what says something about a person until it is asked for with the password, which is recorded', async () => {
    const { plan } = await planned();
    const { data } = await client.restores.differences.query({ plan, table: 'admins' });
    const place = (name: string) => data.columns.findIndex((column) => column.name === name);
    expect(data.rows).toHaveLength(1);
    expect(data.rows[0]?.columns).toEqual(expect.arrayContaining([place('fullName') + 1, place('password') + 1]));
    expect(JSON.stringify(data)).not.toMatch(/Before|After|another/);
    const wanted = { plan, table: 'admins', columns: ['fullName'] };
    expect(await answeredCode(reader.restores.revealDifferences.mutate(wanted))).toBe('STEP_UP_REQUIRED');
    const shown = (await client.restores.revealDifferences.mutate({ ...wanted, search: 'adebayo' })).data;
    expect([shown.rows[0]?.before?.[place('fullName')], shown.rows[0]?.after?.[place('fullName')]]).toEqual([
      'After',
      'Adébáyọ̀ Before',
    ]);
    expect(JSON.stringify(shown)).not.toContain('another');
    const secret = client.restores.revealDifferences.mutate({ ...wanted, columns: ['password'] });
    expect(await answeredCode(secret)).toBe('FORBIDDEN');
    const [row] = (await recorded()).filter(({ outcome }) => outcome === 'allowed');
    expect(row?.details).toMatchObject({ table: 'admins', columns: ['fullName'], rows: 1, searched: true });
    expect(JSON.stringify(row)).not.toContain('adebayo');
  });

  test('belong to a plan that a restore can be held to, once, and only while nothing more would be lost', async () => {
    const { plan, result } = await planned();
    const held = async (planDigest: string, tables?: string[]) => {
      const from = { backup: 'before.zip' };
      const input = { from, planDigest, confirmDatabase: server.database.name, wait: true, ...(tables && { tables }) };
      return (await client.restores.start.mutate(input)).data.operation.id;
    };
    const refusal = async (id: string) =>
      client.wait(id).then(
        () => null,
        (error: Error) => error.message,
      );
    expect(await refusal(await held('0'.repeat(64)))).toMatch(/is not known to this database/);
    expect(await refusal(await held(result.digest, ['categories']))).toMatch(/other tables are chosen/);
    await server.database.query(
      `INSERT INTO categories (id, name, type, "isActive", "updatedAt") VALUES ('d2', 'since', 'POSITION', true, now())`,
    );
    expect(await refusal(await held(result.digest))).toMatch(/categories would lose 2 rows/);
    await server.database.query(`DELETE FROM categories WHERE id = 'd2'`);
    expect(await refusal(await held(result.digest))).toBeNull();
    expect(await refusal(await held(result.digest))).toMatch(
      /was used, or another restore has changed the database since/,
    );
    expect(await answeredCode(client.restores.differences.query({ plan, table: 'categories' }))).toBe('NOT_FOUND');
    await edit();
  });

  test('are gone when they expire and after a restore, and nothing of them is left', async () => {
    const { plan } = await planned();
    const { plan: other } = await planned();
    expect(await stagings()).not.toEqual([]);
    await server.database.query(
      `UPDATE backup_system.operations SET result = jsonb_set(result, '{kept,until}', '"2020-01-01T00:00:00Z"') WHERE id = '${plan}'`,
    );
    const wanted = { table: 'categories' };
    expect(await answeredCode(client.restores.differences.query({ plan, ...wanted }))).toBe('NOT_FOUND');
    const { operation } = (
      await client.restores.start.mutate({
        from: { backup: 'before.zip' },
        tables: ['categories'],
        confirmDatabase: server.database.name,
        wait: true,
      })
    ).data;
    await client.wait(operation.id);
    expect(await answeredCode(client.restores.differences.query({ plan: other, ...wanted }))).toBe('NOT_FOUND');
    for (let tries = 0; tries < 50 && (await stagings()).length > 0; tries++) await Bun.sleep(100);
    expect(await stagings()).toEqual([]);
  });
});
