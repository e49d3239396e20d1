import { afterAll, beforeAll, expect, test } from 'bun:test';
import * as hrms from '../../db/hrms/schema.ts';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { quoteName } from '../../db/model/quote.ts';
import { connected } from '../../db/testing/client.fixture.ts';
import { answeredCode } from '../testing/answered.fixture.ts';
import { until } from '../testing/until.fixture.ts';
import { type Person, type System, startSystem } from './system.fixture.ts';

let system: System;
let person: Person;
beforeAll(async () => {
  system = await startSystem({ staff: 20 });
  person = await system.signIn();
});
afterAll(() => system[Symbol.asyncDispose]());

/** Holds every table of the HRMS as the end of a restore does. */
async function holdTables() {
  const holder = await connected(system.database.url, 'holder');
  const names = modelFromSchema(hrms).tables.map(quoteName).toSorted().join(', ');
  await holder.query(`BEGIN; LOCK TABLE ${names} IN ACCESS EXCLUSIVE MODE`);
  const isHeld = async () => {
    const [row] = await system.database.admin<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE a.datname = current_database() AND a.application_name = 'holder' AND l.mode = 'AccessExclusiveLock' AND l.granted AND l.locktype = 'relation'`,
    );
    return (row?.n ?? 0) >= 13;
  };
  return { isHeld, release: () => holder.end() };
}

/** Makes what is known of the administrators too old to count without asking. */
const forget = () => system.database.query(`UPDATE backup_system.sessions SET checked_at = now() - interval '1 hour'`);

test('while the tables of the HRMS are held, who-am-I, the operation, its progress and its cancellation answer', async () => {
  const tables = await holdTables();
  const { operation } = (await person.client.backups.create.mutate({ verify: false })).data;
  await until('the backup runs', async () => {
    return (await person.client.operations.get.query({ id: operation.id })).data.state === 'running';
  });

  const took: Record<string, number[]> = {};
  const timed = async <Answer>(name: string, work: () => Promise<Answer>): Promise<Answer> => {
    const began = performance.now();
    const answer = await work();
    took[name] = [...(took[name] ?? []), performance.now() - began];
    expect([name, await tables.isHeld()]).toEqual([name, true]);
    return answer;
  };
  const firstEvent = async () => {
    for await (const view of person.client.watch(operation.id)) return view;
    throw new Error('no event');
  };
  const { client } = person;
  // Each question also as the first one after what was known has become old.
  for (let round = 0; round < 5; round++) {
    for (const cold of [true, false]) {
      const word = cold ? ', asked of the table first' : '';
      if (cold) await forget();
      const me = await timed(`auth.me${word}`, () => client.auth.me.query());
      expect(me.data.role).toBe('SUPER_ADMIN');
      if (cold) await forget();
      const view = await timed(`operations.get${word}`, () => client.operations.get.query({ id: operation.id }));
      expect(view.data.state).toBe('running');
      if (cold) await forget();
      expect((await timed(`operations.progress, first event${word}`, firstEvent)).state).toBe('running');
    }
  }
  await forget();
  const cancelled = await timed('operations.cancel', () => client.operations.cancel.mutate({ id: operation.id }));
  expect(cancelled.data.cancelRequestedAt).not.toBeNull();
  const end = await timed('the end of the cancelled operation', async () => {
    let last: string | undefined;
    for await (const view of client.watch(operation.id)) last = view.state;
    return last;
  });
  expect(end).toBe('cancelled');
  // What changes something waits until the role can be confirmed, and says so instead of hanging.
  await forget();
  const refused = timed('backups.create, refused', () => answeredCode(client.backups.create.mutate({})));
  expect(await refused).toBe('TABLE_BUSY');
  await tables.release();
  for (const [name, times] of Object.entries(took)) {
    const sorted = times.toSorted((a, b) => a - b).map((ms) => ms.toFixed(0));
    console.log(`held tables: ${name}: ${sorted.join(' ')} ms`);
  }
});

test('afterwards the same session works as before', async () => {
  // A table that was found held is left alone for a moment.
  await until('the role is confirmed', async () => {
    return (await person.client.auth.me.query()).data.scopes.includes('backups:create');
  });
  const { operation } = (await person.client.backups.create.mutate({ verify: false })).data;
  expect((await person.client.wait(operation.id)).state).toBe('succeeded');
});
