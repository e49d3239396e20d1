import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { AppError } from '../../core/errors.ts';
import { askDatabase, readOverview } from './overview.ts';

const signal = new AbortController().signal;
const storage = {
  label: 'here',
  list: async () => [{ name: 'a.zip', size: 7, createdAt: new Date(0), modifiedAt: new Date(0) }],
};
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.query(`CREATE TABLE few AS SELECT n FROM generate_series(1, 3) AS n;
    CREATE TABLE many AS SELECT n FROM generate_series(1, 150000) AS n; ANALYZE many`);
  await database.admin('CREATE TABLE closed (n int)');
  await database.admin(`CREATE SCHEMA backup_system; CREATE TABLE backup_system.operations (revision bigint);
    GRANT USAGE ON SCHEMA backup_system TO PUBLIC; GRANT SELECT, UPDATE ON backup_system.operations TO PUBLIC`);
});
afterAll(() => database[Symbol.asyncDispose]());

const named = (...names: string[]) => names.map((name) => ({ schema: 'public', name }));

describe('readOverview()', () => {
  test('counts small tables exactly, estimates large ones, and says which it cannot read', async () => {
    const tables = named('few', 'many', 'closed', 'missing');
    const overview = await readOverview({ databaseUrl: database.url, tables, storage }, signal);
    expect(overview.database.state).toMatchObject({
      version: expect.stringMatching(/^\d+/),
      tables: [
        { name: 'public.few', rows: { count: 3, exact: true } },
        { name: 'public.many', rows: { count: 150_000, exact: false } },
        { name: 'public.closed', rows: null },
        { name: 'public.missing', rows: null },
      ],
    });
    expect(overview.storage).toEqual({
      label: 'here',
      state: { backups: [{ name: 'a.zip', size: 7, createdAt: new Date(0) }], totalSize: 7 },
    });
  });

  test('shows no password', async () => {
    const overview = await readOverview({ databaseUrl: database.url, tables: [], storage }, signal);
    expect(overview.database.url).toBe(`postgres://127.0.0.1:${new URL(database.url).port}/${database.name}`);
  });

  test('does not fail when database and storage do: their errors stand in their places', async () => {
    const broken = { label: 'here', list: () => Promise.reject(new AppError('STORAGE_UNAVAILABLE', 'no disk')) };
    const overview = await readOverview(
      { databaseUrl: 'postgres://u:p@127.0.0.1:1/x', tables: [], storage: broken },
      signal,
    );
    expect(overview.database.state).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect(overview.storage.state).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});

describe('askDatabase()', () => {
  test('resolves while the database answers and rejects when it does not', async () => {
    await askDatabase(database.url, signal);
    await expect(askDatabase('postgres://u:p@127.0.0.1:1/x', signal)).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    });
  });

  test('rejects while the database answers and takes no writes of ours', async () => {
    await database.admin('REVOKE UPDATE ON backup_system.operations FROM PUBLIC');
    await expect(askDatabase(database.url, signal)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await database.admin('DROP TABLE backup_system.operations');
    await expect(askDatabase(database.url, signal)).rejects.toMatchObject({ code: 'DATABASE_ERROR' });
  });
});
