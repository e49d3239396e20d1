import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { makeCertificates } from '../../db/connect/certificates.fixture.ts';
import { AppError } from '../core/errors.ts';
import { asCaller, type FilesServer, filesServer } from './files.fixture.ts';

const SIZE = 3_000_000;
const LARGE = 2 ** 31;
const reading = asCaller(['backups:download']);
const bytes = Uint8Array.from({ length: SIZE }, (_, at) => (at * 31 + (at >> 8)) % 251);

let folder = '';
let ca = '';
let isOver = false;
let server: FilesServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palace-tls-'));
  const made = await makeCertificates(folder);
  ca = await readFile(made.ca, 'utf8');
  const [cert, key] = await Promise.all([readFile(made.trusted.cert, 'utf8'), readFile(made.trusted.key, 'utf8')]);
  const usual = async () => (await server.parts.readCaller(new Headers(reading), '127.0.0.1')).caller;
  const readHolder = async () => {
    if (isOver) throw new AppError('UNAUTHENTICATED', 'The session has ended.');
    return await usual();
  };
  server = await filesServer({ readHolder, askAgainMs: 20 }, 1, { cert, key });
  for (const [name, content] of [
    ['kept.zip', bytes],
    ['large.zip', new Uint8Array()],
  ] as const) {
    await using object = await server.storage.create(name);
    await object.write(content);
    await object.commit();
  }
  await truncate(join(server.folder, 'large.zip'), LARGE);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const ask = (headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${server.url}/api/backups/kept.zip/download`, { method, headers: { ...reading, ...headers }, tls: { ca } });

test('over TLS the whole and any range are the bytes stored; and each says its length', async () => {
  expect(server.url).toStartWith('https:');
  const whole = await ask();
  expect([whole.status, whole.headers.get('content-length')]).toEqual([200, String(SIZE)]);
  expect(Bun.SHA256.hash(await whole.bytes(), 'hex')).toBe(Bun.SHA256.hash(bytes, 'hex'));
  const head = await ask({}, 'HEAD');
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(SIZE)]);
  for (const [range, from, to] of [
    ['bytes=0-0', 0, 1],
    ['bytes=1000000-2000000', 1_000_000, 2_000_001],
    ['bytes=-5', SIZE - 5, SIZE],
    ['bytes=2999999-', SIZE - 1, SIZE],
  ] as const) {
    const part = await ask({ Range: range });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes ${from}-${to - 1}/${SIZE}`]);
    expect(part.headers.get('content-length')).toBe(String(to - from));
    expect(await part.bytes()).toEqual(bytes.slice(from, to));
  }
  expect((await ask({ Range: `bytes=${SIZE}-` })).status).toBe(416);
});

test.each([
  ['a whole file', ''],
  ['a range', 'Range: bytes=1-\r\n'],
  ['a stream', 'Range: bytes=1-\r\nIf-Range: "other"\r\n'],
])('over TLS %s whose right ends is cut before its end', async (_, range) => {
  const begun = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  let received = 0;
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(server.url).port), ca }, () => {
    const lines = Object.entries(reading).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET /api/backups/large.zip/download HTTP/1.1\r\nHost: localhost\r\n${range}${lines.join('')}\r\n`);
  });
  socket.on('data', (piece: Buffer) => {
    received += piece.length;
    begun.resolve();
    socket.pause();
    setTimeout(() => socket.resume(), 2);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => closed.resolve());
  await begun.promise;
  isOver = true;
  await closed.promise;
  isOver = false;
  expect(received).toBeGreaterThan(0);
  expect(received).toBeLessThan(LARGE / 2);
  expect(server.audited.at(-1)).toMatchObject({ outcome: 'denied', code: 'UNAUTHENTICATED', target: 'large.zip' });
});
