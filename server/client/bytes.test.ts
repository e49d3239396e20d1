import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore } from '@tus/file-store';
import { Server as TusServer } from '@tus/server';
import { Hono } from 'hono';
import { type ByteCutter, byteCutter } from '../api/byte-cutter.fixture.ts';
import { failureResponse } from '../api/errors.ts';
import { AppError } from '../core/errors.ts';
import { type BackupClient, createBackupClient } from './client.ts';
import { BackupError } from './error.ts';

const SIZE = 20 * 1024 * 1024;
const content = new Uint8Array(SIZE);
for (let at = 0; at < SIZE; at += 65_536) crypto.getRandomValues(content.subarray(at, at + 65_536));

let folder: string;
let cutter: ByteCutter;
let client: BackupClient;
let stop: () => Promise<void>;
let etag = '"one"';
let refusal: AppError | null = null;
let ranges: (string | null)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'client-bytes-'));
  const app = new Hono();
  const tus = new TusServer({
    path: '/api/uploads/tus',
    datastore: new FileStore({ directory: folder }),
    relativeLocation: true,
    onUploadFinish: async (_, { id }) => {
      if (refusal)
        throw {
          status_code: 409,
          body: JSON.stringify({ success: false, error: { code: refusal.code, message: refusal.message } }),
        };
      return { headers: { 'X-Backup-Name': `${id.slice(0, 4)}.zip`, 'X-Backup-Existing': 'false' } };
    },
  });
  app.all('/api/uploads/tus/*', (c) => tus.handleWeb(c.req.raw));
  app.all('/api/uploads/tus', (c) => tus.handleWeb(c.req.raw));
  app.get('/api/backups/:id/download', (c) => {
    if (c.req.header('authorization') !== 'Bearer good')
      return failureResponse(new AppError('UNAUTHENTICATED', 'Who is it?', { hint: 'Sign in.' }), new Date());
    if (c.req.param('id') !== 'a b.zip')
      return failureResponse(new AppError('NOT_FOUND', 'No such backup.'), new Date());
    const range = c.req.header('range') ?? null;
    ranges.push(range);
    const headers: Record<string, string> = {
      etag,
      'content-disposition': `attachment; filename="a.zip"; filename*=UTF-8''a%20b.zip`,
    };
    const start = Number(range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
    if (range === null || c.req.header('if-range') !== etag) return new Response(content, { headers });
    if (start >= SIZE) return new Response(null, { status: 416, headers: { 'content-range': `bytes */${SIZE}` } });
    return new Response(content.subarray(start), {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${start}-${SIZE - 1}/${SIZE}` },
    });
  });
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.fetch });
  cutter = await byteCutter(`http://127.0.0.1:${server.port}`);
  client = createBackupClient({ url: `${cutter.url}/`, token: 'good' });
  stop = async () => {
    await cutter[Symbol.asyncDispose]();
    await server.stop(true);
    await rm(folder, { recursive: true });
  };
});
afterAll(() => stop());
beforeEach(() => {
  etag = '"one"';
  refusal = null;
  ranges = [];
});

function collector() {
  const chunks: Uint8Array[] = [];
  const write = (chunk: Uint8Array) => {
    chunks.push(chunk.slice());
  };
  return { write, all: () => Buffer.concat(chunks) };
}
const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => null,
    (error: unknown) => error,
  );
const quick = { retryDelaysMs: [1, 1, 1] };

describe('download()', () => {
  test('brings every byte in order, tells how far it is, and what the file is called', async () => {
    const sink = collector();
    const seen: number[] = [];
    const done = await client.download('a b.zip', sink, {
      onProgress: ({ bytes, totalBytes }) => seen.push(bytes, totalBytes ?? -1),
    });
    expect(done).toEqual({ bytes: SIZE, etag: '"one"', fileName: 'a b.zip' });
    expect(sink.all().equals(content)).toBe(true);
    expect(seen.slice(-2)).toEqual([SIZE, SIZE]);
  });

  test('writes into a stream, and leaves it open and unlocked', async () => {
    const sink = collector();
    const stream = new WritableStream<Uint8Array>({ write: sink.write });
    await client.download('a b.zip', stream);
    expect(sink.all().equals(content)).toBe(true);
    expect(stream.locked).toBe(false);
    await stream.close();
  });

  test('goes on after a cut connection where it stopped, and asks for no byte twice', async () => {
    const sink = collector();
    const before = cutter.cuts;
    cutter.cutAfter(SIZE / 2, 'down');
    const done = await client.download('a b.zip', sink, quick);
    expect(cutter.cuts).toBe(before + 1);
    expect(done.bytes).toBe(SIZE);
    expect(sink.all().equals(content)).toBe(true);
    expect(ranges).toEqual([null, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
  });

  test('goes on from an earlier part, also when nothing was missing', async () => {
    const sink = collector();
    await client.download('a b.zip', sink, { from: { offset: SIZE - 10, etag } });
    expect(sink.all().equals(content.subarray(SIZE - 10))).toBe(true);
    expect(await client.download('a b.zip', sink, { from: { offset: SIZE, etag } })).toMatchObject({ bytes: SIZE });
  });

  test('never joins parts of two files', async () => {
    const sink = collector();
    cutter.cutAfter(SIZE / 2, 'down');
    const change = (chunk: Uint8Array) => {
      etag = '"two"';
      sink.write(chunk);
    };
    const failure = await failureOf(client.download('a b.zip', { write: change }, quick));
    expect(failure).toBeInstanceOf(BackupError);
    expect(failure).toMatchObject({ code: 'INPUT_INVALID' });
    expect(sink.all().equals(content.subarray(0, sink.all().length))).toBe(true);
  });

  test('fails in the server’s own words, and tries nothing again that is refused', async () => {
    expect(await failureOf(client.download('none', collector(), quick))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'No such backup.',
    });
    const stranger = createBackupClient({ url: cutter.url, token: 'bad' });
    expect(await failureOf(stranger.download('a b.zip', collector()))).toMatchObject({
      code: 'UNAUTHENTICATED',
      hint: 'Sign in.',
    });
  });

  test('gives up after its tries, and at once when told to', async () => {
    const nowhere = createBackupClient({ url: 'http://127.0.0.1:1' });
    expect(await failureOf(nowhere.download('a', collector(), quick))).toMatchObject({ code: 'CONNECTION_LOST' });
    const abort = new AbortController();
    const write = () => abort.abort();
    expect(await failureOf(client.download('a b.zip', { write }, { signal: abort.signal }))).toMatchObject({
      code: 'CANCELLED',
    });
    expect(await failureOf(nowhere.download('a', collector(), { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'CANCELLED',
    });
  });

  test('throws on what the sink throws, as it is', async () => {
    const full = new Error('disk full');
    const write = () => Promise.reject(full);
    expect(await failureOf(client.download('a b.zip', { write }, quick))).toBe(full);
  });
});

describe('upload()', () => {
  const stored = async (id: string) => Buffer.from(await Bun.file(join(folder, id)).arrayBuffer());

  test('sends every byte, tells how far it is, and which backup it became', async () => {
    const seen: number[] = [];
    let started = '';
    const done = await client.upload(content, {
      onProgress: ({ bytes }) => seen.push(bytes),
      onStarted: (id) => {
        started = id;
      },
    });
    expect(done).toEqual({ uploadId: started, fileName: `${started.slice(0, 4)}.zip`, existing: false });
    expect((await stored(done.uploadId)).equals(content)).toBe(true);
    expect(seen.at(-1)).toBe(SIZE);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test('goes on after a cut connection', async () => {
    const before = cutter.cuts;
    cutter.cutAfter(SIZE / 2, 'up');
    const { uploadId } = await client.upload(new File([content], 'mine.zip'), quick);
    expect(cutter.cuts).toBe(before + 1);
    expect((await stored(uploadId)).equals(content)).toBe(true);
  });

  test('goes on with an upload that an earlier process began', async () => {
    let id = '';
    cutter.cutAfter(SIZE / 2, 'up');
    const onStarted = (started: string) => {
      id = started;
    };
    expect(await failureOf(client.upload(content, { onStarted, retryDelaysMs: [] }))).toMatchObject({
      code: 'CONNECTION_LOST',
    });
    expect(await client.upload(content, { resume: id })).toMatchObject({ uploadId: id });
    expect((await stored(id)).equals(content)).toBe(true);
  });

  test('a file that is refused is not sent again, and the reason is the server’s', async () => {
    refusal = new AppError('ARCHIVE_DAMAGED', 'It was cut.');
    expect(await failureOf(client.upload(content, quick))).toMatchObject({
      code: 'ARCHIVE_DAMAGED',
      message: 'It was cut.',
    });
  });

  test('a cancelled upload leaves nothing on the server', async () => {
    const before = await readdir(folder);
    const abort = new AbortController();
    const stopping = client.upload(content, { signal: abort.signal, onProgress: () => abort.abort() });
    expect(await failureOf(stopping)).toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(folder)).toEqual(before);
  });
});
