import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { BackupClient } from '../../client/client.ts';
import { answeredCode } from '../../testing/answered.fixture.ts';
import type { TestServer } from '../server.fixture.ts';
import { type SignedIn, signedInServer } from '../signed-in.fixture.ts';

let server: TestServer;
let client: BackupClient;
let backUp: SignedIn['backUp'];
beforeAll(async () => {
  ({ server, client, backUp } = await signedInServer());
});
afterAll(() => server[Symbol.asyncDispose]());

describe('restores', () => {
  test('start brings the rows back, only when the database is named', async () => {
    await backUp({ name: 'before', tables: ['categories'] });
    await server.database.query(`DELETE FROM categories WHERE id <> 'c1'`);
    const from = { backup: 'before.zip' };
    expect(await answeredCode(client.restores.start.mutate({ from, confirmDatabase: 'another' }))).toBe(
      'INPUT_INVALID',
    );
    const { operation } = (await client.restores.start.mutate({ from, confirmDatabase: server.database.name })).data;
    expect((await client.wait(operation.id)).result).toMatchObject({ restoredRecords: 500 });
    expect(await server.database.query('SELECT count(*)::int AS n FROM categories')).toEqual([{ n: 500 }]);
  });

  test('plan counts what a restore would change, and changes nothing', async () => {
    await backUp({ name: 'planned', tables: ['categories'] });
    await server.database.query(
      `DELETE FROM categories WHERE id = 'c1'; UPDATE categories SET name = 'changed ' || id WHERE id IN ('c2', 'c3')`,
    );
    const { operation } = (await client.restores.plan.mutate({ backup: 'planned.zip', tables: ['categories'] })).data;
    expect((await client.wait(operation.id)).result).toMatchObject({
      tables: [{ table: 'categories', added: 1, changed: 2, removed: 0, unchanged: 497, columns: { name: 2 } }],
      stops: [],
    });
    expect(await server.database.query('SELECT count(*)::int AS n FROM categories')).toEqual([{ n: 499 }]);
    await server.database.query(
      `DELETE FROM categories WHERE id = 'c9'; ALTER TABLE categories ADD CONSTRAINT not_nine CHECK (id <> 'c9')`,
    );
    const settled = await Promise.all(
      [false, true].map(async (keepBrokenRules) => {
        const asked = await client.restores.plan.mutate({ backup: 'planned.zip', keepBrokenRules, wait: true });
        return (await client.wait(asked.data.operation.id)).result;
      }),
    );
    await server.database.query('ALTER TABLE categories DROP CONSTRAINT not_nine');
    const rule = { table: 'categories', rule: 'not_nine', rows: 1, keys: ['c9'], keepable: true };
    expect(settled).toMatchObject([
      { stops: [{ code: 'RESTORE_REFUSED' }], rules: [{ ...rule, outcome: 'refused' }] },
      { stops: [], rules: [{ ...rule, outcome: 'kept' }] },
    ]);
    const start = { from: { backup: 'planned.zip' }, confirmDatabase: server.database.name };
    await client.wait((await client.restores.start.mutate(start)).data.operation.id);
    const again = (await client.restores.plan.mutate({ backup: 'planned.zip', wait: true })).data.operation;
    expect((await client.wait(again.id)).result).toMatchObject({ tables: [{ added: 0, changed: 0, removed: 0 }] });
  });

  test('an upload is restored once it is accepted, and not before', async () => {
    await backUp({ name: 'elsewhere', tables: ['categories'] });
    await using source = await server.storage.open('elsewhere.zip');
    const upload = await server.receive(await source.read(0, source.size), 'sent.zip');
    await client.backups.remove.mutate({ id: 'elsewhere.zip' });
    const start = { from: { upload }, confirmDatabase: server.database.name };
    expect(await answeredCode(client.restores.start.mutate(start))).toBe('RESTORE_REFUSED');
    const asked = (await client.uploads.accept.mutate({ id: upload })).data.operation;
    expect((await client.wait(asked.id)).result).toMatchObject({ uploadId: upload, existing: false });
    const accepted = (await client.uploads.get.query({ id: upload })).data;
    expect([accepted.state, typeof accepted.archive, accepted.operationId]).toEqual(['accepted', 'string', asked.id]);
    expect((await client.uploads.accept.mutate({ id: upload })).data).toMatchObject({ existing: true });
    const { operation } = (await client.restores.start.mutate(start)).data;
    expect((await client.wait(operation.id)).archive).toBe(accepted.archive);
  });

  test('a misspelt word does not widen a restore: unknown input is refused', async () => {
    const input = { from: { backup: 'before.zip' }, table: ['categories'], confirmDatabase: server.database.name };
    expect(await answeredCode(client.restores.start.mutate(input))).toBe('INPUT_INVALID');
  });
});
