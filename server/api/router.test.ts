import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { EventSource } from 'eventsource';
import { type BackupClient, createBackupClient } from '../client/client.ts';
import { AppError } from '../core/errors.ts';
import { answeredCode } from '../testing/answered.fixture.ts';
import { clientWith, PASSWORD, type TestServer } from './server.fixture.ts';
import { type SignedIn, signedInServer } from './signed-in.fixture.ts';

let server: TestServer;
let admin: SignedIn['admin'];
let client: BackupClient;
let backUp: SignedIn['backUp'];
const as = (cookie: string) => clientWith(server, { cookie });

beforeAll(async () => {
  ({ server, admin, client, backUp } = await signedInServer());
});
afterAll(() => server[Symbol.asyncDispose]());

describe('auth', () => {
  test('signIn sets a cookie that a browser’s next request is known by, and signOut takes it away', async () => {
    const body = JSON.stringify({ email: admin.email, password: PASSWORD });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${server.url}/trpc/auth.signIn`, { method: 'POST', headers, body });
    const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(await response.json()).toMatchObject({
      result: {
        data: { success: true, data: { who: { email: admin.email, role: 'SUPER_ADMIN' }, accessToken: null } },
      },
    });
    const browser = as(cookie);
    expect((await browser.auth.me.query()).data).toMatchObject({ kind: 'session', email: admin.email });
    expect((await browser.auth.sessions.query()).data.filter(({ current }) => current)).toHaveLength(1);
    await browser.auth.signOut.mutate();
    expect(await answeredCode(browser.auth.me.query())).toBe('UNAUTHENTICATED');
  });

  test('endSession ends one session of one’s own, by an id that is not its key, and none of anybody else', async () => {
    const [mine, other] = [as(await server.session(admin.id)), as(await server.session(admin.id))];
    const stranger = as(await server.session((await server.admin('VIEWER')).id));
    const { data } = await other.auth.sessions.query();
    const id = data.find(({ current }) => current)?.id ?? '';
    expect(Object.keys(data[0] ?? {}).toSorted()).toEqual([
      'address',
      'createdAt',
      'current',
      'expiresAt',
      'id',
      'userAgent',
    ]);
    expect(await answeredCode(stranger.auth.endSession.mutate({ id }))).toBe('NOT_FOUND');
    expect((await other.auth.me.query()).data.email).toBe(admin.email);
    await mine.auth.endSession.mutate({ id });
    expect(await answeredCode(other.auth.me.query())).toBe('UNAUTHENTICATED');
    expect((await mine.auth.me.query()).data.email).toBe(admin.email);
    expect(await answeredCode(mine.auth.endSession.mutate({ id }))).toBe('NOT_FOUND');
    // The current session: the browser drops its cookie as after signing out.
    const cookie = await server.session(admin.id);
    const own = (await as(cookie).auth.sessions.query()).data.find(({ current }) => current);
    const ended = await fetch(`${server.url}/trpc/auth.endSession`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify({ id: own?.id }),
    });
    expect(ended.headers.get('set-cookie')).toMatch(/=;.*Max-Age=0/);
    expect(await answeredCode(as(cookie).auth.me.query())).toBe('UNAUTHENTICATED');
    const { rows } = await server.parts.audit.list({ action: 'auth.endSession', target: id });
    expect(rows.map(({ outcome }) => outcome)).toEqual(['failed', 'allowed', 'failed']);
  });

  test('signIn as a token sets no cookie, and its token opens what the session would', async () => {
    const words = { email: admin.email, password: PASSWORD, as: 'token' as const };
    const answer = await createBackupClient({ url: server.url }).auth.signIn.mutate(words);
    const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(words) };
    const response = await fetch(`${server.url}/trpc/auth.signIn`, asked);
    expect([response.status, response.headers.get('set-cookie')]).toEqual([200, null]);
    const service = createBackupClient({ url: server.url, token: answer.data.accessToken?.token ?? '' });
    expect((await service.auth.me.query()).data).toMatchObject({ kind: 'token', email: admin.email });
  });

  test('stepUp opens what asks for the password again', async () => {
    const browser = as(await server.session(admin.id));
    const wanted = { id: 'no such backup' };
    expect(await answeredCode(browser.backups.remove.mutate(wanted))).toBe('STEP_UP_REQUIRED');
    expect(await answeredCode(browser.auth.stepUp.mutate({ password: 'a guess' }))).toBe('UNAUTHENTICATED');
    await browser.auth.stepUp.mutate({ password: PASSWORD });
    expect(await answeredCode(browser.backups.remove.mutate(wanted))).toBe('NOT_FOUND');
  });
});

describe('backups', () => {
  test('create makes an operation whose progress is seen to its end, and a backup that is listed at once', async () => {
    const { operation, existing } = (await client.backups.create.mutate({ name: 'watched', idempotencyKey: 'k1' }))
      .data;
    expect(existing).toBe(false);
    const states: string[] = [];
    const revisions: number[] = [];
    for await (const { state, revision } of client.watch(operation.id)) {
      states.push(state);
      revisions.push(revision);
    }
    expect(states.at(-1)).toBe('succeeded');
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    expect(new Set(revisions).size).toBe(revisions.length);
    const { items } = (await client.backups.list.query({ search: 'WATCHED' })).data;
    expect(items).toMatchObject([
      {
        fileName: 'watched.zip',
        downloadUrl: '/api/backups/watched.zip/download',
        metadata: { totalRecords: expect.any(Number), backupId: operation.id, createdBy: admin.email },
        kind: 'full',
        lastVerified: expect.any(String),
      },
    ]);
    expect((await client.backups.create.mutate({ name: 'watched', idempotencyKey: 'k1' })).data).toMatchObject({
      existing: true,
      operation: { id: operation.id },
    });
  });

  test('get shows the manifest in full, by file name and by id', async () => {
    const done = await backUp({ name: 'detailed', tables: ['categories'] });
    const byName = (await client.backups.get.query({ id: 'detailed.zip' })).data;
    expect(byName.detail?.tables).toMatchObject([{ name: 'categories', rows: 500, primaryKey: ['id'] }]);
    expect(byName.info.kind).toBe('partial');
    expect((await client.backups.get.query({ id: done.id })).data).toEqual(byName);
  });

  test('notes and pins are seen at once, and kept beside the archive', async () => {
    await backUp({ name: 'noted', verify: false });
    const both = [
      client.backups.annotate.mutate({ id: 'noted.zip', note: ' before the move ' }),
      client.backups.pin.mutate({ id: 'noted.zip' }),
    ];
    await Promise.all(both);
    expect(await server.storage.readSidecar('noted.zip')).toMatchObject({ note: 'before the move', pinned: true });
    const pinned = (await client.backups.list.query({ pinned: true })).data;
    expect(pinned.items.map(({ fileName, note }) => [fileName, note])).toEqual([['noted.zip', 'before the move']]);
  });

  test('remove refuses a pinned backup, and removes it once it is unpinned', async () => {
    await backUp({ name: 'kept' });
    await client.backups.pin.mutate({ id: 'kept.zip' });
    expect(await answeredCode(client.backups.remove.mutate({ id: 'kept.zip' }))).toBe('INPUT_INVALID');
    await client.backups.unpin.mutate({ id: 'kept.zip' });
    await client.backups.remove.mutate({ id: 'kept.zip' });
    expect(await answeredCode(client.backups.get.query({ id: 'kept.zip' }))).toBe('NOT_FOUND');
    expect((await server.storage.list()).map(({ name }) => name)).not.toContain('kept.zip');
  });

  test('verify notes when it was done, and the list shows it', async () => {
    await backUp({ name: 'unread', verify: false });
    expect((await client.backups.list.query({ search: 'unread' })).data.items[0]?.lastVerified).toBeNull();
    const { operation } = (await client.backups.verify.mutate({ id: 'unread.zip' })).data;
    await client.wait(operation.id);
    expect((await client.backups.list.query({ search: 'unread' })).data.items[0]?.lastVerified).toEqual(
      expect.any(String),
    );
  });

  test('a name that is taken, or will be, is refused when it is asked for, and the same order under its key is not', async () => {
    const order = { name: 'twice', idempotencyKey: 'the one' };
    expect(await answeredCode(client.backups.create.mutate({ name: 'twice.json' }))).toBe('NAME_INVALID');
    const { operation } = (await client.backups.create.mutate(order)).data;
    expect(await answeredCode(client.backups.create.mutate({ name: 'twice.zip' }))).toBe('ALREADY_EXISTS');
    await client.wait(operation.id);
    expect(await answeredCode(client.backups.create.mutate({ name: 'twice' }))).toBe('ALREADY_EXISTS');
    expect((await client.backups.create.mutate(order)).data).toMatchObject({
      existing: true,
      operation: { id: operation.id },
    });
  });

  test('of two that ask for the same backup at once, and want one, one is refused and told whose there is', async () => {
    const order = { tables: ['categories'], unlessSame: true };
    const both = await Promise.allSettled([client.backups.create.mutate(order), client.backups.create.mutate(order)]);
    const made = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value.data.operation] : []));
    expect(made).toHaveLength(1);
    const [refused] = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(await answeredCode(Promise.reject(refused))).toBe('OPERATION_IN_PROGRESS');
    const another = (await client.backups.create.mutate({ tables: ['categories'] })).data;
    for (const { id } of [...made, another.operation]) await client.wait(id);
    expect((await client.backups.create.mutate(order)).data.existing).toBe(false);
  });

  test('an operation that fails is thrown by wait() with its own code', async () => {
    const object = await server.storage.create('noise.zip');
    await object.write(new Uint8Array(100));
    await object.commit();
    const { operation } = (await client.backups.verify.mutate({ id: 'noise.zip' })).data;
    expect(await answeredCode(client.wait(operation.id))).toStartWith('ARCHIVE_');
    await server.storage.remove('noise.zip');
  });

  test('downloadLink is signed for this backup, for five minutes', async () => {
    await backUp({ name: 'linked' });
    const { url, expiresAt } = (await client.backups.downloadLink.mutate({ id: 'linked.zip' })).data;
    expect(url).toStartWith('/api/backups/linked.zip/download?token=');
    const left = Date.parse(expiresAt) - Date.now();
    expect(left > 280_000 && left <= 300_000).toBe(true);
  });
});

describe('the rest', () => {
  test('progress resumes after the revision that was seen last', async () => {
    const { operation } = (await client.backups.create.mutate({ name: 'resumed' })).data;
    const last = await client.wait(operation.id);
    const events = async (lastEventId: string) => {
      const found: number[] = [];
      for await (const event of client.operations.progress.subscribe({ id: operation.id, lastEventId }))
        found.push(Number(event.id));
      return found;
    };
    expect(await events(String(last.revision - 1))).toEqual([last.revision]);
    expect(await events(String(last.revision))).toEqual([]);
    expect(await events('no revision')).toEqual([last.revision]);
  });

  test('cancel ends an operation, which then says so', async () => {
    // Without the lock so small a backup could be complete first.
    await server.database.admin('BEGIN; LOCK TABLE categories IN ACCESS EXCLUSIVE MODE');
    const { operation } = (await client.backups.create.mutate({ name: 'given-up' })).data;
    await client.operations.cancel.mutate({ id: operation.id });
    expect(await answeredCode(client.wait(operation.id))).toBe('CANCELLED');
    await server.database.admin('ROLLBACK');
    expect(
      (await client.operations.list.query({ kinds: ['backup'], states: ['cancelled'] })).data.operations,
    ).toMatchObject([{ id: operation.id }]);
  });

  test('tokens are shown once, listed, and revoked at once', async () => {
    const { token, info } = (
      await client.tokens.create.mutate({ name: 'cron', scopes: ['backups:read', 'backups:read'], expiresInDays: 30 })
    ).data;
    const service = createBackupClient({ url: server.url, token: async () => token });
    expect((await service.auth.me.query()).data.scopes).toEqual(['backups:read']);
    expect(await answeredCode(service.backups.create.mutate({}))).toBe('FORBIDDEN');
    expect(JSON.stringify(await client.tokens.list.query())).not.toContain(token);
    await client.tokens.revoke.mutate({ id: info.id });
    expect(await answeredCode(service.backups.list.query())).toBe('UNAUTHENTICATED');
    const { rows } = (await client.audit.list.query({ action: 'tokens.revoke' })).data;
    expect(rows[0]).toMatchObject({ target: info.id, details: { name: 'cron' } });
    const watching = createBackupClient({ url: server.url, token, EventSource });
    expect(await answeredCode(watching.wait(crypto.randomUUID()))).toBe('UNAUTHENTICATED');
  });

  test('watching what is not there, or may not be seen, fails with the reason', async () => {
    expect(await answeredCode(client.wait(crypto.randomUUID()))).toBe('NOT_FOUND');
    const viewer = as(await server.session((await server.admin('VIEWER')).id));
    expect(await answeredCode(viewer.wait(crypto.randomUUID()))).toBe('FORBIDDEN');
    const without = createBackupClient({ url: server.url });
    expect(await answeredCode(without.wait(crypto.randomUUID()))).toBe('USAGE');
  });

  test('calls made at once are all answered, however long they are together', async () => {
    const search = '😀'.repeat(100);
    const pages = await Promise.all(Array.from({ length: 20 }, () => client.backups.list.query({ search })));
    expect(pages.map(({ data }) => data.total)).toEqual(Array.from({ length: 20 }, () => 0));
    expect(await answeredCode(client.backups.list.query({ search: '😀'.repeat(1000) }))).toBe('INPUT_INVALID');
  });

  test('a server that is not there, or is none of ours, is a lost connection', async () => {
    expect(await answeredCode(createBackupClient({ url: 'http://127.0.0.1:1' }).auth.me.query())).toBe(
      'CONNECTION_LOST',
    );
    const stranger = createBackupClient({
      url: server.url,
      fetch: async () => new Response('<html>', { status: 502 }),
    });
    expect(await answeredCode(stranger.auth.me.query())).toBe('CONNECTION_LOST');
  });

  test('system.status answers while the database does not: it says what is in trouble', async () => {
    await backUp({ name: 'unreached', tables: ['categories'] });
    const { execute } = server.parts.records;
    const gone = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    server.parts.records.execute = () => {
      throw gone;
    };
    try {
      const { database, storage, troubles } = (await client.system.status.query()).data;
      expect(database).toBeNull();
      expect(storage?.writable).toBe(true);
      expect(troubles).toMatchObject([{ part: 'database', code: 'DATABASE_UNREACHABLE', hint: expect.any(String) }]);
      const start = { from: { backup: 'unreached.zip' }, confirmDatabase: 'any' };
      expect(await answeredCode(client.restores.start.mutate(start))).toBe('DATABASE_UNREACHABLE');
    } finally {
      server.parts.records.execute = execute;
    }
  });

  test('system.status tells estimates as estimates, and what should be done', async () => {
    const { database, storage, lastBackup } = (await client.system.status.query()).data;
    expect(database?.name).toBe(server.database.name);
    expect(database?.tables.every(({ exact }) => exact === false)).toBe(true);
    expect(database?.tables.map(({ name }) => name)).toContain('public.categories');
    expect(storage?.backups).toBeGreaterThan(0);
    expect(lastBackup).not.toBeNull();
  });

  test('system.status tells whether somebody works, whether tables are missing or unknown, and no password', async () => {
    const { data } = await client.system.status.query();
    expect(data).toMatchObject({
      schema: { missing: [], unknown: [], leftOut: [] },
      migrations: 'newest',
      queue: { worker: true, queued: expect.any(Number), running: expect.any(Number) },
      storage: { writable: true },
      secureCookies: false,
    });
    expect(data.lastFailure).toMatchObject({ kind: expect.any(String), code: expect.any(String) });
    const { password } = new URL(server.database.url);
    expect(password).not.toBe('');
    expect(JSON.stringify(data)).not.toContain(password);
    await server.database.query('CREATE TABLE public.nobody_knows (); ALTER TABLE public.loans RENAME TO lent');
    try {
      expect((await client.system.status.query()).data.schema).toEqual({
        missing: ['public.loans'],
        unknown: ['public.lent', 'public.nobody_knows'],
        leftOut: [],
      });
    } finally {
      await server.database.query('DROP TABLE public.nobody_knows; ALTER TABLE public.lent RENAME TO loans');
    }
  });

  test('system.status tells of a table that was emptied, and which backup holds its rows', async () => {
    await server.database.query(
      `INSERT INTO categories (id, name, type, "isActive", "updatedAt") VALUES ('kept', 'kept', 'POSITION', true, now())`,
    );
    const { archive } = await backUp();
    const emptied = async () =>
      (await client.system.status.query()).data.recommendations.filter(({ code }) => code === 'TABLES_EMPTIED');
    expect(await emptied()).toEqual([]);
    await server.database.query('CREATE TABLE kept AS TABLE public.categories; TRUNCATE public.categories CASCADE');
    try {
      expect(await emptied()).toMatchObject([{ level: 'soon', archive }]);
    } finally {
      await server.database.query('INSERT INTO public.categories TABLE kept; DROP TABLE kept');
    }
    expect(await emptied()).toEqual([]);
  });

  test('system.status says that nothing can be written, and goes on telling what is stored', async () => {
    const { checkStorage } = server.parts;
    server.parts.checkStorage = () => Promise.reject(new AppError('DISK_FULL', 'No room.', { hint: 'Make room.' }));
    try {
      const { storage, troubles } = (await client.system.status.query()).data;
      expect(storage).toMatchObject({ writable: false });
      expect(troubles).toEqual([{ part: 'writing', code: 'DISK_FULL', message: 'No room.', hint: 'Make room.' }]);
    } finally {
      server.parts.checkStorage = checkStorage;
    }
  });
});
