import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { faultCode } from '../../db/connect/database-error.ts';
import { openSession, type Session } from '../../db/connect/session.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { copyIn } from './copy-in.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.query('CREATE TABLE small (id integer PRIMARY KEY, word text CHECK (length(word) < 100000))');
});
beforeEach(() => database.query('TRUNCATE small'));
afterAll(() => database[Symbol.asyncDispose]());

const SQL = 'COPY small FROM STDIN (FORMAT csv)';
const bytesOf = (text: string) => new TextEncoder().encode(text);
const faultOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: unknown) => faultCode(error) ?? String(error),
  );

describe('copyIn()', () => {
  test('gives the server’s count of rows', async () => {
    await using session = await open();
    expect(await copyIn(session, SQL, bytesOf('1,a\n2,"b\n"\n3,\n'))).toBe(3);
    expect(await copyIn(session, SQL, new Uint8Array())).toBe(0);
  });

  test('delivers an error the server reports after the last byte, and leaves the session usable', async () => {
    await using session = await open();
    expect(await faultOf(copyIn(session, SQL, bytesOf('1,a\n1,b\n')))).toBe('23505');
    expect(await copyIn(session, SQL, bytesOf('1,a\n'))).toBe(1);
    expect(await session.query('SELECT word FROM small')).toEqual([{ word: 'a' }]);
  });

  test('delivers an error in the first bytes of a large copy without sending the rest', async () => {
    await using session = await open();
    const content = bytesOf(`x,bad\n${'1,a\n'.repeat(16 * 1024 * 1024)}`);
    const before = (session.client.connection.stream as Socket).bytesWritten;
    expect(await faultOf(copyIn(session, SQL, content))).toBe('22P02');
    expect((session.client.connection.stream as Socket).bytesWritten - before).toBeLessThan(content.length / 2);
    expect(await session.query('SELECT count(*)::int AS rows FROM small')).toEqual([{ rows: 0 }]);
  });

  test('delivers an error before the first byte', async () => {
    await using session = await open();
    expect(await faultOf(copyIn(session, 'COPY nowhere FROM STDIN', bytesOf('1\n')))).toBe('42P01');
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('has done with the bytes when it settles: they can be overwritten at once', async () => {
    await using session = await open();
    const content = Buffer.alloc(1024 * 1024);
    for (let round = 1; round <= 5; round++) {
      const rows = fill(content, round);
      expect(await copyIn(session, SQL, content.subarray(0, rows.length))).toBe(rows.count);
      content.fill(0x21);
    }
    const [odd] = await session.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM small WHERE word <> 'word ' || id`,
    );
    expect(odd?.rows).toBe(0);
  });

  test('has done with the bytes also when it fails', async () => {
    await using session = await open();
    const content = bytesOf(`1,a\n2,b\n${'x'.repeat(3_000_000)},c\n`);
    expect(await faultOf(copyIn(session, SQL, content))).toBe('22P02');
    content.fill(0x21);
    expect(await copyIn(session, SQL, bytesOf('7,seven\n'))).toBe(1);
    expect(await session.query('SELECT id, word FROM small')).toEqual([{ id: 7, word: 'seven' }]);
  });

  test('rejects when the server ends the session in the middle', async () => {
    await using session = await open();
    await using holder = await open();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE small IN EXCLUSIVE MODE');
    const copying = faultOf(copyIn(session, SQL, bytesOf('1,a\n'.repeat(1_000_000))));
    while ((await database.admin('SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted', [session.pid])).length === 0)
      await Bun.sleep(5);
    await database.admin('SELECT pg_terminate_backend($1)', [session.pid]);
    expect(await copying).toBe('57P01');
  });

  test('rejects with CANCELLED when its session is aborted', async () => {
    const cancel = new AbortController();
    await using session = await openSession(database.url, { applicationName: 'copying', signal: cancel.signal });
    await using holder = await open();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE small IN EXCLUSIVE MODE');
    const copying = copyIn(session, SQL, bytesOf('1,a\n'));
    setTimeout(() => cancel.abort(), 5);
    await expect(copying).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

function fill(content: Buffer, round: number): { length: number; count: number } {
  let length = 0;
  let count = 0;
  for (let id = round * 1_000_000; length < content.length - 64; id++, count++)
    length += content.write(`${id},word ${id}\n`, length);
  return { length, count };
}

function open(): Promise<Session> {
  return openSession(database.url, { applicationName: 'copying', signal: new AbortController().signal });
}
