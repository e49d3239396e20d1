import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openSession } from '../../../db/connect/session.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { startQueue } from './queue.ts';
import { readQueueState } from './queue-state.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
});
afterAll(() => database[Symbol.asyncDispose]());

async function state() {
  await using session = await openSession(database.url, {
    applicationName: 'queue state test',
    signal: AbortSignal.timeout(60_000),
  });
  return await readQueueState((text, params) => session.query<Record<string, unknown>>(text, params));
}
const open = (works: boolean) => startQueue({ databaseUrl: database.url, works, onError: () => undefined });

test('a worker is there only while a process that takes operations is connected', async () => {
  expect(await state()).toEqual({ worker: false, queued: 0, running: 0, waitingSince: null });
  const asking = await open(false);
  const working = await open(true);
  try {
    expect((await state()).worker).toBe(true);
    await working.stop();
    // The server notices a closed connection a moment later.
    while ((await state()).worker) await Bun.sleep(20);
    await asking.present([]);
    expect((await state()).worker).toBe(false);
  } finally {
    await working.stop();
    await asking.stop();
  }
});

test('what waits is counted, and since when', async () => {
  await database.query(
    `INSERT INTO backup_system.operations (id, kind, state, actor, origin, created_at, finished_at) VALUES
       (gen_random_uuid(), 'backup', 'queued', 'a', 'b', '2026-11-23T10:00:00Z', NULL),
       (gen_random_uuid(), 'backup', 'queued', 'a', 'b', '2026-11-23T11:00:00Z', NULL),
       (gen_random_uuid(), 'backup', 'running', 'a', 'b', '2026-11-23T09:00:00Z', NULL),
       (gen_random_uuid(), 'backup', 'failed', 'a', 'b', '2026-11-23T08:00:00Z', now())`,
  );
  expect(await state()).toMatchObject({ queued: 2, running: 1, waitingSince: new Date('2026-11-23T10:00:00Z') });
});
