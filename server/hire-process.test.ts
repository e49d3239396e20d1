import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rejection } from '../db/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../db/testing.ts';
import { readConfig } from './config.ts';
import { hireProcess } from './hire-process.ts';
import type { ProcessLog } from './logs.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
});
// It complains of connections that were left open.
afterAll(() => database[Symbol.asyncDispose]());

const metrics = { operationFinished: () => undefined };
function hiredPid(): number {
  const child = Bun.spawnSync(['pgrep', '-P', String(process.pid), '-f', 'worker-process.ts']).stdout.toString();
  return Number(child.trim().split('\n').at(-1));
}

function listening(): { log: ProcessLog; heard: string[] } {
  const heard: string[] = [];
  const hear = (_: object, message: string) => void heard.push(message);
  const log: ProcessLog = { debug: hear, info: hear, warn: hear, error: hear, child: () => log };
  return { log, heard };
}

test('hireProcess() takes operations until it is stopped, and then leaves no connection', async () => {
  const { log } = listening();
  const worker = await hireProcess({ config: readConfig({}), directUrl: database.url }, { log, metrics });
  const sessions = () =>
    database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'palace-backup sweep'`,
    );
  while ((await sessions()).length === 0);
  await Promise.all([worker.stop(0), worker.stop(0)]);
  expect(await sessions()).toEqual([]);
});

test('hireProcess() says in our words why the process could not begin', async () => {
  const { log } = listening();
  const url = new URL(database.url);
  url.port = '1';
  // a word that stands in no name
  url.password = 'sesame';
  const error = await rejection(hireProcess({ config: readConfig({}), directUrl: url.href }, { log, metrics }));
  expect([error.code, error.message.includes(url.password)]).toEqual(['DATABASE_UNREACHABLE', false]);
});

test('hireProcess() replaces a process that was killed, and says so', async () => {
  const { log, heard } = listening();
  const worker = await hireProcess({ config: readConfig({}), directUrl: database.url }, { log, metrics });
  process.kill(hiredPid(), 'SIGKILL');
  while (!heard.includes('the worker’s process was replaced')) await Bun.sleep(20);
  expect(heard).toContain('the worker’s process ended by itself');
  await worker.stop(0);
});

test('hireProcess() kills a process that does not end when told to, so that the server ends', async () => {
  const { log, heard } = listening();
  const parts = { log, metrics, lateMs: 100 };
  const worker = await hireProcess({ config: readConfig({}), directUrl: database.url }, parts);
  // It hears nothing any more, as one that waits for a lost database for ever.
  process.kill(hiredPid(), 'SIGSTOP');
  await worker.stop(0);
  expect(heard).toContain('the worker’s process did not end when told to, and was killed');
});
