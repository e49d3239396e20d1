import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type DetailedError, Upload } from 'tus-js-client';
import { readOutcome } from '../api/wire.fixture.ts';
import { sampleArchive } from '../archive/sample.fixture.ts';
import { SCOPES } from '../security/caller.ts';
import { until } from '../testing/until.fixture.ts';
import { asCaller, type FilesServer, filesServer } from './files.fixture.ts';

const LIMIT = 32 * 1024 ** 2;
let server: FilesServer;
let archive: Awaited<ReturnType<typeof sampleArchive>>;
/** True to make the storage full. */
let full = false;
beforeAll(async () => {
  server = await filesServer({ maxUploadBytes: LIMIT });
  const freeSpace = server.storage.freeSpace.bind(server.storage);
  server.storage.freeSpace = async () => (full ? 1 : await freeSpace());
  // Rows that do not compress, so that the archive has some megabytes and comes in pieces.
  const noise = Array.from(
    { length: 200_000 },
    (_, id) => `${id},${Bun.hash(String(id)).toString(36)}${Bun.hash(`x${id}`).toString(36)}\n`,
  );
  archive = await sampleArchive({
    chunks: [{ table: 'staff', rows: noise.length, content: `id,name\n${noise.join('')}` }],
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  full = false;
  await server.database.admin('DELETE FROM backup_system.uploads');
  for (const { name } of await server.storage.list()) await server.storage.remove(name);
  for (const id of await server.waiting()) await server.area.remove(id);
  server.audited.length = 0;
});

const endpoint = () => `${server.url}/api/uploads/tus`;
const tusHeaders = { ...asCaller(), 'Tus-Resumable': '1.0.0' };

interface Sent {
  url: string | null;
  error: DetailedError | Error | null;
  backup: string | undefined;
}

/** Sends with the official client; resolves when it succeeds or gives up. */
function send(bytes: Uint8Array, options: ConstructorParameters<typeof Upload>[1] = {}): Promise<Sent> {
  const { promise, resolve } = Promise.withResolvers<Sent>();
  const upload = new Upload(Buffer.from(bytes), {
    endpoint: endpoint(),
    headers: asCaller(),
    metadata: { filename: 'Büro "1".zip' },
    retryDelays: null,
    onError: (error) => resolve({ url: upload.url, error, backup: undefined }),
    onSuccess: ({ lastResponse }) =>
      resolve({ url: upload.url, error: null, backup: lastResponse.getHeader('X-Backup-Name') }),
    ...options,
  });
  upload.start();
  return promise;
}

const bodyOf = (error: Sent['error']) =>
  JSON.parse((error as DetailedError | null)?.originalResponse?.getBody() ?? 'null') as {
    error: { code: string };
  } | null;
const statusOf = (error: Sent['error']) => (error as DetailedError | null)?.originalResponse?.getStatus();

/** Creates an upload and returns its path. */
async function create(length: number, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(endpoint(), {
    method: 'POST',
    headers: { ...tusHeaders, 'Upload-Length': String(length), ...headers },
  });
  expect(response.status).toBe(201);
  return response.headers.get('location') ?? '';
}

const head = (path: string, headers: Record<string, string> = tusHeaders) =>
  fetch(`${server.url}${path}`, { method: 'HEAD', headers });
const patch = (path: string, offset: number, body: Uint8Array, headers: Record<string, string> = tusHeaders) =>
  fetch(`${server.url}${path}`, {
    method: 'PATCH',
    body,
    headers: { ...headers, 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream' },
  });

test('an archive sent in pieces becomes a backup with the last of them', async () => {
  const { error, backup, url } = await send(archive.bytes, { chunkSize: 1024 * 1024 });
  expect([error, backup]).toEqual([null, 'backup_20261123T093015Z_6f9619ff.zip']);
  expect(Buffer.compare(await Bun.file(join(server.folder, backup ?? '')).bytes(), archive.bytes)).toBe(0);
  const [row] = await server.uploads();
  expect(row).toMatchObject({
    id: url?.split('/').at(-1),
    state: 'accepted',
    size: archive.bytes.length,
    sha256: Bun.SHA256.hash(archive.bytes, 'hex'),
  });
  expect(await server.database.admin('SELECT original_name AS name, actor FROM backup_system.uploads')).toEqual([
    { name: 'Büro "1".zip', actor: 'token test of ada@palace.example' },
  ]);
  expect(await server.waiting()).toEqual([]);
  expect(server.audited).toMatchObject([
    { action: 'POST /api/uploads/tus', outcome: 'allowed' },
    { action: 'finish /api/uploads/tus', outcome: 'allowed', details: { archive: backup } },
  ]);
});

test('data may come with the creation, and the length may be told later', async () => {
  const both = await send(archive.bytes, { uploadDataDuringCreation: true });
  expect([both.error, both.backup !== undefined]).toEqual([null, true]);
  const response = await fetch(endpoint(), { method: 'POST', headers: { ...tusHeaders, 'Upload-Defer-Length': '1' } });
  const path = response.headers.get('location') ?? '';
  expect((await head(path)).headers.get('upload-defer-length')).toBe('1');
  const last = await patch(path, 0, archive.bytes, { ...tusHeaders, 'Upload-Length': String(archive.bytes.length) });
  expect([last.status, last.headers.get('x-backup-existing')]).toEqual([204, 'true']);
});

test('an upload goes on where its connection was cut', async () => {
  const path = await create(archive.bytes.length);
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const headers = {
    ...tusHeaders,
    Host: hostname,
    'Upload-Offset': '0',
    'Content-Type': 'application/offset+octet-stream',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`PATCH ${path} HTTP/1.1\r\n${lines.join('')}Content-Length: ${archive.bytes.length}\r\n\r\n`);
  socket.write(archive.bytes.subarray(0, 700_000));
  const file = join(server.area.folder, path.split('/').at(-1) ?? '');
  await until(
    'the first bytes are there',
    async () => (await stat(file)).size,
    (size) => size > 0,
  );
  socket.destroy();

  const offsets: number[] = [];
  const { error, backup } = await send(archive.bytes, {
    uploadUrl: `${server.url}${path}`,
    onAfterResponse: (request, response) => {
      if (request.getMethod() === 'HEAD') offsets.push(Number(response.getHeader('Upload-Offset')));
    },
  });
  expect([error, backup !== undefined]).toEqual([null, true]);
  expect(offsets.length).toBe(1);
  expect(offsets[0]).toBeGreaterThan(0);
  expect(Buffer.compare(await Bun.file(join(server.folder, backup ?? '')).bytes(), archive.bytes)).toBe(0);
});

test('the file of an unfinished upload is its server’s alone', async () => {
  const path = await create(10);
  const file = join(server.area.folder, path.split('/').at(-1) ?? '');
  expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
  expect(((await stat(server.area.folder)).mode & 0o777).toString(8)).toBe('700');
  expect((await fetch(`${server.url}${path}`, { headers: tusHeaders })).status).toBe(404);
});

test('a damaged archive is refused with its reason, which the client does not take for success, and nothing is left', async () => {
  const damaged = new Uint8Array(archive.bytes);
  damaged[5000] = (damaged[5000] ?? 0) ^ 1;
  const { error, url } = await send(damaged, { retryDelays: [0, 0, 0] });
  expect([statusOf(error), bodyOf(error)?.error.code]).toEqual([422, 'ARCHIVE_DAMAGED']);
  expect(await server.uploads()).toMatchObject([{ state: 'refused', error: { code: 'ARCHIVE_DAMAGED' } }]);
  expect([await server.waiting(), await server.storage.list()]).toEqual([[], []]);
  expect((await head(new URL(url ?? '').pathname)).status).toBe(410);
  expect(server.audited.at(-1)).toMatchObject({ outcome: 'failed', code: 'ARCHIVE_DAMAGED' });
});

test('the limit holds for what is declared, for what is told later, and for what comes', async () => {
  const declared = await send(new Uint8Array(LIMIT + 1));
  expect([statusOf(declared.error), bodyOf(declared.error)?.error.code]).toEqual([413, 'TOO_LARGE']);
  // tus returns the failure instead of throwing it; it must not be audited as a success.
  expect(server.audited).toMatchObject([{ action: 'POST /api/uploads/tus', outcome: 'failed', code: 'TOO_LARGE' }]);
  expect([await server.uploads(), await server.waiting()]).toEqual([[], []]);
  const response = await fetch(endpoint(), { method: 'POST', headers: { ...tusHeaders, 'Upload-Defer-Length': '1' } });
  const path = response.headers.get('location') ?? '';
  const later = await patch(path, 0, new Uint8Array(1), { ...tusHeaders, 'Upload-Length': String(LIMIT + 1) });
  const coming = await patch(path, 0, new Uint8Array(LIMIT + 1));
  const more = await patch(await create(5), 0, new Uint8Array(6));
  for (const one of [later, coming, more]) {
    expect([one.status, ((await one.json()) as { error: { code: string } }).error.code]).toEqual([413, 'TOO_LARGE']);
  }
});

test('an address that is no upload’s is not found, whatever it looks like', async () => {
  const base = (await create(10)).replace(/[^/]+$/, '');
  for (const id of ['-'.repeat(36), crypto.randomUUID(), 'f'.repeat(36), '%00', '..%2f'])
    expect([id, (await head(`${base}${id}`)).status]).toEqual([id, 404]);
});

test('an upload is its creator’s alone', async () => {
  const path = await create(archive.bytes.length);
  const other = { ...asCaller(undefined, 'bob@palace.example'), 'Tus-Resumable': '1.0.0' };
  const nobody = { 'Tus-Resumable': '1.0.0' };
  const mayNot = { ...asCaller(['backups:read']), 'Tus-Resumable': '1.0.0' };
  const piece = archive.bytes.subarray(0, 10);
  expect([(await head(path, other)).status, (await patch(path, 0, piece, other)).status]).toEqual([404, 404]);
  expect([(await head(path, nobody)).status, (await patch(path, 0, piece, mayNot)).status]).toEqual([401, 403]);
  expect(server.audited.slice(-2)).toMatchObject([
    { action: 'HEAD /api/uploads/tus', outcome: 'denied', code: 'UNAUTHENTICATED' },
    { action: 'PATCH /api/uploads/tus', outcome: 'denied', code: 'FORBIDDEN' },
  ]);
  const create401 = await fetch(endpoint(), { method: 'POST', headers: { ...nobody, 'Upload-Length': '1' } });
  expect(create401.status).toBe(401);
  for (const headers of [other, nobody, mayNot]) {
    expect((await fetch(`${server.url}${path}`, { method: 'DELETE', headers })).status).toBeGreaterThanOrEqual(401);
  }
  expect((await head(path)).headers.get('upload-offset')).toBe('0');
  const told = server.audited
    .filter(({ outcome }) => outcome === 'denied')
    .map(({ action, code }) => `${action} ${code}`);
  expect(told.slice(0, 3)).toEqual([
    'HEAD /api/uploads/tus UNAUTHENTICATED',
    'PATCH /api/uploads/tus FORBIDDEN',
    'POST /api/uploads/tus UNAUTHENTICATED',
  ]);
});

test('its creator may take an upload back, and it leaves no file', async () => {
  const path = await create(100);
  await patch(path, 0, new Uint8Array(50));
  expect((await fetch(`${server.url}${path}`, { method: 'DELETE', headers: tusHeaders })).status).toBe(204);
  expect(await server.waiting()).toEqual([]);
  expect(await server.uploads()).toMatchObject([{ state: 'refused', error: { code: 'CANCELLED' } }]);
  expect((await head(path)).status).toBe(410);
});

test('what failed for a reason of the server’s is accepted when the sender asks again', async () => {
  const path = await create(archive.bytes.length);
  full = true;
  const refused = await patch(path, 0, archive.bytes);
  expect(refused.status).toBe(503);
  expect(await server.uploads()).toMatchObject([{ state: 'received' }]);
  full = false;
  const again = await head(path);
  expect([again.status, again.headers.get('upload-offset')]).toEqual([200, String(archive.bytes.length)]);
  expect(await server.uploads()).toMatchObject([{ state: 'accepted' }]);
  // A last piece sent twice does no harm.
  expect((await patch(path, archive.bytes.length, new Uint8Array(0))).status).toBe(409);
  const by = { actor: 'ada', origin: 'here' };
  const id = path.split('/').at(-1) ?? '';
  const { upload } = await server.parts.acceptance.finish(id, by, new AbortController().signal);
  expect(upload.state).toBe('accepted');
});

test('nonsense is told in the shape of every failure, and is never the server’s fault', async () => {
  const path = await create(10);
  const answers = await Promise.all([
    fetch(endpoint(), { method: 'POST', headers: asCaller() }),
    fetch(endpoint(), { method: 'POST', headers: tusHeaders }),
    fetch(endpoint(), { method: 'POST', headers: { ...tusHeaders, 'Upload-Length': '-1' } }),
    fetch(endpoint(), { method: 'POST', headers: { ...tusHeaders, 'Upload-Length': '9'.repeat(30) } }),
    fetch(endpoint(), {
      method: 'POST',
      headers: { ...tusHeaders, 'Upload-Length': '1', 'Upload-Metadata': 'filename !' },
    }),
    fetch(endpoint(), {
      method: 'POST',
      headers: { ...tusHeaders, 'Upload-Length': '1', 'Upload-Metadata': `filename ${btoa('a\0b')}` },
    }),
    fetch(endpoint(), { method: 'POST', headers: { ...tusHeaders, 'Upload-Concat': 'final;/a /b' } }),
    fetch(endpoint(), { method: 'PATCH', headers: tusHeaders }),
    patch(path, 5, new Uint8Array(1)),
    patch('/api/uploads/tus/none', 0, new Uint8Array(1)),
    patch('/api/uploads/tus/..%2f..%2fsecret', 0, new Uint8Array(1)),
    patch(`/api/uploads/tus/${crypto.randomUUID()}`, 0, new Uint8Array(1)),
    fetch(`${server.url}${path}`, { method: 'PATCH', headers: tusHeaders, body: 'x' }),
    fetch(`${server.url}${path}`, {
      method: 'PATCH',
      headers: { ...tusHeaders, 'Upload-Offset': '0', 'Content-Type': 'text/plain' },
      body: 'x',
    }),
  ]);
  for (const answer of answers) {
    const text = await answer.text();
    expect([text, answer.status >= 400 && answer.status <= 501 && answer.status !== 500]).toEqual([text, true]);
    expect(JSON.parse(text)).toMatchObject({
      success: false,
      error: { code: expect.any(String), timestamp: expect.any(String) },
    });
    expect(text).not.toContain(server.folder);
  }
});

test('what one person has begun and not ended has a limit: by all tokens, both ways in, and many at once', async () => {
  const { waitingLimits } = server.parts;
  const before = { ...waitingLimits };
  Object.assign(waitingLimits, { uploads: 3, bytes: 1000, unknown: 400 });
  const begin = async (size: number | null, who = asCaller()) => {
    const length = size === null ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(size) };
    const headers = { ...who, 'Tus-Resumable': '1.0.0', ...length };
    const answer = await fetch(endpoint(), { method: 'POST', headers });
    const { code } = await readOutcome(answer);
    return { status: answer.status, code, location: answer.headers.get('location') };
  };
  const put = (body: string) =>
    fetch(`${server.url}/api/uploads?accept=later`, { method: 'PUT', headers: asCaller(), body });
  try {
    const begun = await Promise.all(Array.from({ length: 6 }, () => begin(10)));
    expect(begun.map(({ status }) => status).toSorted()).toEqual([201, 201, 201, 413, 413, 413]);
    expect(begun.flatMap(({ code }) => code ?? [])).toEqual(['TOO_LARGE', 'TOO_LARGE', 'TOO_LARGE']);
    const refused = await put('one more');
    expect([refused.status, (await readOutcome(refused)).failure]).toMatchObject([
      413,
      { code: 'TOO_LARGE', hint: expect.stringContaining('MAX_WAITING_UPLOADS'), details: { uploads: 3, bytes: 30 } },
    ]);
    expect((await server.waiting()).length).toBe(3);
    // Another token of Ada's counts as Ada; an address that merely ends like hers does not.
    expect((await begin(10, asCaller(SCOPES, 'bob of ada@palace.example'))).status).toBe(413);
    expect((await begin(10, asCaller(SCOPES, 'not-ada@palace.example'))).status).toBe(201);

    const [taken = ''] = begun.flatMap(({ location }) => location ?? []);
    await fetch(new URL(taken, `${endpoint()}/`), { method: 'DELETE', headers: tusHeaders });
    expect(await begin(990)).toMatchObject({ status: 413, code: 'TOO_LARGE' });
    expect((await begin(null)).status).toBe(201);
  } finally {
    Object.assign(waitingLimits, before);
  }
});
