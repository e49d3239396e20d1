import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { rejection } from '../db/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../db/testing.ts';
import { readConfig } from './config.ts';
import { MARKER } from './dying-schema.fixture.ts';
import { hireThread } from './hire-thread.ts';
import type { Log } from './logs.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
});
// It complains of connections that were left open.
afterAll(() => database[Symbol.asyncDispose]());

const metrics = { operationFinished: () => undefined };
function listening(): { log: Log; heard: string[] } {
  const heard: string[] = [];
  const hear = (_: object, message: string) => void heard.push(message);
  const log: Log = { debug: hear, info: hear, warn: hear, error: hear, child: () => log };
  return { log, heard };
}

test('hireThread() takes operations until it is stopped, and then leaves no connection', async () => {
  const { log } = listening();
  const worker = await hireThread({ config: readConfig({}), directUrl: database.url }, { log, metrics });
  const sessions = () =>
    database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'palace-backup sweep'`,
    );
  while ((await sessions()).length === 0);
  await Promise.all([worker.stop(0), worker.stop(0)]);
  expect(await sessions()).toEqual([]);
});

test('hireThread() says in our words why the thread could not begin', async () => {
  const { log } = listening();
  const url = new URL(database.url);
  url.port = '1';
  const error = await rejection(hireThread({ config: readConfig({}), directUrl: url.href }, { log, metrics }));
  expect([error.code, error.message.includes(url.password)]).toEqual(['DATABASE_UNREACHABLE', false]);
});

test('hireThread() replaces a thread that fails, and says so', async () => {
  const { log, heard } = listening();
  const config = readConfig({ BACKUP_SCHEMA: join(import.meta.dir, 'dying-schema.fixture.ts') });
  const worker = await hireThread({ config, directUrl: database.url }, { log, metrics });
  await Bun.write(MARKER, '');
  while (!heard.includes('the worker’s thread was replaced')) await Bun.sleep(20);
  expect(heard).toContain('the worker’s thread failed');
  await worker.stop(0);
});
