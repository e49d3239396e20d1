import { afterAll, beforeAll, expect, test } from 'bun:test';
import { contentOf } from '../../db/testing/content.fixture.ts';
import { readOutcome } from '../api/wire.fixture.ts';
import type { OperationEvent } from '../client/client.ts';
import { answeredCode } from '../testing/answered.fixture.ts';
import { DEMO_PASSWORD, type Person, SUPER_ADMIN, type System, startSystem } from './system.fixture.ts';

const MIB = 1024 ** 2;
/** The limit as it is where nobody sets it. */
const LIMIT = 100 * MIB;

const BIG_ROWS = 54_000;

let system: System;
let person: Person;
let before: Awaited<ReturnType<typeof contentOf>>;
beforeAll(async () => {
  system = await startSystem({ settings: { BACKUP_JOBS: '2' } });
  // At level 0 nothing is made smaller: the archive is an upload near the limit. Short enough values are never moved out of their row.
  await system.database.query(
    `INSERT INTO system_settings (id, key, value, "updatedBy", "updatedAt")
     SELECT 'big' || n, 'big' || n, repeat(md5(n::text), 55), 'a test', now() FROM generate_series(1, ${BIG_ROWS}) n`,
  );
  before = await contentOf(system.database);
});
afterAll(() => system[Symbol.asyncDispose]());

const backups = async () => (await person.client.backups.list.query({})).data;
let name = '';
let archive: Uint8Array<ArrayBuffer>;

test('a super administrator signs in with a cookie that scripts cannot read, and is who the HRMS says', async () => {
  const answer = await fetch(`${system.url}/trpc/auth.signIn`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: SUPER_ADMIN, password: DEMO_PASSWORD }),
  });
  expect(answer.headers.get('set-cookie')).toMatch(/; ?HttpOnly/i);
  expect(answer.headers.get('set-cookie')).toMatch(/; ?SameSite=Strict/i);
  person = await system.signIn();
  const me = await person.client.auth.me.query();
  expect(me.data).toMatchObject({ kind: 'session', email: SUPER_ADMIN, role: 'SUPER_ADMIN' });
});

test('a backup is seen moving to its end, also by a page that was loaded again in between', async () => {
  const key = { idempotencyKey: 'the first', compression: 'deflate', level: 0 } as const;
  system.proxy.pauseAfter(32 * MIB);
  const { operation } = (await person.client.backups.create.mutate(key)).data;
  const again = (await person.client.backups.create.mutate(key)).data;
  expect([again.existing, again.operation.id]).toEqual([true, operation.id]);

  // The first page sees it half-way, and is left.
  const first: Event[] = [];
  for await (const event of progressOf(operation.id)) {
    first.push(event);
    if ((event.data.progress?.rows ?? 0) > 0 && system.proxy.waiting > 0) break;
  }
  expect(first.at(-1)?.data.state).toBe('running');
  const seen = first.at(-1)?.id ?? '';
  system.proxy.resume();
  // The second one goes on from what the first one saw last.
  const second: Event[] = [];
  for await (const event of progressOf(operation.id, seen)) second.push(event);
  expect(second.every(({ id }) => Number(id) > Number(seen))).toBe(true);
  const revisions = [...first, ...second].map(({ id }) => Number(id));
  expect(revisions).toEqual([...new Set(revisions)].toSorted((a, b) => a - b));
  // Who has seen the end is told nothing twice.
  expect(await Array.fromAsync(progressOf(operation.id, second.at(-1)?.id))).toEqual([]);
  const end = second.at(-1)?.data;
  expect(end).toMatchObject({ state: 'succeeded', error: null });
  expect(end?.progress?.rows).toBeGreaterThan(first.at(-1)?.data.progress?.rows ?? 0);
  expect(end?.result?.['tables']).toEqual({
    ...system.rows,
    system_settings: (system.rows['system_settings'] ?? 0) + BIG_ROWS,
  });
  name = end?.archive ?? '';
  expect((await backups()).items.map(({ fileName }) => fileName)).toEqual([name]);
});

test('a backup that is cancelled half-way ends as cancelled and leaves no file', async () => {
  system.proxy.pauseAfter(32 * MIB);
  const { operation } = (await person.client.backups.create.mutate({ compression: 'deflate', level: 0 })).data;
  for await (const event of progressOf(operation.id)) {
    if ((event.data.progress?.rows ?? 0) > 0 && system.proxy.waiting > 0) break;
  }
  expect((await system.files()).filter((file) => file.endsWith('.part'))).toHaveLength(1);
  expect((await person.client.operations.cancel.mutate({ id: operation.id })).data.state).toBe('running');
  expect(await answeredCode(person.client.wait(operation.id))).toBe('CANCELLED');
  system.proxy.resume();
  const view = (await person.client.operations.get.query({ id: operation.id })).data;
  expect(view).toMatchObject({ state: 'cancelled', error: { code: 'CANCELLED', details: { by: SUPER_ADMIN } } });
  expect((await system.files()).filter((file) => !file.startsWith(name.replace(/\.zip$/, '')))).toEqual([]);
  expect((await backups()).total).toBe(1);
});

