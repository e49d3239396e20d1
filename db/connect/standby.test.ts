import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connectByOurClients, connectByPsql } from './libpq.fixture.ts';
import { openSession } from './session.ts';
import { type Pair, startPair } from './standby.fixture.ts';

async function ask(url: string, sql: string) {
  await using session = await openSession(url, { applicationName: 'testing', signal: new AbortController().signal });
  return await session.query<Record<string, unknown>>(sql);
}

let pair: Pair | null;
beforeAll(async () => {
  pair = await startPair(ask);
}, 180_000);
afterAll(async () => {
  await pair?.[Symbol.asyncDispose]();
});

test('target_session_attrs finds the server psql finds, in either order of a primary and its standby, read-only or not', async () => {
  if (pair === null) return;
  const { primary, standby } = pair;
  const arrived = new Set<string | null>();
  for (const readOnly of ['off', 'on']) {
    await ask(primary.adminUrl(), `ALTER SYSTEM SET default_transaction_read_only = ${readOnly}`);
    await ask(primary.adminUrl(), 'SELECT pg_reload_conf()');
    await Bun.sleep(300);
    for (const ports of [
      [primary.port, standby.port],
      [standby.port, primary.port],
      [1, standby.port],
      [primary.port, 1],
    ])
      for (const attrs of ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby']) {
        // The name keeps the rounds apart: a process stays with the server it used last.
        const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
        const text = `postgres://postgres:test@${hosts}/postgres?target_session_attrs=${attrs}&application_name=${readOnly}`;
        const [psql, ours] = [await connectByPsql(text, {}), await connectByOurClients(text, {})];
        expect([text, readOnly, ours.arrivals]).toEqual([text, readOnly, [psql.arrival, psql.arrival]]);
        arrived.add(psql.arrival);
      }
  }
  expect(arrived.size).toBe(3);
}, 120_000);

test('connections of one process stay together, whatever order the servers are taken in', async () => {
  if (pair === null) return;
  const hosts = `127.0.0.1:${pair.primary.port},127.0.0.1:${pair.standby.port}`;
  const text = `postgres://postgres:test@${hosts}/postgres?load_balance_hosts=random`;
  const ports = new Set<unknown>();
  for (let n = 0; n < 12; n++)
    for (const { port } of await ask(text, `SELECT current_setting('port') AS port`)) ports.add(port);
  expect(ports.size).toBe(1);
}, 60_000);
