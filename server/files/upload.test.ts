import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { stat, utimes } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { codeOf, codeOfError } from '../../db/testing/code-of.fixture.ts';
import { SAMPLE_CHUNKS, sampleArchive } from '../archive/sample.fixture.ts';
import { acceptUpload } from '../jobs/uploads/accept.ts';
import { acceptOperation } from '../jobs/uploads/acceptance.fixture.ts';
import { sweepUploads } from '../jobs/uploads/sweep.ts';
import { until } from '../testing/until.fixture.ts';
import { asCaller, type FilesServer, filesServer } from './files.fixture.ts';
import { uploadName } from './upload.ts';

const LIMIT = 100 * 1024 ** 2;
let server: FilesServer;
beforeAll(async () => {
  server = await filesServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await server.database.admin('DELETE FROM backup_system.uploads');
  for (const { name } of await server.storage.list()) await server.storage.remove(name);
  server.audited.length = 0;
});

interface Answer {
  success: boolean;
  data?: {
    uploadId: string;
    fileName: string;
    state: string;
    type: string;
    size: number;
    sha256: string;
    existing: boolean;
  };
  error?: { code: string; message: string; details?: Record<string, unknown> };
}

async function put(
  body: Uint8Array | string | ReadableStream<Uint8Array>,
  headers: Record<string, string> = {},
  query = '',
): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(`${server.url}/api/uploads${query}`, {
    method: 'PUT',
    body,
    headers: { ...asCaller(), ...headers },
  });
  return { status: response.status, answer: (await response.json()) as Answer };
}

/** Returns a body of unknown length, which is sent in chunks. */
function chunked(bytes: number): ReadableStream<Uint8Array> {
  const piece = new Uint8Array(1024 * 1024);
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(piece.subarray(0, Math.min(left, piece.length)));
      left -= piece.length;
      if (left <= 0) controller.close();
    },
  });
}

/** Sends the head of an upload over a raw socket, for a client that disconnects early. */
function rawUpload(head: string): ReturnType<typeof connect> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const caller = Object.entries(asCaller()).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`PUT /api/uploads HTTP/1.1\r\nHost: ${hostname}\r\n${caller.join('')}${head}\r\n`);
  return socket;
}

