import { expect, test } from 'bun:test';
import { sql } from 'drizzle-orm';
import { AppError } from '../../server/core/errors.ts';
import { openRecords } from '../system/records.ts';
import { testDatabase } from '../testing/database.ts';
import { openRelay } from '../testing/relay.fixture.ts';
import { databaseError } from './database-error.ts';
import { whileReachable } from './liveness.ts';

/** Longest time until somebody is told, with room for a busy machine. */
const USUAL_MS = 6000;
const isQuery = (bytes: Buffer) => bytes[0] === 0x51 || bytes[0] === 0x50;

/** Starts a way to a database like a pooler whose server has gone: it signs everybody in, and while it is deaf it passes on no query. */
async function startPooler(databaseUrl: string): Promise<AsyncDisposable & { url: string; isDeaf: boolean }> {
  const relay = await openRelay(databaseUrl, (client, upstream) => {
    client.on('data', (bytes: Buffer) => {
      if (!(pooler.isDeaf && isQuery(bytes))) upstream.write(bytes);
    });
    upstream.pipe(client);
  });
  const pooler = { url: relay.url, isDeaf: false, [Symbol.asyncDispose]: relay.cut };
  return pooler;
}

/** Returns how a statement ended, and after how long. */
async function outcomeOf(statement: PromiseLike<unknown>) {
  const begun = performance.now();
  const code = await Promise.resolve(statement).then(
    () => 'answered',
    (error: unknown) => databaseError(error, 'asking').code,
  );
  return { code, ms: performance.now() - begun };
}

test('a pool of one connection is told that the database is unreachable, also when the way to it still signs in, and is served when it is back', async () => {
  await using database = await testDatabase({ template: 'empty' });
  for (const isWarm of [false, true]) {
    await using pooler = await startPooler(database.url);
    const client = openRecords(pooler.url, { connections: 1 });
    const ask = () => client.records.execute(sql`SELECT 1`);
    if (isWarm) await ask();
    pooler.isDeaf = true;
    for (const { code, ms } of await Promise.all([outcomeOf(ask()), outcomeOf(ask())])) {
      expect(code).toBe('DATABASE_UNREACHABLE');
      expect(ms).toBeLessThan(USUAL_MS);
    }
    // From then on callers are told at once, those too that ask in the moment the connection fails.
    const next = await outcomeOf(ask());
    expect(next.code).toBe('DATABASE_UNREACHABLE');
    expect(next.ms).toBeLessThan(1000);
    pooler.isDeaf = false;
    while ((await outcomeOf(ask())).code !== 'answered') await Bun.sleep(100);
    await client.close();
  }
});

test('a statement that only takes long is left alone', async () => {
  await using database = await testDatabase({ template: 'empty' });
  const client = openRecords(database.url, { connections: 1 });
  expect((await outcomeOf(client.records.execute(sql`SELECT pg_sleep(4)`))).code).toBe('answered');
  await client.close();
});

test('work in sessions of its own is given up when the way to the database signs in and no query is answered', async () => {
  await using database = await testDatabase({ template: 'empty' });
  await using pooler = await startPooler(database.url);
  pooler.isDeaf = true;
  const asked = whileReachable(
    pooler.url,
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up')))),
  );
  const error: unknown = await asked.catch((caught: unknown) => caught);
  expect(error instanceof AppError && error.code).toBe('DATABASE_UNREACHABLE');
});
