import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { openSession, type Session } from '../../db/connect/session.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { type BufferPool, createBufferPool } from '../core/buffers.ts';
import { copyOut } from './copy-out.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const PREFIX = Buffer.from('n,t\n');
const rowsSql = (rows: number, bytes: number) =>
  `COPY (SELECT n, repeat('x', ${bytes}) AS t FROM generate_series(1, ${rows}) n) TO STDOUT (FORMAT csv)`;

interface Copied {
  rows: number;
  chunks: { text: string; rows: number }[];
}

describe('copyOut()', () => {
  test('gathers every row, each chunk with the prefix, none split, none larger than asked', async () => {
    await using session = await open();
    const { rows, chunks } = await copy(session, rowsSql(1000, 50), { chunkBytes: 1000 });
    expect(rows).toBe(1000);
    expect(chunks.reduce((sum, chunk) => sum + chunk.rows, 0)).toBe(1000);
    for (const { text, rows: inChunk } of chunks) {
      expect(text.startsWith('n,t\n')).toBe(true);
      expect(text.endsWith('x\n')).toBe(true);
      expect(text.split('\n').length - 2).toBe(inChunk);
      expect(text.length).toBeLessThanOrEqual(1000);
    }
    const numbers = chunks.flatMap(({ text }) =>
      text
        .split('\n')
        .slice(1, -1)
        .map((line) => Number.parseInt(line, 10)),
    );
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
  });

  test('gives a row larger than a chunk a chunk of its own', async () => {
    await using session = await open();
    const sql = `COPY (SELECT n, repeat('x', CASE WHEN n = 2 THEN 300000 ELSE 3 END) FROM generate_series(1, 3) n) TO STDOUT (FORMAT csv)`;
    const { rows, chunks } = await copy(session, sql, { chunkBytes: 100 });
    expect(rows).toBe(3);
    expect(chunks.map((chunk) => [chunk.rows, chunk.text.length])).toEqual([
      [1, 4 + 6],
      [1, 4 + 300_003],
      [1, 4 + 6],
    ]);
  });

  test('makes no chunk of no rows, and leaves every buffer in the pool', async () => {
    await using session = await open();
    const pool = createBufferPool(1, 1000);
    const { rows, chunks } = await copy(session, rowsSql(0, 1), { chunkBytes: 1000, pool });
    expect([rows, chunks]).toEqual([0, []]);
    expect(pool.acquire()).not.toBeInstanceOf(Promise);
  });

  test('leaves the session usable, copy after copy', async () => {
    await using session = await open();
    for (let round = 0; round < 5; round++) {
      expect((await copy(session, rowsSql(500, 40), { chunkBytes: 700 })).rows).toBe(500);
      expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    }
  });

  test('waits for a slow consumer, and the session is usable afterwards', async () => {
    await using session = await open();
    let out = 0;
    let most = 0;
    const pool = createBufferPool(2, 64 * 1024);
    const rows = await copyOut(session, rowsSql(20_000, 200), {
      pool,
      doing: 'copying',
      prefix: PREFIX,
      chunkBytes: 64 * 1024,
      onChunk: ({ buffer }) => {
        most = Math.max(most, ++out);
        setTimeout(() => {
          out--;
          pool.release(buffer);
        }, 2);
      },
    });
    expect(rows).toBe(20_000);
    expect(most).toBeLessThanOrEqual(2);
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('promise 8: takes nothing more from the socket while nobody takes the rows', async () => {
    await using session = await open();
    const pool = createBufferPool(1, 64 * 1024);
    const held: Buffer[] = [];
    let flows = false;
    const copied = copyOut(session, rowsSql(20_000, 2000), {
      pool,
      doing: 'copying',
      prefix: PREFIX,
      chunkBytes: 64 * 1024,
      onChunk: ({ buffer }) => {
        if (flows) pool.release(buffer);
        else held.push(buffer);
      },
    });
    const { stream } = (session.client as unknown as { connection: { stream: Duplex } }).connection;
    for (let tries = 1000; tries > 0 && !stream.isPaused(); tries--) await Bun.sleep(5);
    expect([held.length, stream.isPaused()]).toEqual([1, true]);
    flows = true;
    for (const buffer of held) pool.release(buffer);
    expect(await copied).toBe(20_000);
  });

  test('runs on two sessions at once under back-pressure of one pool', async () => {
    await using first = await open();
    await using second = await open();
    const pool = createBufferPool(3, 64 * 1024);
    const onChunk = ({ buffer }: { buffer: Buffer }) => void setTimeout(() => pool.release(buffer), 1);
    const options = { pool, doing: 'copying', prefix: PREFIX, chunkBytes: 64 * 1024, onChunk };
    const counts = await Promise.all([first, second].map((session) => copyOut(session, rowsSql(15_000, 200), options)));
    expect(counts).toEqual([15_000, 15_000]);
    for (const session of [first, second]) expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('delivers an error of the server in the middle of the rows, and leaves the session usable and the pool whole', async () => {
    await using session = await open();
    const pool = createBufferPool(2, 1000);
    const sql = 'COPY (SELECT n, 1 / (5000 - n) FROM generate_series(1, 10000) n) TO STDOUT (FORMAT csv)';
    const error = await rejection(copy(session, sql, { chunkBytes: 1000, pool }));
    expect([error.code, error.details]).toEqual(['DATABASE_ERROR', expect.objectContaining({ sqlState: '22012' })]);
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const buffers = [pool.acquire(), pool.acquire()];
    expect(buffers.some((buffer) => buffer instanceof Promise)).toBe(false);
  });

  test('delivers an error before the first row', async () => {
    await using session = await open();
    const error = await rejection(copy(session, 'COPY nowhere TO STDOUT', { chunkBytes: 1000 }));
    expect(error.code).toBe('DATABASE_ERROR');
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('ends with the pool’s error when the consumer gives up, and the session with it, rather than hang', async () => {
    await using session = await open();
    const pool = createBufferPool(1, 1000);
    const reason = new Error('the disk is full');
    const copying = copyOut(session, rowsSql(100_000, 100), {
      pool,
      doing: 'copying',
      prefix: PREFIX,
      chunkBytes: 1000,
      onChunk: () => setTimeout(() => pool.fail(reason), 5),
    });
    expect((await rejection(copying)).cause).toBe(reason);
    expect((await rejection(session.query('SELECT 1'))).code).toBe('CONNECTION_LOST');
  });

  test('rejects with CONNECTION_LOST when the server ends the session while a slow consumer holds the rows up', async () => {
    await using session = await open();
    const pool = createBufferPool(1, 1000);
    const started = Promise.withResolvers<void>();
    const onChunk = ({ buffer }: { buffer: Buffer }) => {
      started.resolve();
      setTimeout(() => pool.release(buffer), 1);
    };
    const copying = rejection(
      copyOut(session, rowsSql(1_000_000, 100), { pool, doing: 'copying', prefix: PREFIX, chunkBytes: 1000, onChunk }),
    );
    await started.promise;
    await database.admin('SELECT pg_terminate_backend($1)', [session.pid]);
    expect((await copying).code).toBe('CONNECTION_LOST');
  });

  test('reads messages split at every byte alike', async () => {
    const rows = ['1,a\n', '22,"b\n\n"\n', `3,${'c'.repeat(40)}\n`, '4,\n'];
    const stream = Buffer.concat([
      message('H', Buffer.from([0, 0, 2, 0, 0, 0, 0])),
      ...rows.flatMap((row, index) =>
        index === 1
          ? [message('N', Buffer.from('SNOTICE\0\0')), message('d', Buffer.from(row))]
          : [message('d', Buffer.from(row))],
      ),
      message('c', Buffer.alloc(0)),
    ]);
    const whole = await copyFake([stream], rows.length);
    expect(whole.chunks.map((chunk) => chunk.text).join('')).toBe(
      `n,t\n${rows[0]}${rows[1]}n,t\n${rows[2]}n,t\n${rows[3]}`,
    );
    for (let at = 1; at < stream.length; at++) {
      expect(await copyFake([stream.subarray(0, at), stream.subarray(at)], rows.length)).toEqual(whole);
    }
    expect(
      await copyFake(
        Array.from(stream, (_, at) => stream.subarray(at, at + 1)),
        rows.length,
      ),
    ).toEqual(whole);
  });

  test('refuses a copy of which the server counted other rows than it sent', async () => {
    const stream = Buffer.concat([
      message('H', Buffer.alloc(3)),
      message('d', Buffer.from('1\n')),
      message('c', Buffer.alloc(0)),
    ]);
    const error = await rejection(copyFake([stream], 2));
    expect(error.message).toContain('counted 2 rows but sent 1');
  });
});

function open(): Promise<Session> {
  return openSession(database.url, { applicationName: 'copying', signal: new AbortController().signal });
}

async function copy(
  session: Session,
  sql: string,
  options: { chunkBytes: number; pool?: BufferPool },
): Promise<Copied> {
  const { chunkBytes, pool = createBufferPool(2, chunkBytes) } = options;
  const chunks: Copied['chunks'] = [];
  const rows = await copyOut(session, sql, {
    pool,
    doing: 'copying',
    prefix: PREFIX,
    chunkBytes,
    onChunk: (chunk) => {
      chunks.push({ text: chunk.buffer.toString('utf8', 0, chunk.length), rows: chunk.rows });
      pool.release(chunk.buffer);
    },
  });
  return { rows, chunks };
}

/** Feeds a copy these pieces of a server's answer, each as one read of the socket, followed by the server's count. */
function copyFake(pieces: Buffer[], serverRows: number): Promise<Copied> {
  const stream = Object.assign(new EventEmitter(), {
    pause: () => undefined,
    resume: () => undefined,
    destroy: () => undefined,
  });
  const end = Buffer.concat([message('C', Buffer.from(`COPY ${serverRows}\0`)), message('Z', Buffer.from('I'))]);
  let query: {
    submit(connection: object): void;
    handleCommandComplete(message: object): void;
    handleReadyForQuery(): void;
  } | null = null;
  let rest = Buffer.alloc(0);
  const driver = (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    if (!rest.equals(end)) return;
    query?.handleCommandComplete({ text: `COPY ${serverRows}` });
    query?.handleReadyForQuery();
  };
  stream.on('data', driver);
  const client = {
    query: (given: NonNullable<typeof query>) => {
      query = given;
      given.submit({ stream, query: () => undefined });
      queueMicrotask(() => {
        for (const piece of [...pieces, end.subarray(0, 3), end.subarray(3)]) stream.emit('data', piece);
      });
    },
  };
  const session = { client, signal: new AbortController().signal };
  return copy(session as unknown as Session, 'COPY', { chunkBytes: 24 });
}

function message(code: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(code);
  head.writeUInt32BE(payload.length + 4, 1);
  return Buffer.concat([head, payload]);
}