test('the parts of a download put together are the stored file, and a part of another file is never joined to it', async () => {
  const path = `/api/backups/${name}/download`;
  expect((await readOutcome(await person.ask(path))).code).toBe('STEP_UP_REQUIRED');
  expect(await answeredCode(person.client.backups.remove.mutate({ id: name }))).toBe('STEP_UP_REQUIRED');
  await person.client.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  const head = await person.ask(path, { method: 'HEAD' });
  const size = Number(head.headers.get('content-length'));
  const etag = head.headers.get('etag') ?? '';
  expect(size).toBeGreaterThan(90 * MIB);
  const parts: Uint8Array[] = [];
  const cuts = [0, 1, 1000, 7 * MIB + 3, 50 * MIB, size - 1, size];
  for (const [index, start] of cuts.slice(0, -1).entries()) {
    const range = `bytes=${start}-${(cuts[index + 1] ?? 0) - 1}`;
    const part = await person.ask(path, { headers: { Range: range, 'If-Range': etag } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `${range.replace('=', ' ')}/${size}`]);
    parts.push(await part.bytes());
  }
  archive = new Uint8Array(Buffer.concat(parts));
  const { url } = (await person.client.backups.downloadLink.mutate({ id: name })).data;
  const whole = await fetch(`${system.url}${url}`);
  expect(whole.headers.get('content-disposition')).toContain(name);
  expect(Bun.SHA256.hash(await whole.bytes(), 'hex')).toBe(Bun.SHA256.hash(archive, 'hex'));
  const other = await person.ask(path, { headers: { Range: 'bytes=5-9', 'If-Range': '"another"' } });
  expect(other.status).toBe(200);
  expect(Bun.SHA256.hash(await other.bytes(), 'hex')).toBe(Bun.SHA256.hash(archive, 'hex'));
});

test('100 MB may come, one byte more is refused: at once by its length, and in the stream where none is declared', async () => {
  const put = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
    person.ask('/api/uploads?name=large.bin&accept=later', { method: 'PUT', body, headers });
  const full = await put(new Uint8Array(LIMIT));
  const { data } = (await full.json()) as { data: { uploadId: string; size: number; state: string } };
  expect([full.status, data.state, data.size]).toEqual([202, 'received', LIMIT]);
  await person.client.uploads.remove.mutate({ id: data.uploadId });

  let taken = 0;
  const declared = await askDeclaring(LIMIT + 1);
  expect(declared).toContain('413');
  expect(declared).toContain('"code":"TOO_LARGE"');
  const piece = new Uint8Array(MIB);
  const streamed = await put(
    new ReadableStream({
      pull(controller) {
        const left = LIMIT + 1 - taken;
        taken += Math.min(left, piece.length);
        if (left > 0) controller.enqueue(left < piece.length ? piece.subarray(0, left) : piece);
        else controller.close();
      },
    }),
  );
  const refused = await readOutcome(streamed);
  expect([refused.status, refused.code, refused.failure?.details?.['most']]).toEqual([413, 'TOO_LARGE', LIMIT]);
  expect(taken).toBeGreaterThan(LIMIT);
  const left = (await person.client.uploads.list.query({})).data.uploads.map(({ state }) => state);
  expect(left.filter((state) => state !== 'refused')).toEqual([]);
});

test('an archive of nearly 100 MB that was removed comes back as an upload and is restored', async () => {
  await person.client.backups.remove.mutate({ id: name });
  expect(await system.files()).toEqual([]);

  const sent = await person.ask('/api/uploads', {
    method: 'PUT',
    body: archive,
    headers: { 'X-File-Name': encodeURIComponent('Ọba’s backup.zip') },
  });
  const { data } = (await sent.json()) as { data: { uploadId: string; fileName: string; sha256: string } };
  expect(sent.status).toBe(201);
  expect(data.sha256).toBe(Bun.SHA256.hash(archive, 'hex'));
  expect((await backups()).items.map(({ fileName }) => fileName)).toEqual([data.fileName]);

  await system.database.query(
    `DELETE FROM loan_repayments; UPDATE staff SET "fullName" = 'nobody'; INSERT INTO shareable_links (id, "shareId", "organogramData", "createdBy", "expiresAt") VALUES ('new', 'new', '{}', 'x', now())`,
  );
  const from = { upload: data.uploadId };
  const database = system.database.name;
  const unsure = await answeredCode(person.client.restores.start.mutate({ from, confirmDatabase: 'another' }));
  expect(unsure).toBe('INPUT_INVALID');
  const { operation } = (await person.client.restores.start.mutate({ from, confirmDatabase: database })).data;
  expect((await person.client.wait(operation.id)).state).toBe('succeeded');
  expect(await contentOf(system.database)).toEqual(before);
  // Sign-in lives through a restore of the administrators.
  expect((await person.client.auth.me.query()).data.email).toBe(SUPER_ADMIN);
});