describe('PUT /api/uploads', () => {
  test('stores an archive byte for byte under a name made of its time and id, and says that it was uploaded', async () => {
    const { bytes, digest } = await sampleArchive();
    const { status, answer } = await put(bytes, { 'X-File-Name': 'whatever.txt' });
    expect(status).toBe(201);
    const sha256 = Bun.SHA256.hash(bytes, 'hex');
    expect(answer.data).toMatchObject({
      fileName: 'backup_20261123T093015Z_6f9619ff.zip',
      state: 'accepted',
      type: 'archive',
      size: bytes.length,
      sha256,
      existing: false,
    });
    const path = join(server.folder, answer.data?.fileName ?? '');
    expect(Buffer.compare(await Bun.file(path).bytes(), bytes)).toBe(0);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await server.storage.readSidecar(answer.data?.fileName ?? '')).toMatchObject({
      kind: 'uploaded',
      digest,
      pinned: false,
    });
    expect(await server.waiting()).toEqual([]);
    expect(await server.uploads()).toMatchObject([{ state: 'accepted', size: bytes.length, sha256 }]);
    expect(server.audited).toMatchObject([{ action: 'PUT /api/uploads', outcome: 'allowed' }]);
  });

  test('answers with the stored archive when the same bytes come again', async () => {
    const { bytes } = await sampleArchive();
    const first = await put(bytes);
    const second = await put(bytes);
    expect([second.status, second.answer.data?.existing, second.answer.data?.fileName]).toEqual([
      200,
      true,
      first.answer.data?.fileName,
    ]);
    expect((await server.storage.list()).length).toBe(1);
    expect(await server.waiting()).toEqual([]);
  });

  test('takes exactly as many bytes as the limit allows, declared or not, and keeps them for later when told to', async () => {
    const declared = await put(new Uint8Array(LIMIT), {}, '?accept=later');
    const undeclared = await put(chunked(LIMIT), {}, '?accept=later');
    for (const { status, answer } of [declared, undeclared]) {
      expect([status, answer.data?.state, answer.data?.size]).toEqual([202, 'received', LIMIT]);
      expect(answer.data?.sha256).toBe(Bun.SHA256.hash(new Uint8Array(LIMIT), 'hex'));
    }
    expect((await server.waiting()).sort()).toEqual(
      [declared, undeclared].map(({ answer }) => answer.data?.uploadId ?? '').sort(),
    );
    expect((await stat(join(server.area.folder, declared.answer.data?.uploadId ?? ''))).mode & 0o777).toBe(0o600);
    expect((await stat(server.area.folder)).mode & 0o777).toBe(0o700);
    for (const { answer } of [declared, undeclared]) await server.area.remove(answer.data?.uploadId ?? '');
  });

  test('refuses one byte more than the limit at once when it is declared, and leaves no record', async () => {
    const { status, answer } = await put(new Uint8Array(LIMIT + 1));
    expect([status, answer.error?.code]).toEqual([413, 'TOO_LARGE']);
    expect(answer.error?.details).toEqual({ most: LIMIT, declared: LIMIT + 1 });
    expect(await server.uploads()).toEqual([]);
    expect(server.audited).toMatchObject([{ outcome: 'failed', code: 'TOO_LARGE' }]);
  });

  test('refuses one byte more than the limit as it comes when no length is declared, and leaves no file', async () => {
    const { status, answer } = await put(chunked(LIMIT + 1));
    expect([status, answer.error?.code]).toEqual([413, 'TOO_LARGE']);
    expect(await server.uploads()).toMatchObject([{ state: 'refused', error: { code: 'TOO_LARGE' } }]);
    expect(await server.waiting()).toEqual([]);
  });

  test('leaves no file when the sender goes away half-way, and its record says so', async () => {
    for (const head of ['Content-Length: 1000000\r\n', 'Transfer-Encoding: chunked\r\n']) {
      await server.database.admin('DELETE FROM backup_system.uploads');
      const socket = rawUpload(head);
      socket.write(
        head.startsWith('C') ? 'x'.repeat(300_000) : `${(300_000).toString(16)}\r\n${'x'.repeat(300_000)}\r\n`,
      );
      const [part] = await until('the upload begins', server.waiting, (names) => names.length === 1);
      await until(
        'the first bytes are there',
        async () => Bun.file(join(server.area.folder, part ?? '')).size,
        (size) => size > 0,
      );
      socket.destroy();
      await until('the file is gone', server.waiting, (names) => names.length === 0);
      const [row] = await until('the upload is refused', server.uploads, ([one]) => one?.state === 'refused');
      expect(row?.error?.code).toBe('CANCELLED');
    }
  });

  test('refuses damage of any kind with its reason, and leaves nothing', async () => {
    const { bytes } = await sampleArchive();
    const flipped = new Uint8Array(bytes);
    flipped[60] = (flipped[60] ?? 0) ^ 1;
    const broken: [string, Uint8Array, string][] = [
      ['a flipped bit', flipped, 'ARCHIVE_DAMAGED'],
      ['a cut end', bytes.subarray(0, bytes.length - 1), 'ARCHIVE_DAMAGED'],
      ['an added byte', Buffer.concat([bytes, Buffer.from('x')]), 'ARCHIVE_DAMAGED'],
      ['a cut beginning', bytes.subarray(1), 'ARCHIVE_DAMAGED'],
      ['an empty file', new Uint8Array(0), 'INPUT_INVALID'],
      ['a dump', Buffer.from('PGDMP and more'), 'INPUT_INVALID'],
      ['a document nobody reads here', Buffer.from('{"metadata":{}}'), 'INPUT_INVALID'],
    ];
    for (const [what, content, code] of broken) {
      const { status, answer } = await put(content);
      expect([what, answer.error?.code, status < 500]).toEqual([what, code, true]);
    }
    expect(await server.storage.list()).toEqual([]);
    expect(await server.waiting()).toEqual([]);
    expect(new Set((await server.uploads()).map((row) => row.state))).toEqual(new Set(['refused']));
  });

  test('refuses an archive that was made to fill the memory, without expanding it', async () => {
    const zeros = new Uint8Array(80 * 1024 ** 2);
    const { bytes } = await sampleArchive({ method: 'zstd', chunks: [{ table: 'staff', rows: 1, content: zeros }] });
    const { answer } = await put(bytes);
    expect(answer.error?.code).toBe('ARCHIVE_LIMIT');
  });

  test('is for those alone who may upload', async () => {
    const { bytes } = await sampleArchive();
    const nobody = await fetch(`${server.url}/api/uploads`, { method: 'PUT', body: bytes });
    const other = await fetch(`${server.url}/api/uploads`, {
      method: 'PUT',
      body: bytes,
      headers: asCaller(['backups:read']),
    });
    expect([nobody.status, other.status]).toEqual([401, 403]);
    expect(server.audited).toMatchObject([
      { outcome: 'denied', code: 'UNAUTHENTICATED' },
      { outcome: 'denied', code: 'FORBIDDEN' },
    ]);
    expect(await server.uploads()).toEqual([]);
  });

  test('takes names of any script, and refuses those that cannot be shown or decoded', async () => {
    const { bytes } = await sampleArchive();
    const name = 'Sauvegarde "été" 備份 ’24 🎉.zip';
    await put(bytes, { 'X-File-Name': encodeURIComponent(name) });
    await put(bytes, {}, `?name=${encodeURIComponent(name)}`);
    const rows = await server.database.admin('SELECT original_name AS name FROM backup_system.uploads');
    expect(rows).toEqual([{ name }, { name }]);
    for (const bad of ['%00', '%zz', '%0a', 'x'.repeat(256), '%ff', encodeURIComponent('a\u0085b')]) {
      const { status, answer } = await put(bytes, { 'X-File-Name': bad });
      expect([status, answer.error?.code]).toEqual([400, 'INPUT_INVALID']);
    }
  });

  test('no control character and no half of a character is in a name that is shown, wherever it stands', () => {
    const controls = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, index) => 127 + index)];
    const unshowable = [...controls.map((code) => String.fromCharCode(code)), '\ud800', '\udfff'];
    for (const one of unshowable)
      for (const name of [`${one}a`, `a${one}b`, `a${one}`, one]) {
        expect(() => uploadName(undefined, name)).toThrow('no control characters');
        if (one.isWellFormed())
          expect(() => uploadName(encodeURIComponent(name), undefined)).toThrow('no control characters');
      }
    for (const name of ['', 'x'.repeat(256)]) expect(() => uploadName(undefined, name)).toThrow('1 to 255');
    for (const name of ['../../etc/passwd', 'C:\\x', '..', 'x'.repeat(255)])
      expect(uploadName(undefined, name)).toBe(name);
  });

  test('refuses a part of a file, which it would take for the whole', async () => {
    const { status } = await put('x', { 'Content-Range': 'bytes 0-0/10' });
    expect(status).toBe(400);
  });

  test('gives a document to whoever reads documents, with its path', async () => {
    const told: string[] = [];
    const parts = {
      ...server.parts,
      acceptDocument: async (path: string) => {
        told.push(await Bun.file(path).text());
        return { fileName: 'made.zip', warnings: [] };
      },
    };
    const later = await put('{"metadata":{}}', {}, '?accept=later');
    const { upload } = await acceptUpload(parts, later.answer.data?.uploadId ?? '', acceptOperation());
    expect([upload.state, upload.type, upload.archive, told]).toEqual([
      'accepted',
      'json',
      'made.zip',
      ['{"metadata":{}}'],
    ]);
    expect(await server.waiting()).toEqual([]);
  });
});

