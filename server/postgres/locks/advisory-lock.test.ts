import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { faultCode } from '../../../db/connect/database-error.ts';
import { openSession, type Session } from '../../../db/connect/session.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import {
  awaitApplyOver,
  gateHolders,
  ifApplyOver,
  ifDead,
  refusePooler,
  tryApplyLock,
  tryGate,
  tryLivenessLock,
} from './advisory-lock.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

describe('the gate', () => {
  test('is shared by backups, and a restore has it alone', async () => {
    await using first = await open('palace-backup backup one ctl');
    await using second = await open('palace-backup backup two ctl');
    await using restore = await open('palace-backup restore ctl');
    expect(await tryGate(first, 'shared')).toBe(true);
    expect(await tryGate(second, 'shared')).toBe(true);
    expect(await tryGate(restore, 'exclusive')).toBe(false);
    expect((await gateHolders(restore, 'exclusive')).map((holder) => holder.application)).toEqual([
      'palace-backup backup one ctl',
      'palace-backup backup two ctl',
    ]);
    expect(await gateHolders(restore, 'shared')).toEqual([]);
    await first.close();
    await second.close();
    while (!(await tryGate(restore, 'exclusive'))) await Bun.sleep(5);
    await using late = await open('late');
    expect(await tryGate(late, 'shared')).toBe(false);
    expect((await gateHolders(late, 'shared')).map((holder) => holder.application)).toEqual([
      'palace-backup restore ctl',
    ]);
  });

  test('of one database does not close that of another', async () => {
    await using other = await testDatabase();
    await using here = await open('here');
    await using there = await openSession(other.url, {
      applicationName: 'there',
      signal: new AbortController().signal,
    });
    while (!(await tryGate(here, 'exclusive'))) await Bun.sleep(5);
    expect(await tryGate(there, 'exclusive')).toBe(true);
    expect(await gateHolders(there, 'exclusive')).toEqual([]);
  });

  test('opens when its holder is killed', async () => {
    await using holder = await open('holder');
    await using next = await open('next');
    while (!(await tryGate(holder, 'exclusive'))) await Bun.sleep(5);
    holder.destroy();
    while (!(await tryGate(next, 'exclusive'))) await Bun.sleep(5);
  });
});

test('an operation is alive while its session holds its lock, and for no other id', async () => {
  await using operation = await open('operation');
  await using sweeper = await open('sweeper');
  expect(await tryLivenessLock(operation, ID)).toBe(true);
  expect(await tryLivenessLock(sweeper, ID)).toBe(false);
  expect(await tryLivenessLock(sweeper, ID.replace('6', '7'))).toBe(true);
  expect(await ifDead(sweeper, ID, () => Promise.reject(new Error('it is alive')))).toBe(false);
  await operation.close();
  while (!(await ifDead(sweeper, ID, async () => undefined))) await Bun.sleep(5);
  expect(await tryLivenessLock(sweeper, ID)).toBe(true);
});

test('a failure of what is done under a lock is the one thrown, also when it spoilt a transaction, and the lock is let go', async () => {
  await using sweeper = await open('sweeper');
  await using other = await open('other');
  const id = crypto.randomUUID();
  for (const held of [ifDead, ifApplyOver]) {
    const work = held(sweeper, id, async () => {
      await sweeper.query('BEGIN');
      await sweeper.query('SELECT 1 / 0');
    });
    expect(faultCode((await rejection(work)).cause)).toBe('22012');
    expect(await held(other, id, async () => undefined)).toBe(true);
  }
  expect(await sweeper.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('awaitApplyOver() waits until the transaction that applies is over', async () => {
  await using applying = await open('applying');
  await using asking = await open('asking');
  await applying.query('BEGIN');
  expect(await tryApplyLock(applying, ID)).toBe(true);
  let over = false;
  const waiting = awaitApplyOver(asking, ID).then(() => {
    over = true;
  });
  await Bun.sleep(50);
  expect(over).toBe(false);
  await applying.query('COMMIT');
  await waiting;
  await using later = await open('later');
  await later.query('BEGIN');
  expect(await tryApplyLock(later, ID)).toBe(true);
});

test('refusePooler() accepts two connections to the server itself', async () => {
  await using first = await open('first');
  await using second = await open('second');
  expect([first.direct, second.direct]).toEqual([true, true]);
  await refusePooler(first, async () => second);
});

function open(applicationName: string): Promise<Session> {
  return openSession(database.url, { applicationName, signal: new AbortController().signal });
}