test('the same archive brought again in pieces is the backup that is there, not a second one', async () => {
  const [stored] = (await backups()).items;
  const seen: number[] = [];
  const uploaded = await person.client.upload(archive, {
    name: 'again.zip',
    onProgress: ({ bytes }) => seen.push(bytes),
  });
  expect(uploaded).toMatchObject({ existing: true, fileName: stored?.fileName });
  expect(seen.at(-1)).toBe(archive.length);
  expect(seen.length).toBeGreaterThan(10);
  expect((await backups()).total).toBe(1);
  const larger = new Blob([archive, new Uint8Array(LIMIT + 1 - archive.length)]);
  expect(await answeredCode(person.client.upload(larger, { retryDelaysMs: [] }))).toBe('TOO_LARGE');
});

test('all that was tried is in the audit, who by and what came of it, and its chain is whole', async () => {
  const { rows } = (await person.client.audit.list.query({ limit: 200 })).data;
  const lines = rows.map(({ action, outcome, code }) => `${action} ${outcome}${code ? ` ${code}` : ''}`);
  for (const expected of [
    'auth.signIn allowed',
    'backups.create allowed',
    'operations.cancel allowed',
    'GET /api/backups/:id/download denied STEP_UP_REQUIRED',
    'GET /api/backups/:id/download allowed',
    'backups.downloadLink allowed',
    'PUT /api/uploads failed TOO_LARGE',
    'PUT /api/uploads allowed',
    'POST /api/uploads/tus allowed',
    'finish /api/uploads/tus allowed',
    'POST /api/uploads/tus failed TOO_LARGE',
    'backups.remove denied STEP_UP_REQUIRED',
    'auth.stepUp allowed',
    'backups.remove allowed',
    'restores.start failed INPUT_INVALID',
    'restores.start allowed',
  ])
    expect(lines).toContain(expected);
  expect(new Set(rows.map(({ actor }) => actor))).toEqual(new Set([SUPER_ADMIN]));
  expect(rows.find(({ action, outcome }) => action === 'restores.start' && outcome === 'allowed')).toMatchObject({
    operationId: expect.any(String),
    target: expect.stringMatching(/\.zip$/),
  });
  const csv = await (await person.ask('/api/audit.csv')).text();
  expect(csv.trim().split('\r\n').length).toBeGreaterThanOrEqual(rows.length + 1);
  const chain = (await person.client.audit.verify.query()).data;
  expect(chain).toEqual({ ok: true, rows: expect.any(Number), brokenAt: null });
  expect(chain.rows).toBeGreaterThanOrEqual(rows.length);
});

test('signing out everywhere ends every session of this person, and nothing they held opens a door any more', async () => {
  const elsewhere = await system.signIn();
  const listed = (await elsewhere.client.auth.sessions.query()).data;
  expect((await person.client.auth.signOutEverywhere.mutate()).data.sessions).toBe(listed.length);
  for (const one of [person, elsewhere]) {
    expect(await answeredCode(one.client.auth.me.query())).toBe('UNAUTHENTICATED');
    expect((await one.ask(`/api/backups/${name}/download`)).status).toBe(401);
  }
  const [left] = await system.database.query('SELECT count(*)::int AS n FROM backup_system.sessions');
  expect(left).toEqual({ n: 0 });
});

interface Event {
  id: string;
  data: Omit<OperationEvent, 'createdAt'>;
}

/** Yields what a browser's page would be sent, read from the very bytes of the stream; leaves politely when the reader stops. */
async function* progressOf(id: string, lastEventId?: string): AsyncGenerator<Event> {
  const gone = new AbortController();
  const input = encodeURIComponent(JSON.stringify({ id }));
  const answer = await person.ask(`/trpc/operations.progress?input=${input}`, {
    headers: { Accept: 'text/event-stream', ...(lastEventId !== undefined && { 'Last-Event-Id': lastEventId }) },
    signal: gone.signal,
  });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  try {
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of answer.body ?? []) {
      const messages = (text + decoder.decode(bytes, { stream: true })).split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) {
        if (/^event: return/m.test(message)) return;
        const [, own] = /^id: (.*)$/m.exec(message) ?? [];
        const [, data] = /^data: (.*)$/m.exec(message) ?? [];
        if (own !== undefined && data !== undefined) yield { id: own, data: JSON.parse(data) };
      }
    }
  } finally {
    gone.abort();
  }
}

/** Declares a body of so many bytes, sends none of them, and reads the answer: nobody has to send 100 MB to be told. */
async function askDeclaring(length: number): Promise<string> {
  const { hostname, port } = new URL(system.url);
  const answered = Promise.withResolvers<string>();
  let text = '';
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data(_, bytes) {
        text += bytes.toString();
        if (text.includes('TOO_LARGE')) answered.resolve(text);
      },
      close: () => answered.resolve(text),
    },
  });
  const lines = ['PUT /api/uploads?name=large.bin HTTP/1.1', `Host: ${hostname}:${port}`, `Origin: ${system.url}`];
  socket.write(`${[...lines, `Cookie: ${person.cookie}`, `Content-Length: ${length}`].join('\r\n')}\r\n\r\n`);
  const answer = await answered.promise;
  socket.end();
  return answer;
}