describe('accepting', () => {
  test('keeps an upload for another try when it is cancelled, and accepts it once for two who try at once', async () => {
    const { bytes } = await sampleArchive();
    const later = await put(bytes, {}, '?accept=later');
    const id = later.answer.data?.uploadId ?? '';
    expect(await codeOf(acceptUpload(server.parts, id, acceptOperation(AbortSignal.abort())))).toBe('CANCELLED');
    expect(await server.uploads()).toMatchObject([{ state: 'received' }]);
    expect(await server.waiting()).toEqual([id]);
    const two = await Promise.all(
      [0, 1].map(() => acceptUpload(server.parts, id, acceptOperation()).catch(codeOfError)),
    );
    expect(two.filter((one) => typeof one === 'object').length).toBeGreaterThanOrEqual(1);
    for (const one of two) if (typeof one === 'string') expect(one).toBe('OPERATION_IN_PROGRESS');
    expect((await server.storage.list()).length).toBe(1);
    expect(await server.uploads()).toMatchObject([{ state: 'accepted' }]);
    expect(await server.waiting()).toEqual([]);
  });

  test('stores a good copy beside a damaged archive of the same name', async () => {
    const { bytes } = await sampleArchive({ chunks: SAMPLE_CHUNKS });
    const first = (await put(bytes)).answer.data?.fileName ?? '';
    const damaged = new Uint8Array(bytes);
    damaged[70] = (damaged[70] ?? 0) ^ 255;
    await Bun.write(join(server.folder, first), damaged);
    const { status, answer } = await put(bytes);
    expect([status, answer.data?.fileName]).toEqual([201, 'backup_20261123T093015Z_6f9619ff-2.zip']);
  });
});

describe('sweeping', () => {
  test('ends the records of uploads whose file is gone or too old, and leaves the others alone', async () => {
    const { bytes } = await sampleArchive();
    const [gone, old, young] = await Promise.all(
      [0, 1, 2].map(async () => (await put(bytes, {}, '?accept=later')).answer.data?.uploadId ?? ''),
    );
    await server.area.remove(gone ?? '');
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await utimes(join(server.area.folder, old ?? ''), yesterday, yesterday);
    expect(await sweepUploads(server.parts)).toBe(2);
    const states = Object.fromEntries((await server.uploads()).map((row) => [row.id, row.state]));
    expect(states).toEqual({ [gone ?? '']: 'refused', [old ?? '']: 'refused', [young ?? '']: 'received' });
    expect(await server.waiting()).toEqual([young ?? '']);
    await server.area.remove(young ?? '');
  });
});
