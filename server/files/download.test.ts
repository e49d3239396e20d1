import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { truncate } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { sampleArchive } from '../archive/sample.fixture.ts';
import { AppError } from '../core/errors.ts';
import { exportJson } from '../document/export.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { until } from '../testing/until.fixture.ts';
import { asCaller, type FilesServer, filesServer } from './files.fixture.ts';
import type { FileParts } from './parts.ts';

const NAME = 'monthly.zip';
const ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const reading = asCaller(['backups:download']);

async function store(storage: Storage, name: string, bytes: Uint8Array): Promise<void> {
  await using object = await storage.create(name);
  await object.write(bytes);
  await object.commit();
}

let archive: Awaited<ReturnType<typeof sampleArchive>>;
let exported = 0;
const memory = createMemoryStorage(() => new Date('2026-11-23T10:00:00.500Z'));
/** Servers with the same routes over a folder and over a storage in memory. */
const servers: Record<string, FilesServer> = {};
let server: FilesServer;

beforeAll(async () => {
  archive = await sampleArchive();
  const change = {
    readLink: async (token: string) => {
      const [word, subject = ''] = token.split(':');
      if (word !== 'good') throw new AppError('UNAUTHENTICATED', 'The link is not valid any more.');
      return { subject, actor: 'link of ada', holder: { sessionKey: word ?? '' } };
    },
    exportJson: async function* () {
      try {
        for (const text of ['{"metadata":', '{}', '}']) yield Buffer.from(text);
      } finally {
        exported += 1;
      }
    },
  };
  server = await filesServer(change);
  servers['folder'] = server;
  servers['memory'] = await filesServer({ ...change, storage: memory });
  await store(server.storage, NAME, archive.bytes);
  await store(memory, NAME, archive.bytes);
});
afterAll(async () => {
  for (const one of Object.values(servers)) await one[Symbol.asyncDispose]();
});
beforeEach(() => {
  server.audited.length = 0;
});

async function get(query = '', headers: Record<string, string> = {}, id = NAME, from = server) {
  const method = headers['method'] ?? 'GET';
  const { method: _, ...rest } = headers;
  const response = await fetch(`${from.url}/api/backups/${encodeURIComponent(id)}/download${query}`, {
    method,
    headers: { ...reading, ...rest },
  });
  return { status: response.status, headers: response.headers, bytes: await response.bytes() };
}
const same = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

