import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { newestMigration, readMigrationState } from './migration-state.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
});
afterAll(() => database[Symbol.asyncDispose]());

test('a migrated database is at the newest, and an older or a newer program is told so', async () => {
  const ask = (text: string, params: unknown[]) => database.query<Record<string, unknown>>(text, params);
  const newest = newestMigration();
  expect(await readMigrationState(ask, newest)).toBe('newest');
  expect(await readMigrationState(ask, newest + 1)).toBe('older');
  expect(await readMigrationState(ask, newest - 1)).toBe('newer');
});