describe.each(['folder', 'memory'])('GET /api/backups/:id/download from a %s', (kind) => {
  const ask = (headers: Record<string, string> = {}) => {
    const from = servers[kind];
    if (!from) throw new Error(`no server over a ${kind}`);
    return get('', headers, NAME, from);
  };

  test('gives the stored bytes with all that a client needs to go on later', async () => {
    const { status, headers, bytes } = await ask();
    expect([status, same(bytes, archive.bytes)]).toEqual([200, true]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      'content-disposition': `attachment; filename="${NAME}"`,
      'content-type': 'application/zip',
      etag: `"${archive.digest}"`,
    });
    expect(Number.isNaN(Date.parse(headers.get('last-modified') ?? ''))).toBe(false);
  });

  test('tells length and validators to HEAD, and sends no byte', async () => {
    const { status, headers, bytes } = await ask({ method: 'HEAD', Range: 'bytes=0-1' });
    expect([status, headers.get('content-length'), bytes.length]).toEqual([200, String(archive.bytes.length), 0]);
    expect(headers.get('etag')).toBe(`"${archive.digest}"`);
  });

  test('gives single ranges, and the whole for several or for nonsense', async () => {
    const size = archive.bytes.length;
    const ranges: [string, number, number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=5-', 5, size],
      ['bytes=-7', size - 7, size],
      [`bytes=${size - 1}-999999999999999999999`, size - 1, size],
      [`bytes=-${'9'.repeat(99)}`, 0, size],
    ];
    for (const [range, start, end] of ranges) {
      const { status, headers, bytes } = await ask({ Range: range });
      expect([range, status, same(bytes, archive.bytes.subarray(start, end))]).toEqual([range, 206, true]);
      expect(headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${size}`);
      expect(headers.get('content-type')).toBe('application/zip');
    }
    for (const range of ['bytes=0-1,3-4', 'bytes=9-2', 'lines=0-1', 'bytes=', 'bytes=-', 'bytes=0-1,']) {
      const { status, headers, bytes } = await ask({ Range: range });
      expect([range, status, same(bytes, archive.bytes), headers.get('content-range')]).toEqual([
        range,
        200,
        true,
        null,
      ]);
    }
  });

  test('refuses a range beyond the end with the size there is', async () => {
    for (const range of [`bytes=${archive.bytes.length}-`, 'bytes=-0', `bytes=${'9'.repeat(50)}-`]) {
      const { status, headers, bytes } = await ask({ Range: range });
      expect([range, status, headers.get('content-range')]).toEqual([range, 416, `bytes */${archive.bytes.length}`]);
      expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
        success: false,
        error: { code: 'INPUT_INVALID' },
      });
    }
  });

  test('joins a range to no other bytes than those it began with', async () => {
    const { headers } = await ask({ method: 'HEAD' });
    const modified = headers.get('last-modified') ?? '';
    for (const tag of [`"${archive.digest}"`, modified]) {
      expect((await ask({ Range: 'bytes=3-4', 'If-Range': tag })).status).toBe(206);
    }
    for (const tag of [`W/"${archive.digest}"`, '"other"', 'Mon, 01 Jan 2024 00:00:00 GMT', 'x']) {
      const { status, bytes } = await ask({ Range: 'bytes=3-4', 'If-Range': tag });
      expect([tag, status, same(bytes, archive.bytes)]).toEqual([tag, 200, true]);
    }
  });

  test('sends nothing to a client that has the bytes, nor to one that wants others', async () => {
    const { status, bytes, headers } = await ask({ 'If-None-Match': `"other", "${archive.digest}"` });
    expect([status, bytes.length, headers.get('etag')]).toEqual([304, 0, `"${archive.digest}"`]);
    expect((await ask({ 'If-Match': '"other"' })).status).toBe(412);
    expect((await ask({ 'If-Match': '"other"', method: 'HEAD' })).status).toBe(412);
  });

  test('answers no range header with a failure of the server', async () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 60,
    });
    const range = fc.oneof(
      printable,
      printable.map((text) => `bytes=${text}`),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
      fc
        .array(fc.tuple(fc.nat(5000), fc.nat(5000)), { maxLength: 40 })
        .map((all) => `bytes=${all.map(([a, b]) => `${a}-${b}`).join(',')}`),
    );
    await fc.assert(
      fc.asyncProperty(range, async (header) => {
        const { status, bytes, headers } = await ask({ Range: header });
        expect([200, 206, 416]).toContain(status);
        if (status === 200) expect(same(bytes, archive.bytes)).toBe(true);
        if (status !== 206) return;
        const [, start, end] = /^bytes (\d+)-(\d+)\//.exec(headers.get('content-range') ?? '') ?? [];
        expect(same(bytes, archive.bytes.subarray(Number(start), Number(end) + 1))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('GET /api/backups/:id/download', () => {
  test('finds a backup by its id as well, in small letters or capitals', async () => {
    for (const id of [ID, ID.toUpperCase()]) expect((await get('', {}, id)).status).toBe(200);
  });

  test('knows nothing of files that are no backups, whatever they are called', async () => {
    await Bun.write(join(server.folder, 'secret.txt'), 'secret');
    for (const id of [
      'secret.txt',
      '../secret.txt',
      '..',
      '.uploads',
      `${NAME}.json`,
      'none.zip',
      crypto.randomUUID(),
      '%00',
      'é"\n',
    ]) {
      const { status, bytes } = await get('', {}, id);
      expect([id, status]).toEqual([id, 404]);
      expect(Buffer.from(bytes).toString()).not.toContain('secret');
    }
  });

  test('tells the length of a whole file and of a range', async () => {
    expect((await get()).headers.get('content-length')).toBe(String(archive.bytes.length));
    expect((await get('', { Range: 'bytes=2-4' })).headers.get('content-length')).toBe('3');
  });

  test('is for those alone who may download, and every attempt is told to the audit', async () => {
    const nobody = await fetch(`${server.url}/api/backups/${NAME}/download`);
    const other = await get('', asCaller(['backups:read']));
    await get();
    expect([nobody.status, other.status]).toEqual([401, 403]);
    expect(server.audited).toMatchObject([
      { outcome: 'denied', code: 'UNAUTHENTICATED', target: NAME },
      { outcome: 'denied', code: 'FORBIDDEN', target: NAME },
      { outcome: 'allowed', target: NAME, actor: 'token test of ada@palace.example' },
    ]);
  });

  test('tells the audit of a failure that is answered and not thrown', async () => {
    await get('', { 'If-None-Match': `"${archive.digest}"` });
    await get('', { 'If-Match': '"other"' });
    await get('', { Range: 'bytes=-0' });
    expect(server.audited.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['allowed', undefined],
      ['failed', 'INPUT_INVALID'],
      ['failed', 'INPUT_INVALID'],
    ]);
  });

  test('needs no caller with a signed link, which opens its own backup alone', async () => {
    const byLink = async (token: string) =>
      (await fetch(`${server.url}/api/backups/${NAME}/download?token=${encodeURIComponent(token)}`)).status;
    expect([await byLink(`good:${NAME}`), await byLink(`good:${ID}`)]).toEqual([200, 200]);
    expect([await byLink('good:other.zip'), await byLink('good:'), await byLink('bad'), await byLink('')]).toEqual([
      403, 403, 401, 401,
    ]);
    expect(server.audited[0]).toMatchObject({ outcome: 'allowed', actor: 'link of ada', target: NAME });
    // A sender's own rights do not make up for an invalid link.
    expect((await get('?token=bad')).status).toBe(401);
  });

  test('gives damaged archives away as they are: somebody may want to save what is left', async () => {
    const damaged = archive.bytes.subarray(0, 100);
    await store(server.storage, 'damaged.zip', damaged);
    const { status, bytes, headers } = await get('', {}, 'damaged.zip');
    expect([status, same(bytes, damaged)]).toEqual([200, true]);
    expect(headers.get('etag')).toStartWith('"unreadable-');
    await server.storage.remove('damaged.zip');
  });

  test('exports JSON where it can, and refuses other formats', async () => {
    const { status, headers, bytes } = await get('?format=json');
    expect([status, Buffer.from(bytes).toString(), exported]).toEqual([200, '{"metadata":{}}', 1]);
    expect(headers.get('content-disposition')).toBe('attachment; filename="monthly.json"');
    expect((await get('?format=xml')).status).toBe(400);
    const head = await get('?format=json', { method: 'HEAD' });
    expect([head.status, head.bytes.length, exported]).toEqual([200, 0, 1]);
  });

  test('notes beside the archive the damage that an export as JSON meets, like every other reading', async () => {
    const told: string[] = [];
    await using other = await filesServer({ exportJson, onDamage: (name) => told.push(name) });
    const damaged = Uint8Array.from(archive.bytes);
    const place = 30 + (archive.manifest.entries[0]?.name.length ?? 0) + 5;
    damaged[place] = (damaged[place] ?? 0) ^ 1;
    await store(other.storage, NAME, damaged);
    const answer = await get('?format=json', {}, NAME, other).then(
      ({ status }) => status,
      () => 'cut',
    );
    expect(answer).toBe('cut');
    expect((await other.storage.readSidecar(NAME))?.foundDamaged?.code).toBe('ARCHIVE_DAMAGED');
    expect(told).toEqual([NAME]);
  });

  test('is cut when the right ends meanwhile: a file, a range, a stream, JSON, and by a link; the audit is told', async () => {
    let isOver = false;
    const readHolder: FileParts['readHolder'] = async (holder, address) => {
      if (isOver) throw new AppError('UNAUTHENTICATED', 'The session has ended.');
      return await server.parts.readHolder(holder, address);
    };
    const endless = async function* () {
      for (;;) yield new Uint8Array(64 * 1024);
    };
    const { readLink } = server.parts;
    await using other = await filesServer({ readHolder, readLink, exportJson: endless, askAgainMs: 20 }, 1);
    await store(other.storage, NAME, archive.bytes);
    await store(other.storage, 'large.zip', new Uint8Array());
    const size = 2 ** 31;
    await truncate(join(other.folder, 'large.zip'), size);
    const slowly = async (path: string, headers: Record<string, string> = {}) => {
      const begun = Promise.withResolvers<void>();
      let received = 0;
      const socket = connect(Number(new URL(other.url).port), '127.0.0.1', () => {
        const lines = Object.entries({ ...reading, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(`GET /api/backups/${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`);
      });
      socket.on('data', (bytes) => {
        received += bytes.length;
        begun.resolve();
        socket.pause();
        setTimeout(() => socket.resume(), 2);
      });
      const closed = new Promise<number>((done) => socket.on('close', () => done(received)));
      await begun.promise;
      return { closed };
    };
    const ways = await Promise.all([
      slowly('large.zip/download'),
      slowly('large.zip/download', { Range: 'bytes=1-' }),
      slowly('large.zip/download', { Range: 'bytes=1-', 'If-Range': '"other"' }),
      slowly(`${NAME}/download?format=json`),
      slowly('large.zip/download?token=good:large.zip'),
    ]);
    await Bun.sleep(200);
    expect(other.audited.map(({ outcome }) => outcome)).toEqual(Array(ways.length).fill('allowed'));
    isOver = true;
    for (const { closed } of ways) expect(await closed).toBeLessThan(size / 2);
    const denied = other.audited.filter(({ outcome }) => outcome === 'denied');
    expect(denied.map(({ code }) => code)).toEqual(Array(ways.length).fill('UNAUTHENTICATED'));
    expect(new Set(denied.map(({ actor, target }) => `${actor} ${target}`))).toEqual(
      new Set([
        `token test of ada@palace.example ${NAME}`,
        'token test of ada@palace.example large.zip',
        'link of ada large.zip',
      ]),
    );
    expect((await get('?token=good:large.zip', {}, 'large.zip', other)).status).toBe(401);
  }, 30_000);

  test('stops reading when the client goes away', async () => {
    const big = new Uint8Array(64 * 1024 * 1024);
    let read = 0;
    let closed = 0;
    const inner = createMemoryStorage(() => new Date());
    await store(inner, NAME, big);
    const slow: Storage = {
      ...inner,
      open: async (name) => {
        const source = await inner.open(name);
        return {
          size: source.size,
          read: async (offset, length, into) => {
            read += length;
            return await source.read(offset, length, into);
          },
          [Symbol.asyncDispose]: async () => {
            closed += 1;
            await source[Symbol.asyncDispose]();
          },
        };
      },
    };
    await using other = await filesServer({ storage: slow });
    const abort = new AbortController();
    const response = await fetch(`${other.url}/api/backups/${NAME}/download`, {
      headers: reading,
      signal: abort.signal,
    });
    const reader = response.body?.getReader();
    await reader?.read();
    abort.abort();
    // Opened once to read it, once to send it.
    await until(
      'both are closed',
      async () => closed,
      (count) => count === 2,
    );
    expect(read).toBeLessThan(big.length);
  });
});
